# links.awk: what the book links to is there: files, directories and headings;
# and a picture has a text that says what is on it. The names of all files are
# in the file `files`.

BEGIN {
    while ((getline path <files) > 0) {
        sub(/^\.\//, "", path)
        there[path]
        while (sub(/\/[^\/]*$/, "", path)) there[path]
    }
    there["."]
}

# A line without its code, which has no links. Code may begin in one line and
# end in the next.
function without_code(line,    parts, pieces, i, text) {
    pieces = split(book[line], parts, "`")
    for (i = 1; i <= pieces; i++) {
        text = text (in_code ? "x" : parts[i])
        if (i < pieces) in_code = !in_code
    }
    return text
}

function check_links(first, last,    text) {
    in_code = 0
    for (; first <= last; first++) {
        text = without_code(first)
        if (text ~ /!\[ *\]\(/)
            wrong(first, "a picture without a text that says what is on it")
        while (match(text, /\]\([^)]*\)/)) {
            target_at[++links] = first
            target_of[links] = substr(text, RSTART + 2, RLENGTH - 3)
            text = substr(text, RSTART + RLENGTH)
        }
    }
}

# --- the anchors that GitHub makes of headings -------------------------------

# A heading's text as its reader sees it.
function plain(title) {
    while (match(title, /!?\[[^]]*\]\([^)]*\)/))
        title = substr(title, 1, RSTART - 1) \
            link_words(substr(title, RSTART, RLENGTH)) \
            substr(title, RSTART + RLENGTH)
    return title
}

function link_words(link) {
    sub(/^!?\[/, "", link)
    sub(/\]\(.*$/, "", link)
    return link
}

# Letters, digits, - and _ stay, a blank becomes -, and the rest goes.
function slug(title) {
    title = tolower(plain(title))
    gsub(/“|”|‘|’|–|—|…|×|→|←|≤|≥|·|≈/, "", title)
    gsub(/[!-,.\/:-@\[-^`{-~]/, "", title)
    gsub(/ /, "-", title)
    return title
}

# The anchor of the next heading of a file: what has been there gets a number.
function add_anchor(file, title,    made) {
    made = slug(title)
    if (slugs[file, made]++) made = made "-" slugs[file, made] - 1
    anchors[file, made]
    has_anchors[file]
    return made
}

# --- after the last file -----------------------------------------------------

# A heading can be looked up in the files that are checked.
function follow_link(line, target,    path, hash) {
    if (target ~ /^https?:/) return
    hash = index(target, "#")
    path = hash ? substr(target, 1, hash - 1) : target
    path = path == "" ? file_of[line] : path_from(line, path)
    sub(/\/$/, "", path)
    if (target == "")
        wrong(line, "a link that leads nowhere")
    else if (path != file_of[line] && !(path in there))
        wrong(line, path " is not there")
    else if (hash && path in has_anchors &&
             !((path, substr(target, hash + 1)) in anchors))
        wrong(line, path " has no heading for " substr(target, hash))
}

function follow_links(    i) {
    for (i = 1; i <= links; i++) follow_link(target_at[i], target_of[i])
}
