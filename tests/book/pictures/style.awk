# style.awk: the hand that all pictures are drawn in.
#
# Every picture is 800 units wide. Colour never stands alone: what is told by a
# colour is told by a pattern or a word as well. A shape has a class, and the
# classes have two sets of colours, for light and for dark; where CSS knows
# nothing of the reader's preference, the light ones hold.

BEGIN {
    WIDTH = 800
    #       class      light: fill, line       dark: fill, line
    colours("paper",   "#ffffff", "#d0d7de",   "#0d1117", "#30363d")
    colours("plain",   "#f3f5f7", "#6e7781",   "#1c2128", "#8b949e")
    colours("silent",  "#f3f5f7", "#6e7781",   "#1c2128", "#8b949e")
    colours("backlog", "#fff4d1", "#8a5d00",   "#33270a", "#d9a126")
    colours("echo",    "#ffe8e6", "#c2222c",   "#43191a", "#ff8079")
    colours("flood",   "#f1e6ff", "#7444c9",   "#2b1f47", "#b794ff")
    colours("drain",   "#7444c9", "#7444c9",   "#b794ff", "#b794ff")
    colours("wait",    "#dcedff", "#0961c4",   "#0f2d4d", "#63adff")
    colours("run",     "#1a7f37", "#1a7f37",   "#46c35a", "#46c35a")
    colours("again",   "#fde0cc", "#ad4500",   "#42220a", "#ff9d4d")
    colours("fuse",    "#c2222c", "#c2222c",   "#ff8079", "#ff8079")
    ink["light"] = "#1f2328"; soft["light"] = "#57606a"
    ink["dark"] = "#e6edf3"; soft["dark"] = "#9ea7b3"
    grid["light"] = "#e4e8ec"; grid["dark"] = "#262c34"
}

function colours(class, light, light_line, dark, dark_line) {
    classes[++class_count] = class
    fill["light", class] = light; line["light", class] = light_line
    fill["dark", class] = dark; line["dark", class] = dark_line
}

function escape(text) {
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    gsub(/>/, "\\&gt;", text)
    gsub(/"/, "\\&quot;", text)
    return text
}

function css(mode,    i, class) {
    for (i = 1; i <= class_count; i++) {
        class = classes[i]
        printf "  .picture .%s { fill: %s; stroke: %s }\n", class,
            fill[mode, class], line[mode, class]
        if (!has_pattern(class)) continue
        printf "  .picture .%s-line { stroke: %s }\n", class, line[mode, class]
        printf "  .picture .on-%s { fill: %s }\n", class, fill[mode, class]
    }
    printf "  .picture text, .picture .head { fill: %s }\n", ink[mode]
    printf "  .picture .soft { fill: %s }\n", soft[mode]
    printf "  .picture .grid { stroke: %s }\n", grid[mode]
    printf "  .picture .arrow { stroke: %s }\n", ink[mode]
}

function pattern(class, size, shape) {
    printf "<pattern id=\"%s-%s\" width=\"%s\" height=\"%s\" " \
        "patternUnits=\"userSpaceOnUse\">%s</pattern>\n",
        name, class, size, size, shape
}

# name is the picture's, and makes what it defines its own.
function picture_begin(title, description, height) {
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" " \
        "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" " \
        "aria-labelledby=\"%s-title %s-desc\">\n",
        WIDTH, height, WIDTH, height, name, name
    printf "<title id=\"%s-title\">%s</title>\n", name, escape(title)
    printf "<desc id=\"%s-desc\">%s</desc>\n", name, escape(description)
    print "<style>"
    print "  .picture text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif }"
    print "  .picture .lesson { font-size: 19px; font-weight: 600 }"
    print "  .picture .name { font-size: 15px; font-weight: 600 }"
    print "  .picture .code { font-family: ui-monospace, 'DejaVu Sans Mono', monospace }"
    print "  .picture .fuse { stroke-width: 0 }"
    print "  .picture .arrow { fill: none; stroke-width: 1.5 }"
    css("light")
    print "  @media (prefers-color-scheme: dark) {"
    css("dark")
    print "  }"
    print "</style>"
    print "<defs>"
    pattern("backlog", 8, "<path class=\"backlog-line\" d=\"M-2 10L10 -2M-2 2L2 -2M6 10L10 6\"/>")
    pattern("echo", 7, "<circle class=\"echo-line\" cx=\"3.5\" cy=\"3.5\" r=\"0.8\"/>")
    pattern("flood", 6, "<path class=\"flood-line\" d=\"M0 3H6\"/>")
    pattern("again", 4, "<path class=\"again-line\" stroke-width=\"1.6\" d=\"M2 0V4\"/>")
    printf "<marker id=\"%s-head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" " \
        "markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" " \
        "orient=\"auto-start-reverse\">" \
        "<path class=\"head\" d=\"M0 0L8 4L0 8Z\"/></marker>\n", name
    print "</defs>"
    printf "<rect class=\"paper\" x=\"0.5\" y=\"0.5\" width=\"%d\" " \
        "height=\"%d\" rx=\"8\"/>\n", WIDTH - 1, height - 1
}

function picture_end() {
    print "</svg>"
}

function has_pattern(class) {
    return class ~ /^(backlog|echo|flood|again)$/
}

function box(class, x, y, width, height, round) {
    printf "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" " \
        "height=\"%.1f\" rx=\"%s\"/>\n", class, x, y, width, height, round
}

function patterned(class, x, y, width, height, round) {
    box(class, x, y, width, height, round)
    if (!has_pattern(class)) return
    printf "<rect fill=\"url(#%s-%s)\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" " \
        "height=\"%.1f\" rx=\"%s\"/>\n", name, class, x, y, width, height, round
}

function text(class, x, y, anchor, words) {
    printf "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\"%s>%s</text>\n", class, x, y,
        anchor == "start" ? "" : " text-anchor=\"" anchor "\"", escape(words)
}

# In the middle of a shape, or on an arrow: a pattern or a line that is in the
# way of the words is covered.
function text_on(class, x, y, words,    width) {
    width = text_width(words, 13)
    if (has_pattern(class))
        printf "<rect class=\"on-%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" " \
            "height=\"18\" rx=\"3\"/>\n", class, x - width / 2 - 3, y - 13.5,
            width + 6
    text("", x, y, "middle", words)
}

# About as wide as a browser makes it, rather more than less.
function text_width(words, size) {
    return length(words) * size * 0.56
}
