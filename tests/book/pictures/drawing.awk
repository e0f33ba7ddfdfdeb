# drawing.awk: a picture of how something is made, from a few words a shape.
#
#     awk -v name=NAME -f style.awk -f drawing.awk NAME.drawing
#
# A line of a .drawing is a shape, its numbers and, after a colon, its words:
#
#     title: WORDS            the lesson          (first)
#     about: WORDS            for those who do not see it; may be repeated
#     height N                                    (before any shape)
#     box CLASS X Y W H: NAME        a rectangle with a name at its top
#     cell CLASS X Y W H: WORDS      one with words in the middle
#     text X Y: WORDS                and soft, middle, code, name instead of text
#     arrow X Y [X Y]...: WORDS      through these points; words at its middle
#     curve X Y X Y X Y: WORDS       from, past and to these points, likewise
#
# Words at an arrow stand above its middle, after "below " below it. A line that
# begins with # says why.

function words_of(line) {
    return match(line, /: /) ? substr(line, RSTART + 2) : ""
}

function begin(height) {
    picture_begin(title, about, height)
    text("lesson", 20, 34, "start", title)
}

function label(x, y, words) {
    if (words ~ /^below /) { sub(/^below /, "", words); y += 26 }
    if (words != "") text("", x, y, "middle", words)
}

# The middle of the longest leg is where the words have most room.
function arrow(n, words,    i, path, leg, longest, x, y) {
    path = "M" $2 " " $3
    for (i = 4; i <= n; i += 2) {
        path = path "L" $i " " $(i + 1)
        leg = ($i - $(i - 2)) ^ 2 + ($(i + 1) - $(i - 1)) ^ 2
        if (leg <= longest) continue
        longest = leg
        x = ($i + $(i - 2)) / 2
        y = ($(i + 1) + $(i - 1)) / 2
    }
    printf "<path class=\"arrow\" marker-end=\"url(#%s-head)\" d=\"%s\"/>\n",
        name, path
    label(x, y - 8, words)
}

function curve(words) {
    printf "<path class=\"arrow\" marker-end=\"url(#%s-head)\" " \
        "d=\"M%s %sQ%s %s %s %s\"/>\n", name, $2, $3, $4, $5, $6, $7
    label(($2 + 2 * $4 + $6) / 4, ($3 + 2 * $5 + $7) / 4 - 8, words)
}

/^#/ || NF == 0 { next }
{ words = words_of($0); sub(/: .*/, "") }
$1 == "title" || $1 == "title:" { title = words; next }
$1 == "about" || $1 == "about:" { about = about (about ? " " : "") words; next }
$1 == "height" { begin($2); next }
$1 == "box" {
    box($2, $3, $4, $5, $6, 6)
    if (words != "") text("name", $3 + 12, $4 + 22, "start", words)
    next
}
$1 == "cell" {
    box($2, $3, $4, $5, $6, 3)
    if (words != "") text("", $3 + $5 / 2, $4 + $6 / 2 + 4.5, "middle", words)
    next
}
$1 == "text" { text("", $2, $3, "start", words); next }
$1 == "soft" || $1 == "name" || $1 == "code" {
    text($1, $2, $3, "start", words)
    next
}
$1 == "middle" { text("name", $2, $3, "middle", words); next }
$1 == "arrow" { arrow(NF, words); next }
$1 == "curve" { curve(words); next }
{ print FILENAME ": what is " $1 "?" >"/dev/stderr"; exit 1 }

END { picture_end() }
