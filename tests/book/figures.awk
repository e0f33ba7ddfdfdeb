# figures.awk: where the book's figures come from. Behind each, in the same line,
# there is a mark that a reader doesn't see:
#
#   8.09 us<!-- figure: bench.txt busy: / 04 [lowest] -->
#   64 KiB<!-- figure: common/net.h INBOX_SIZE = 64 * 1024 -->
#   5 ms<!-- figure: - Go: Serve in net/http/server.go -->
#
# A name without a directory is a file in tests/book/results: a line below one that
# starts with `busy:` starts with `04`, and has 8.09 below the word `lowest`. Any
# other file has the words that follow; after "-" they say who says so.

# Whether a word, or a number, stands in a line and touches these columns. Where
# it stands is left in from and to.
function stands(line, word, first, last,    each) {
    for (to = 0; match(line, /[^ ]+/); line = substr(line, RSTART + RLENGTH)) {
        each = substr(line, RSTART, RLENGTH)
        from = to + RSTART
        to = from + RLENGTH - 1
        if (word ~ /^[0-9]/) gsub(/,|~|\[.*/, "", each)
        if (each == word && from <= last && to >= first) return 1
    }
    return 0
}

# Whether a number stands where a key leads to.
function in_result(file, key, number,    head, words, count, i, line, first, last) {
    if (match(key, / \[.*\]$/)) {
        head = substr(key, RSTART + 2, RLENGTH - 3)
        key = substr(key, 1, RSTART - 1)
    }
    line = 1
    count = split(key, words, " / ")
    for (i = 1; i <= count; i++)
        while (++line <= size[file] &&
            index(trimmed(text[file, line]) " ", words[i] " ") != 1);
    if (!stands(text[file, line], number, 1, 999)) return 0
    first = from
    last = to
    while (head != "" && line > 1 && !stands(text[file, --line], head, 1, 999));
    return head == "" || stands(text[file, line], head, first, last)
}

function check_mark(line, number, file, key,    is_result) {
    is_result = file !~ /\//
    kinds[file == "-" ? file : is_result]++
    if (file == "-") return
    if (is_result) file = "tests/book/results/" file
    if (!load(file))
        wrong(line, file " is not there")
    else if (!(is_result ? in_result(file, key, number) : has(file, key)))
        wrong(line, (is_result ? number " at " : "") "`" key "` does not stand in " file)
}

function check_figures(start, end,    rest, left, number, words, parts) {
    for (; start <= end; start++) {
        rest = book[start]
        left = gsub(/<!-- *figure/, "&", rest)
        for (; match(rest, /<!-- figure: [^ ]+ [^>]+ -->/); left--) {
            number = substr(rest, 1, RSTART - 1)
            words = substr(rest, RSTART + 13, RLENGTH - 17)
            rest = substr(rest, RSTART + RLENGTH)
            gsub(/,/, "", number)
            match(number, /[0-9]+([.][0-9]+)?[^0-9]*$/)
            number = substr(number, RSTART)
            sub(/[^0-9.].*|[.]$/, "", number)
            split(words, parts, " ")
            check_mark(start, number, parts[1], substr(words, length(parts[1]) + 2))
        }
        if (left) wrong(start, "a mark goes <!-- figure: FILE KEY -->")
    }
}
