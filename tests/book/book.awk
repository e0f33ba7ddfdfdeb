# book.awk: reads Markdown files, for the checks. A check stands in a file of its
# own and says what it does with what comes by:
#
#   heading(line, level, title)
#   paragraph(first, last, kind)  kind is text, item or table
#   block(language, caption, first, last)  caption is the paragraph before it
#   comment(line)                 a line that is a comment
#   finish()                      after the last file
#
# Lines are counted through all files. They are in book[], without the
# indentation and the > of what they stand in; raw[] has them as they are. A check
# reports with wrong().

function place(line) { return file_of[line] ":" number_of_line[line] }

function wrong(line, text) {
    print place(line) ": " text
    mistakes++
}

function complain(file, line, text) {
    print file ":" line ": " text
    mistakes++
}

# What a link in this line leads to, as a path from here.
function path_from(line, target,    path) {
    path = file_of[line]
    sub(/[^\/]*$/, "", path)
    path = path target
    sub(/^\.\//, "", path)
    while (sub(/(^|\/)[^\/.][^\/]*\/\.\.\//, "/", path)) sub(/^\//, "", path)
    return path
}

function trimmed(text) {
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}

# Lines of a paragraph as one line.
function joined(first, last,    text) {
    text = trimmed(book[first])
    while (first < last) text = text " " trimmed(book[++first])
    return text
}

function end_paragraph() {
    if (kind == "") return
    before_block = joined(begun, NR - 1)
    paragraph(begun, NR - 1, kind)
    kind = ""
}

function begin_paragraph(what) {
    end_paragraph()
    kind = what
    begun = NR
    before_block = ""
}

function begin_block() {
    end_paragraph()
    match(book[NR], /^ */)
    indentation = RLENGTH
    match(book[NR], /```+/)
    fence = substr(book[NR], RSTART, RLENGTH)
    language = trimmed(substr(book[NR], RSTART + RLENGTH))
    begun = NR + 1
}

function end_block() {
    block(language, before_block, begun, NR - 1)
    fence = before_block = ""
}

# As in any Markdown, a line belongs to a quotation if it says so.
function without_quote(text) {
    if (fence == "") quoted = text ~ /^ *>/
    if (quoted) sub(/^ *> ?/, "", text)
    return text
}

function dedented(text,    blanks) {
    match(text, /^ */)
    blanks = RLENGTH < indentation ? RLENGTH : indentation
    return substr(text, blanks + 1)
}

function close_file() {
    end_paragraph()
    if (fence != "") wrong(begun - 1, "this block does not end")
    fence = before_block = ""
}

FNR == 1 && NR > 1 { close_file() }

{
    file_of[NR] = FILENAME
    number_of_line[NR] = FNR
    raw[NR] = $0
    book[NR] = without_quote($0)
}

fence != "" {
    book[NR] = dedented(book[NR])
    if (index(book[NR], fence) == 1 && trimmed(book[NR]) ~ /^`+$/)
        end_block()
    next
}

book[NR] ~ /^ *```/ {
    begin_block()
    next
}

book[NR] ~ /^ *$/ || book[NR] ~ /^<!--.*-->$/ {
    end_paragraph()
    if (book[NR] ~ /^</) comment(NR)
    next
}

book[NR] ~ /^##?#?#?#?#? / {
    end_paragraph()
    before_block = ""
    match(book[NR], /^#+/)
    heading(NR, RLENGTH, trimmed(substr(book[NR], RLENGTH + 1)))
    next
}

book[NR] ~ /^ *([-*+]|[0-9]+[.)]) / {
    begin_paragraph("item")
    next
}

book[NR] ~ /^ *[|]/ && kind != "table" {
    begin_paragraph("table")
    next
}

kind == "" { begin_paragraph("text") }

END {
    NR++
    close_file()
    NR--
    finish()
    if (mistakes) exit 1
}
