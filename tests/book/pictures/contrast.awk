# contrast.awk: says what in a picture would be hard to see, in light or dark.
#
# Words have 4.5 : 1 against all that they stand on, and the outline of a shape
# 3 : 1 against the paper: AA of the Web Content Accessibility Guidelines.

BEGIN { mode = "light"; wordless = " drain run fuse grid arrow paper " }

/prefers-color-scheme: dark/ { mode = "dark" }
/^ *\.picture \.[a-z]+ \{ fill: #[^;]*; stroke/ {
    class = substr($2, 2)
    fill[mode, class] = $5
    line[mode, class] = $7
    classes[class]
}
/^ *\.picture text, / { ink[mode] = $7 }
/^ *\.picture \.soft / { soft[mode] = $5 }

function digit(hex) { return index("0123456789abcdef", hex) - 1 }

function channel(hex,    part) {
    part = (digit(substr(hex, 1, 1)) * 16 + digit(substr(hex, 2, 1))) / 255
    if (part <= 0.03928) return part / 12.92
    return ((part + 0.055) / 1.055) ^ 2.4
}

function luminance(colour) {
    return 0.2126 * channel(substr(colour, 2, 2)) + \
           0.7152 * channel(substr(colour, 4, 2)) + \
           0.0722 * channel(substr(colour, 6, 2))
}

function need(ratio, one, other, what,    a, b) {
    a = luminance(one) + 0.05
    b = luminance(other) + 0.05
    if (b > a) return need(ratio, other, one, what)
    checked++
    if (a / b >= ratio) return
    printf "%s: %s: %s on %s is %.2f\n", FILENAME, what, one, other, a / b
    bad = 1
}

function check(mode,    class) {
    need(4.5, ink[mode], fill[mode, "paper"], mode " words")
    need(4.5, soft[mode], fill[mode, "paper"], mode " soft words")
    need(4.5, soft[mode], fill[mode, "plain"], mode " soft words in a box")
    for (class in classes) {
        if (!index(wordless, " " class " "))
            need(4.5, ink[mode], fill[mode, class], mode " words on " class)
        if (class != "paper")
            need(3, line[mode, class], fill[mode, "paper"], mode " " class)
    }
}

END {
    check("light")
    check("dark")
    exit bad || checked < 40
}
