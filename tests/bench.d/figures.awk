# figures.awk: reads a summary, for whoever prints it.
#
# Two files come in: the scenes (NAME  TITLE  KIND, tabs between), then what
# summary.awk made. A program that is read after this one prints at END, and
# finds scene[1..scenes], candidate[1..candidates], and what these functions say.

BEGIN {
    FS = "\t"
}

FNR == NR {
    title[$1] = $2
    kind[$1] = $3
    next
}

{
    if (!seen_scene[$1]++) scene[++scenes] = $1
    if (!seen_candidate[$2]++) candidate[++candidates] = $2
    was_asked[$1, $2] = 1
}

$3 == "-" {
    reason[$1, $2] = $4
    next
}

{
    line_key[++lines] = $1 SUBSEP $2 SUBSEP $3
    rounds[$1, $2, $3] = $4
    median[$1, $2, $3] = $5
    lowest[$1, $2, $3] = $6
    highest[$1, $2, $3] = $7
}

# What counts as speed and as cost depends on the kind of scene.
function rate_figure(kind) {
    if (kind == "bulk") return "mb_per_s"
    if (kind == "connect") return "connects_per_s"
    return "messages_per_s"
}

function cost_figure(kind) {
    return kind == "connect" ? "connect_cpu_us" : "server_cpu_us"
}

function delay_figure(kind) {
    return kind == "connect" ? "connect_s" : "p99_us"
}

# To ask for an element makes one, so its being there says nothing.
function is_measured(name, who, figure) {
    return median[name, who, figure] != ""
}

# Rates are compared by their medians. CPU time is compared by its lowest round:
# whatever disturbs a run adds to it, and nothing takes away.
function rate_ratio(name, who, other,    figure) {
    figure = rate_figure(kind[name])
    return ratio(median[name, who, figure], median[name, other, figure])
}

function cost_ratio(name, who, other,    figure) {
    figure = cost_figure(kind[name])
    return ratio(lowest[name, who, figure], lowest[name, other, figure])
}

function ratio(a, b) {
    return a > 0 && b > 0 ? sprintf("%.2f", a / b) : "-"
}

function is_wide(name, who, figure,    middle) {
    middle = median[name, who, figure]
    return middle > 0 && rounds[name, who, figure] > 1 && \
           highest[name, who, figure] - lowest[name, who, figure] > middle / 4
}

# Three digits that count, thousands apart: 4.31, 87.2, 151,234.
function short(number) {
    if (number >= 1000) return thousands(number)
    if (number >= 100) return sprintf("%.0f", number)
    if (number >= 10) return sprintf("%.1f", number)
    return sprintf("%.2f", number)
}

function thousands(number,    text, tail) {
    text = sprintf("%.0f", number)
    while (length(text) > 3) {
        tail = "," substr(text, length(text) - 2) tail
        text = substr(text, 1, length(text) - 3)
    }
    return text tail
}

# For a spread, where the width matters more than the digits.
function rough(number) {
    if (number >= 10000) return sprintf("%.0fk", number / 1000)
    if (number >= 1000) return sprintf("%.1fk", number / 1000)
    return sprintf("%.0f", number)
}

# Notes have letters, and the same text has the same letter.
function note(text) {
    if (text == "") return ""
    if (!(text in letter)) {
        letter[text] = substr("abcdefghijklmnopqrstuvwxyz", ++notes, 1)
        noted[notes] = text
    }
    return "[" letter[text] "]"
}

function print_notes(    i) {
    if (any_wide)
        print "\n~    more than 25 % between the lowest and the highest round"
    else if (notes)
        print ""
    for (i = 1; i <= notes; i++) print note(noted[i]) "  " noted[i]
}
