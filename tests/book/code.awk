# code.awk: code in the book stands in the file that its caption names, and
# every line of the files in `explained` stands in the book.

# The link in a caption: its text and its target, as a path from here.
function take_link(caption, line) {
    link_text = link_target = caption
    sub(/^[^[]*\[/, "", link_text)
    sub(/\].*$/, "", link_text)
    gsub(/`/, "", link_text)
    sub(/^.*\]\(/, "", link_target)
    sub(/\).*$/, "", link_target)
    link_target = path_from(line, link_target)
}

function is_command_caption(caption) {
    return caption ~ /^\*From \[[^]]*\]\([^)]*\):\*$/
}

function is_file_caption(caption) {
    return caption ~ /^\*\[[^]]*\]\([^)]*\):\*$/
}

function check_file(caption, first, last) {
    take_link(caption, first)
    if (link_text != link_target && path_from(first, link_text) != link_target)
        wrong(first - 1, "the caption says " link_text " and leads to " link_target)
    else if (!load(link_target))
        wrong(first - 1, "the caption names " link_target ", and there is no such file")
    else
        return excerpt(link_target, link_target, first, last)
    return 0
}

function check_diff(caption, first, last,    stage, command) {
    take_link(caption, first)
    stage = substr(link_text, length(link_text) - 1)
    command = "tests/tools/diff " stage " 2>/dev/null"
    if (!is_command_caption(caption) || link_text !~ /^make diff STAGE=0[2-6]$/)
        wrong(first - 1, "a diff needs a caption: *From [make diff STAGE=04](04-epoll/server.c):*")
    else if (link_target !~ ("^" stage "-[a-z]*/server[.]c$"))
        wrong(first - 1, "the caption says " link_text " and leads to " link_target)
    else if (!load(command, 1))
        wrong(first - 1, link_text " prints nothing")
    else
        return excerpt(command, "`" link_text "`", first, last)
    return 0
}

function check_code(language, caption, first, last,    line) {
    if (language == "")
        wrong(first - 1, "a block without a language: c, diff, go, make, sh, console or text")
    else if (language == "diff" && !is_file_caption(caption))
        diffs += check_diff(caption, first, last)
    else if (is_file_caption(caption))
        verbatim[language == "c"] += check_file(caption, first, last)
    else if (language == "c")
        wrong(first - 1, "C needs a caption: *[04-epoll/server.c](04-epoll/server.c):*")

    for (line = first; line <= last; line++) {
        if (language == "c") shown[bare(book[line])]
        if (language == "diff" && book[line] ~ /^[+]/)
            shown[bare(substr(book[line], 2))]
    }
}

# Looks for a line of a file in the book.
function explain(file, line,    code) {
    code = text[file, line]
    if (code ~ /^[ \t{};]*$/) return
    lines++
    if (code in shown)
        found_lines++
    else
        complain(file, line, "`" trimmed(code) "` is not explained")
}

function explain_file(file,    line) {
    for (line = 1; line <= size[file]; line++) explain(file, line)
}

# The name of the function that begins in this line, "" if none does.
function function_in(code) {
    if (code !~ /^[a-z][a-zA-Z0-9_ *]*\(/ || code ~ /;$/) return ""
    sub(/\(.*/, "", code)
    sub(/.*[ *]/, "", code)
    return code
}

# Some functions of a file, and the comments before them.
function explain_functions(file, names,    line, begun, name, wanted, i, parts) {
    for (i = split(names, parts, ","); i > 0; i--) wanted[parts[i]]
    for (line = 1; line <= size[file]; line++) {
        if (text[file, line] ~ /^$/) begun = line + 1
        name = function_in(text[file, line])
        if (!(name in wanted)) continue
        delete wanted[name]
        for (; begun <= size[file] && text[file, begun] != "}"; begun++)
            explain(file, begun)
    }
    for (name in wanted)
        complain(file, 1, "has no function " name "(), which should be explained")
}

function explain_all(    files, i, parts) {
    for (i = 1; i <= split(explained, files, " "); i++) {
        split(files[i], parts, ":")
        if (!load(parts[1]))
            complain(parts[1], 1, "should be explained, and is not there")
        else if (parts[2] == "")
            explain_file(parts[1])
        else
            explain_functions(parts[1], parts[2])
    }
}
