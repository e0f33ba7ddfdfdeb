# links.awk: what the book links to is there: files, directories, lines and
# headings; and whoever does not see a picture is told what is on it. The names
# of all files are in the file `files`.

BEGIN {
    while ((getline path <files) > 0) {
        sub(/^\.\//, "", path)
        there[path]
        while (sub(/\/[^\/]*$/, "", path)) there[path]
    }
    there["."]
}

# The same text with other characters in `code`: that has no links.
function without_code(text,    done, ticks, end) {
    while (match(text, /`+/)) {
        ticks = substr(text, RSTART, RLENGTH)
        done = done substr(text, 1, RSTART - 1)
        text = substr(text, RSTART + RLENGTH)
        end = index(text, ticks)
        done = done ticks
        if (end == 0) continue
        done = done blind(substr(text, 1, end - 1)) ticks
        text = substr(text, end + length(ticks))
    }
    return done text
}

function blind(code) {
    gsub(/[^ ]/, "x", code)
    return code
}

# Which line of the paragraph has the character at this place.
function line_of(first, last, place) {
    while (first < last && place > length(trimmed(book[first])) + 1)
        place -= length(trimmed(book[first++])) + 1
    return first
}

function add(line, target) {
    sub(/^</, "", target)
    sub(/[> ].*$/, "", target)
    links++
    target_of[links] = target
    target_at[links] = line
}

function take_links(text, first, last,    rest, past) {
    for (rest = text; match(rest, /\]\([^)]*\)/); past += RSTART + RLENGTH - 1) {
        add(line_of(first, last, past + RSTART), substr(rest, RSTART + 2, RLENGTH - 3))
        rest = substr(rest, RSTART + RLENGTH)
        if (rest == text) break
    }
}

function take_attributes(text, first,    value) {
    while (match(text, /(src|srcset|href)="[^"]*"/)) {
        value = substr(text, RSTART, RLENGTH - 1)
        text = substr(text, RSTART + RLENGTH)
        sub(/^[^"]*"/, "", value)
        add(first, value)
    }
}

function look_at_pictures(text, first, last,    tag, past, rest) {
    for (rest = text; match(rest, /!\[ *\]\(/); past += RSTART + RLENGTH - 1) {
        wrong(line_of(first, last, past + RSTART), "a picture without a text that says what is on it")
        rest = substr(rest, RSTART + RLENGTH)
    }
    while (match(text, /<img [^>]*>/)) {
        tag = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (tag !~ / alt="[^"]+"/)
            wrong(first, "a picture without a text that says what is on it")
    }
}

function look_at(first, last,    text) {
    text = without_code(joined(first, last))
    take_links(text, first, last)
    take_attributes(text, first)
    look_at_pictures(text, first, last)
}

function heading(line, level, title) { look_at(line, line) }

function paragraph(first, last, kind) { look_at(first, last) }
function block(language, caption, first, last) {}

# Reads a file's headings and other anchors, once.
function read_anchors(file,    line, fenced) {
    if (file in headings_read) return
    headings_read[file]
    while ((getline line <file) > 0) {
        if (line ~ /^[ >]*(```|~~~)/) fenced = !fenced
        if (!fenced && sub(/^##?#?#?#?#? +/, "", line))
            anchors[file, anchor(file, line)]
        while (match(line, /<a (id|name)="[^"]*"/)) {
            anchors[file, substr(line, RSTART + index(substr(line, RSTART), "\""), \
                RLENGTH - index(substr(line, RSTART), "\"") - 1)]
            line = substr(line, RSTART + RLENGTH)
        }
    }
    close(file)
}

function lines_of(file,    line, number) {
    while ((getline line <file) > 0) number++
    close(file)
    return number + 0
}

function check_anchor(line, file, name) {
    if (name ~ /^L[0-9]+$/) {
        if (lines_of(file) < substr(name, 2) + 0)
            wrong(line, file " has no line " substr(name, 2))
        return
    }
    read_anchors(file)
    if (!((file, name) in anchors))
        wrong(line, file " has no heading for #" name)
}

function check_link(line, target,    path, hash) {
    if (target ~ /^(https?|mailto):/) return
    hash = index(target, "#")
    path = hash ? substr(target, 1, hash - 1) : target
    path = path == "" ? file_of[line] : path_from(line, path)
    sub(/\/$/, "", path)
    if (target == "")
        wrong(line, "a link that leads nowhere")
    else if (path != file_of[line] && !(path in there))
        wrong(line, path " is not there")
    else if (hash)
        check_anchor(line, path, substr(target, hash + 1))
}

function end_file() {}

function finish(    i) {
    for (i = 1; i <= links; i++) check_link(target_at[i], target_of[i])
    count(links + 0 " links")
}
