# style.awk: the hand that the timelines are drawn in.
#
# Colour never stands alone: what is told by a colour is told by a pattern or a
# word as well. A shape has a class, and each class has two sets of colours, for
# light and for dark. Words have a contrast of 4.5 : 1 to what they stand on,
# and outlines of 3 : 1 to the paper; keep that when you change a colour.

BEGIN {
    WIDTH = 800
    #       class      light: fill, line       dark: fill, line
    colours("paper",   "#ffffff", "#d0d7de",   "#0d1117", "#30363d")
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
    #       class      size and what is in it
    pattern("backlog", 8, "<path d=\"M-2 10L10 -2M-2 2L2 -2M6 10L10 6\"/>")
    pattern("echo",    7, "<circle cx=\"3.5\" cy=\"3.5\" r=\"0.8\"/>")
    pattern("flood",   6, "<path d=\"M0 3H6\"/>")
    pattern("again",   4, "<path stroke-width=\"1.6\" d=\"M2 0V4\"/>")
}

function colours(class, light, light_line, dark, dark_line) {
    classes[++class_count] = class
    fill["light", class] = light; line["light", class] = light_line
    fill["dark", class] = dark; line["dark", class] = dark_line
}

function pattern(class, size, shape) {
    patterns[class] = sprintf("<pattern id=\"%s\" class=\"%s-line\" " \
        "width=\"%d\" height=\"%d\" patternUnits=\"userSpaceOnUse\">%s" \
        "</pattern>", class, class, size, size, shape)
}

function escape(text) {
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    gsub(/>/, "\\&gt;", text)
    gsub(/"/, "\\&quot;", text)
    return text
}

# Of the classes that this picture uses.
function css(mode, used,    i, class) {
    for (i = 1; i <= class_count; i++) {
        class = classes[i]
        if (class != "paper" && !(class in used)) continue
        printf "  .%s { fill: %s; stroke: %s }\n", class, fill[mode, class],
            line[mode, class]
        if (class in patterns)
            printf "  .%s-line { stroke: %s } .on-%s { fill: %s }\n", class,
                line[mode, class], class, fill[mode, class]
    }
    printf "  text { fill: %s } .soft { fill: %s }\n", ink[mode], soft[mode]
    printf "  .grid { stroke: %s } .mark { stroke: %s }\n", grid[mode], ink[mode]
}

function picture_begin(title, description, height, used,    i) {
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" " \
        "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" " \
        "aria-labelledby=\"title desc\">\n", WIDTH, height, WIDTH, height
    printf "<title id=\"title\">%s</title>\n", escape(title)
    printf "<desc id=\"desc\">%s</desc>\n", escape(description)
    print "<style>"
    print "  text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif }"
    print "  .lesson { font-size: 19px; font-weight: 600 }"
    print "  .name { font-size: 15px; font-weight: 600 }"
    css("light", used)
    print "  @media (prefers-color-scheme: dark) {"
    css("dark", used)
    print "  }"
    print "  .fuse { stroke-width: 0 } .mark { stroke-width: 1.5 }"
    print "</style>"
    for (i = 1; i <= class_count; i++)
        if (classes[i] in patterns && classes[i] in used)
            print patterns[classes[i]]
    printf "<rect class=\"paper\" x=\"0.5\" y=\"0.5\" width=\"%d\" " \
        "height=\"%d\" rx=\"8\"/>\n", WIDTH - 1, height - 1
}

function picture_end() {
    print "</svg>"
}

function box(style, x, y, width, height, round) {
    printf "<rect %s x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" " \
        "rx=\"%s\"/>\n", style, x, y, width, height, round
}

function patterned(class, x, y, width, height, round) {
    box("class=\"" class "\"", x, y, width, height, round)
    if (class in patterns)
        box("fill=\"url(#" class ")\"", x, y, width, height, round)
}

function text(class, x, y, anchor, words) {
    printf "<text%s x=\"%.1f\" y=\"%.1f\"%s>%s</text>\n",
        class == "" ? "" : " class=\"" class "\"", x, y,
        anchor == "start" ? "" : " text-anchor=\"" anchor "\"", escape(words)
}

# In the middle of a shape: a pattern that is in the way of the words is covered.
function text_on(class, x, y, words,    width) {
    width = text_width(words, 13)
    if (class in patterns)
        box("class=\"on-" class "\"", x - width / 2 - 3, y - 13.5, width + 6,
            18, 3)
    text("", x, y, "middle", words)
}

# About as wide as a browser makes it, rather more than less.
function text_width(words, size) {
    return length(words) * size * 0.56
}
