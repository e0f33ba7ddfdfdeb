# results.awk: what the book quotes from tests/book/results. A link to a result
# is called as the command that printed it; a paragraph with such a link has the
# mark of a figure; and a text block below the caption *From [`command`](result):*
# stands in the result.

function check_result_links(first, last,    words, link, printed_by) {
    words = joined(first, last)
    if (words ~ /\]\([^)]*tests\/book\/results\// && words !~ /<!-- figure: |:\*?$/)
        wrong(first, "a link to a result, and no figure from it is marked")
    while (match(words, /\[[^]]*\]\([^)]*tests\/book\/results\/[^)]*\)/)) {
        link = substr(words, RSTART, RLENGTH)
        words = substr(words, RSTART + RLENGTH)
        take_link(link, first)
        # That it is there, links.awk sees to.
        printed_by = load(link_target) ? substr(text[link_target, 1], 3) : ""
        if (printed_by != "" && index(link_text, printed_by) != 1)
            wrong(first, "`" link_text "` is not what " link_target \
                " comes from: `" printed_by "`")
    }
}

function check_quotation(language, caption, first, last) {
    if (language != "text" || !is_command_caption(caption)) return
    take_link(caption, first)
    if (link_target !~ /^tests\/book\/results\/[^\/]*[.]txt$/)
        wrong(first - 1, "the caption names " link_target \
            ", which is no file in tests/book/results/")
    else if (load(link_target))
        quoted_results += excerpt(link_target, link_target, first, last)
}
