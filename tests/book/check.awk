# check.awk: what is wrong in the book, and what was looked at. Each of the files
# that come with it looks at one thing.

function heading(line, level, title,    made) {
    check_links(line, line)
    made = add_anchor(file_of[line], title)
    add_to_contents(line, level, title, made)
}

function paragraph(first, last, kind) {
    # Code that is indented, and in no list, would go unseen.
    if (book[first] !~ /^ /) listed = kind == "item"
    if (kind == "text" && !listed && book[first] ~ /^    /)
        wrong(first, "an indented block: put it between ``` and say what it is")
    check_links(first, last)
    check_figures(first, last)
    check_result_links(first, last)
}

function block(language, caption, first, last) {
    check_code(language, caption, first, last)
    check_quotation(language, caption, first, last)
}

function comment(line) { find_contents(line) }

function finish() {
    explain_all()
    follow_links()
    check_contents()
    printf "book: %d C blocks, %d diffs and %d other files verbatim; ",
        verbatim[1], diffs, verbatim[0]
    printf "%d of %d lines explained; ", found_lines, lines
    printf "%d figures from results, %d from the code, %d from others; ",
        kinds[1], kinds[0], kinds["-"]
    printf "%d quotations of results; %d links; contents fresh\n",
        quoted_results, links
}
