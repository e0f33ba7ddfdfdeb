# contents.awk: the table of contents, between <!-- contents --> and
# <!-- end of contents -->: the chapters below it, and with
# <!-- contents with sections --> their sections. At <!-- chapters --> come those
# that are files of their own, 01-*/README.md and so on. With write=1 the file
# is printed with the table as it should be; else it is compared.

function heading(line, level, title,    made) {
    made = anchor(file_of[line], title)
    if (!begins || level < 2 || level > (sections ? 3 : 2)) return
    entry[++entries] = (level == 3 ? "  " : "") "- [" plain(title) "](#" made ")"
}

# A chapter that is checked alone has no contents.
FNR == 1 && FILENAME !~ /0[1-9]-[a-z]*\/README[.]md$/ { fronts++ }

# Only the reader of the lines sees comments.
/^<!-- contents( with sections)? -->$/ && !begins {
    begins = NR
    sections = /with sections/
}

/^<!-- end of contents -->$/ && begins && !ends { ends = NR }

/^<!-- chapters -->$/ && begins {
    folder = FILENAME
    sub(/[^\/]*$/, "", folder)
    list = "ls " folder "0[1-9]-*/README.md 2>/dev/null"
    while ((list | getline file) > 0) add_chapter(file, length(folder))
    close(list)
}

# Its title is its first heading.
function add_chapter(file, skipped,    title) {
    while ((getline title <file) > 0 && title !~ /^# /);
    close(file)
    sub(/^# +/, "", title)
    entry[++entries] = "- [" plain(title) "](" substr(file, skipped + 1) ")"
}

function print_lines(first, last) {
    while (first <= last) print raw[first++]
}

function compare(    i) {
    for (i = 1; i <= entries; i++)
        if (raw[begins + i] != entry[i] || begins + i >= ends) {
            wrong(begins + i, "the contents are stale, `make contents` writes: " entry[i])
            return
        }
    if (begins + entries + 1 != ends)
        wrong(begins + i, "the contents are stale, `make contents` leaves this out")
}

function end_file(    i) {
    if (begins && ends) tables++
    if (begins && ends && write) {
        print_lines(1, begins)
        for (i = 1; i <= entries; i++) print entry[i]
        print_lines(ends, NR - 1)
    } else if (begins && ends) {
        compare()
    }
    begins = ends = entries = 0
}

function paragraph(first, last, kind) {}
function block(language, caption, first, last) {}
function finish() {
    if (!tables && fronts)
        wrong(1, "there is no place for the contents: <!-- contents -->, <!-- end of contents -->")
    if (!write) count("contents fresh")
}
