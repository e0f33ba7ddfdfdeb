# sessions.awk: writes each section that has sessions to a file of its own in the
# directory `out`, as sessions.exp reads them. With `only`, just the sections
# with these words in their heading.

function heading(line, level, title) {
    section = title
    if (file != "") close(file)
    file = ""
}

function block(language, caption, first, last) {
    if (language != "console" || first > last ||
        only != "" && !index(section, only)) return
    if (file == "") {
        file = sprintf("%s/%03d", out, ++sections)
        print place(first) ": " section >file
    }
    for (; first <= last; first++)
        if (book[first] !~ /^[ \t]*$/) print place(first) "\t" book[first] >file
    print "" >file
}

function paragraph(first, last, kind) {}
function comment(line) {}
function finish() {}
