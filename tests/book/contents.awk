# contents.awk: the table of contents, between <!-- contents --> and
# <!-- end of contents -->: the chapters below it, and with
# <!-- contents with sections --> their sections. With write=1 the book is
# printed with the table as it should be; else it is compared.

function heading(line, level, title,    made) {
    made = anchor("", title)
    if (!begins || level < 2 || level > (sections ? 3 : 2)) return
    entry[++entries] = (level == 3 ? "  " : "") "- [" plain(title) "](#" made ")"
}

# Only the reader of the lines sees comments.
/^<!-- contents( with sections)? -->$/ && !begins {
    begins = FNR
    sections = /with sections/
}

/^<!-- end of contents -->$/ && begins && !ends { ends = FNR }

function paragraph(first, last, kind) {}
function block(language, caption, first, last) {}

function print_lines(first, last) {
    while (first <= last) print raw[first++]
}

function print_book(    i) {
    print_lines(1, begins)
    for (i = 1; i <= entries; i++) print entry[i]
    print_lines(ends, NR)
}

function compare(    i) {
    for (i = 1; i <= entries; i++)
        if (raw[begins + i] != entry[i] || begins + i >= ends) {
            wrong(begins + i, "the contents are stale, `make contents` writes: " entry[i])
            return
        }
    if (begins + entries + 1 != ends)
        wrong(begins + i, "the contents are stale, `make contents` leaves this out")
    else
        count("contents fresh")
}

function finish() {
    if (!begins || !ends)
        wrong(1, "there is no place for the contents: <!-- contents -->, <!-- end of contents -->")
    else if (write)
        print_book()
    else
        compare()
}
