# results.awk: what the book quotes from tests/book/results. A link to a result
# is called as the command that printed it; a paragraph with such a link has the
# mark of a figure; and a text block below the caption *From [`command`](result):*
# stands in the result.

function is_result(file) { return file ~ /^tests\/book\/results\/[^\/]*[.]txt$/ }

function check_result_links(first, last,    words, link, command, file, printed_by) {
    words = joined(first, last)
    if (words ~ /\]\([^)]*tests\/book\/results\// && words !~ /<!-- figure: |:\*?$/)
        wrong(first, "a link to a result, and no figure from it is marked")
    while (match(words, /\[[^]]*\]\([^)]*tests\/book\/results\/[^)]*\)/)) {
        link = substr(words, RSTART + 1, RLENGTH - 2)
        words = substr(words, RSTART + RLENGTH)
        command = file = link
        sub(/\]\(.*/, "", command)
        gsub(/`/, "", command)
        sub(/.*\]\(/, "", file)
        file = path_from(first, file)
        printed_by = load(file) ? substr(text[file, 1], 3) : ""
        # That it is there, links.awk sees to.
        if (printed_by != "" && index(command, printed_by) != 1)
            wrong(first, "`" command "` is not what " file " comes from: `" printed_by "`")
    }
}

function check_quotation(language, caption, first, last,    file) {
    if (language != "text" || caption !~ /^\*From \[.*\]\([^)]*\):\*$/) return
    file = caption
    sub(/^.*\]\(/, "", file)
    sub(/\):\*$/, "", file)
    file = path_from(first, file)
    if (!is_result(file))
        wrong(first - 1, "the caption names " file ", which is no file in tests/book/results/")
    else if (load(file))
        quoted_results += excerpt(file, file, first, last)
}
