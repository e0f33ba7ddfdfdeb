# excerpt.awk: whether a block of the book stands in a file, or in what a
# command prints, line by line. `...` alone on a line marks a gap.

# Reads a file, or what a command prints, once. False if there is nothing.
function load(from, is_command,    line, got) {
    if (from in size) return size[from] > 0
    size[from] = 0
    if (is_command)
        while ((from | getline line) > 0) text[from, ++size[from]] = line
    else
        while ((getline line <from) > 0) text[from, ++size[from]] = line
    close(from)
    for (line = 1; line <= size[from]; line++)
        sub(/[ \t]+$/, "", text[from, line])
    return size[from] > 0
}

function has(from, words,    line) {
    for (line = 1; line <= size[from]; line++)
        if (index(text[from, line], words)) return 1
    return 0
}

function bare(line) {
    sub(/[ \t]+$/, "", line)
    return line
}

# How many of the lines first to last stand in a row from line `at` on.
function in_a_row(from, at, first, last,    line) {
    for (line = first; line <= last && at <= size[from]; line++)
        if (bare(book[line]) != text[from, at++]) break
    return line - first
}

# The first line, from `at` on, where all of first to last stand; 0 if nowhere.
function find(from, at, first, last) {
    for (; at <= size[from]; at++)
        if (in_a_row(from, at, first, last) == last - first + 1) return at
    return 0
}

# They are not there: says which line is to blame.
function blame(from, shown_as, at, first, last,    most, there, here, found) {
    found = find(from, 1, first, last)
    if (found) {
        wrong(first, "`" trimmed(book[first]) "` is line " found " of " shown_as \
            ", above what stands before the gap")
        return
    }
    most = -1
    for (here = 1; here <= size[from]; here++) {
        found = in_a_row(from, here, first, last)
        if (found > most) {
            most = found
            there = here
        }
    }
    first += most
    if (most == 0)
        wrong(first, "`" trimmed(book[first]) "` does not stand in " shown_as)
    else
        wrong(first, "`" trimmed(book[first]) "` does not stand here in " \
            shown_as ", whose line " there + most " is `" \
            trimmed(text[from, there + most]) "`")
}

# Whether first to last, without a gap, stand from line `at` on. Returns the
# line after them, 0 if they do not.
function part(from, shown_as, at, first, last,    found) {
    while (first <= last && bare(book[first]) == "") first++
    while (first <= last && bare(book[last]) == "") last--
    if (first > last) return at
    found = find(from, at, first, last)
    if (found) return found + last - first + 1
    blame(from, shown_as, at, first, last)
    return 0
}

# Whether all of a block does. shown_as is the name of it in a message.
function excerpt(from, shown_as, first, last,    line, at) {
    at = 1
    for (line = first; line <= last + 1; line++)
        if (line > last || trimmed(book[line]) == "...") {
            at = part(from, shown_as, at, first, line - 1)
            if (at == 0) return 0
            first = line + 1
        }
    return 1
}
