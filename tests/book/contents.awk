# contents.awk: the table of contents, between <!-- contents --> and
# <!-- end of contents -->: the chapters below it. At <!-- chapters --> come those
# that are files of their own, 01-*/README.md and so on. With write=1, one that
# is stale is written anew.

# A chapter that is checked alone has no contents.
FNR == 1 && FILENAME !~ /0[1-9]-[a-z]*\/README[.]md$/ { fronts++ }

function find_contents(line) {
    if (book[line] == "<!-- contents -->") begins = line
    if (book[line] == "<!-- end of contents -->") ends = line
    if (book[line] == "<!-- chapters -->") add_chapters()
}

function add_to_contents(line, level, title, anchor) {
    if (ends && level == 2 && file_of[line] == file_of[begins])
        entry[++entries] = "- [" plain(title) "](#" anchor ")"
}

function add_chapters(    folder, list, file) {
    folder = FILENAME
    sub(/[^\/]*$/, "", folder)
    list = "ls " folder "0[1-9]-*/README.md 2>/dev/null"
    while ((list | getline file) > 0)
        entry[++entries] = "- [" plain(first_heading(file)) "](" \
            substr(file, length(folder) + 1) ")"
    close(list)
}

function first_heading(file,    title) {
    while ((getline title <file) > 0 && title !~ /^# /);
    close(file)
    sub(/^# +/, "", title)
    return title
}

function check_contents(    i) {
    if (fronts && !ends)
        wrong(1, "there is no place for the contents: <!-- contents -->, <!-- end of contents -->")
    for (i = 1; i <= entries && raw[begins + i] == entry[i]; i++);
    if (!ends || i > entries && begins + i == ends) return
    if (write)
        write_contents(file_of[begins])
    else if (i <= entries)
        wrong(begins + i, "the contents are stale, `make contents` writes: " entry[i])
    else
        wrong(begins + i, "the contents are stale, `make contents` leaves this out")
}

function write_contents(file,    i, each) {
    for (i = 1; i <= NR; i++) {
        if (file_of[i] != file || i > begins && i < ends) continue
        for (each = 1; i == ends && each <= entries; each++) print entry[each] >file
        print raw[i] >file
    }
}
