# timeline.awk: a table of spans becomes a picture of who waits for whom.
#
#     awk -v lesson=... -v note=... \
#         -f style.awk -f timeline.awk TABLE
#
# The same scale and the same rows in every picture, so that they can be laid
# side by side: first the clients, then the threads of the server. What is too
# short to be seen is drawn MIN_WIDTH wide.

BEGIN {
    FS = "\t"
    LEFT = 118; RIGHT = 20; END_MS = 1600
    SCALE = (WIDTH - LEFT - RIGHT) / END_MS
    TOP = 62; BAR = 26; CLIENT_PITCH = 54; THREAD_PITCH = 38
    MIN_WIDTH = 3; FUSE = 14; SHORT_MS = 20

    short["silent"] = "silent"
    short["backlog"] = "in the backlog"
    short["echo"] = "waits"
    short["flood"] = "reads nothing"
    meaning["silent"] = "connected, and silent"
    meaning["backlog"] = "connected, and in the backlog"
    meaning["echo"] = "waits for its echo"
    meaning["flood"] = "sends, and reads nothing"
    meaning["drain"] = "reads"
    meaning["fuse"] = "the time left until its deadline"
    meaning["wait"] = "sleeps in the call that is named"
    meaning["run"] = "runs"
    meaning["again"] = "runs, but every call says EAGAIN"
}

{
    count++
    row[count] = $1; from[count] = $2; to[count] = $3
    what[count] = $4; words[count] = $5
    if (!($1 in known)) { known[$1] = 1; rows[++row_count] = $1 }
    seen[$4] = 1
    if ($4 == "run" || $4 == "again") busy_ms += $3 - $2
    if ($4 == "again") refused += $5
}

function x_of(ms) {
    return LEFT + ms * SCALE
}

function is_client(row) {
    return length(row) == 1
}

function place_rows(    i, y) {
    y = TOP
    for (i = 1; i <= row_count; i++) {
        if (!is_client(rows[i]) && !server_top) { y += 22; server_top = y }
        # A client's row has its words above the bar.
        top[rows[i]] = is_client(rows[i]) ? y + 18 : y
        y += is_client(rows[i]) ? CLIENT_PITCH : THREAD_PITCH
        if (is_client(rows[i]) && "fuse" in seen) y += FUSE
    }
    return y
}

function draw_axis(bottom,    ms) {
    for (ms = 0; ms <= END_MS; ms += 200) {
        printf "<path class=\"grid\" d=\"M%.1f %dV%d\"/>\n", x_of(ms), TOP, bottom
        text("soft", x_of(ms), bottom + 17, ms < END_MS ? "middle" : "end",
             ms > 0 ? ms : "0 ms")
    }
}

# In a span is what it says, if there is room: the words, or just the call.
function inside(i, width,    label) {
    label = what[i] == "wait" ? words[i] : short[what[i]]
    if (what[i] == "again") label = "EAGAIN " words[i] " times"
    if (text_width(label, 13) + 8 > width && what[i] == "again")
        label = "EAGAIN"
    if (label == "" || text_width(label, 13) + 8 > width) return
    text_on(what[i], x_of(from[i]) + width / 2, top[row[i]] + 17.5, label)
}

function draw_span(i,    width) {
    width = (to[i] - from[i]) * SCALE
    if (width < MIN_WIDTH) width = MIN_WIDTH
    patterned(what[i], x_of(from[i]), top[row[i]], width, BAR, width > 6 ? 3 : 0)
    inside(i, width)
}

# Below a client's bar, it burns down.
function draw_fuse(i,    y) {
    y = top[row[i]] + BAR + 2 + FUSE
    printf "<path class=\"fuse\" d=\"M%.1f %.1fV%.1fL%.1f %.1fV%.1fZ\"/>\n",
        x_of(from[i]), y, y - FUSE, x_of(to[i]), y - FUSE * words[i], y
}

function is_short(i) {
    return (to[i] - from[i]) * SCALE < MIN_WIDTH * 2
}

# Words that would run into those before them join them.
function draw_marks(row_name,    i, x, at, said) {
    said = ""
    for (i = 1; i <= count; i++) {
        if (what[i] != "mark" || row[i] != row_name) continue
        x = x_of(from[i])
        if (said != "" && x < at + text_width(said, 13) + 10) {
            said = said ", " words[i]
            continue
        }
        if (said != "") draw_mark(row_name, at, said)
        at = x
        said = words[i]
    }
    if (said != "") draw_mark(row_name, at, said)
}

function draw_mark(row_name, x, said) {
    printf "<path class=\"mark\" d=\"M%.1f %.1fv5\"/>\n", x,
        top[row_name] - 6
    if (x + text_width(said, 13) > WIDTH - 8)
        text("", WIDTH - 8, top[row_name] - 8, "end", said)
    else
        text("", x, top[row_name] - 8, "start", said)
}

# Returns where its last line stands; with draw being 0 it does only that.
function legend_of(list, x, y, draw,    i, n, class, part) {
    n = split(list, part, " ")
    for (i = 1; i <= n; i++) {
        class = part[i]
        if (!(class in seen)) continue
        if (x > LEFT && x + 30 + text_width(meaning[class], 13) > WIDTH - RIGHT) {
            x = LEFT
            y += 24
        }
        if (draw) patterned(class, x, y - 11, 20, 14, 2)
        if (draw) text("", x + 26, y, "start", meaning[class])
        x += 26 + text_width(meaning[class], 13) + 16
    }
    return y
}

# What the picture shows, for readers who cannot see it: from the same table.
function describe(    i, said) {
    said = lesson "."
    for (i = 1; i <= row_count; i++)
        said = said " " (is_client(rows[i]) ? "Client " : "The ") rows[i] \
            moments(rows[i]) ": " spells(rows[i]) "."
    return said
}

function moments(row_name,    i, said) {
    for (i = 1; i <= count; i++)
        if (what[i] == "mark" && row[i] == row_name)
            said = said (said ? ", " : " (") words[i] " at " int(from[i])
    return said (said ? " ms)" : "")
}

# Those of the same kind that are less than SHORT_MS apart are told as one, and
# those that are shorter are not told.
function spells(row_name,    i, said, last, since, until) {
    for (i = 1; i <= count; i++) {
        if (row[i] != row_name || to[i] - from[i] < SHORT_MS) continue
        if (what[i] == "mark" || what[i] == "fuse") continue
        if (in_words(i) == last && from[i] - until < SHORT_MS) {
            until = to[i]
            continue
        }
        if (last) said = said spell(last, since, until) "; "
        last = in_words(i)
        since = from[i]
        until = to[i]
    }
    return said spell(last, since, until)
}

function spell(words, since, until) {
    return sprintf("%s from %d to %d ms", words, since, until)
}

function in_words(i) {
    return what[i] == "wait" ? "sleeps in " words[i] : meaning[what[i]]
}

function draw_all(    i) {
    for (i = 1; i <= count; i++)
        if (what[i] == "fuse") draw_fuse(i)
        else if (what[i] != "mark" && !is_short(i)) draw_span(i)
    for (i = 1; i <= count; i++) # on top of those that are long
        if (what[i] !~ /^(mark|fuse)$/ && is_short(i)) draw_span(i)
}

function draw_names(    i) {
    text("soft", 20, TOP + 4, "start", "clients")
    text("soft", 20, server_top - 6, "start", "server")
    printf "<path class=\"grid\" d=\"M20 %dH%d\"/>\n", server_top - 22,
        WIDTH - RIGHT
    for (i = 1; i <= row_count; i++) {
        text(is_client(rows[i]) ? "name" : "", 20, top[rows[i]] + 18, "start",
             rows[i])
        draw_marks(rows[i])
    }
}

function draw_legend(y, draw) {
    if (draw) text("soft", 20, y, "start", "a client")
    y = 26 + legend_of("silent backlog echo flood drain fuse", LEFT, y, draw)
    if (draw) text("soft", 20, y, "start", "the server")
    return legend_of("wait run again", LEFT, y, draw)
}

END {
    if (refused) note = note " " refused " calls said EAGAIN."
    bottom = place_rows()
    last = draw_legend(bottom + 46, 0)
    picture_begin(lesson, describe(), last + 52, seen)
    text("lesson", 20, 34, "start", lesson)
    draw_axis(bottom)
    draw_all()
    draw_names()
    draw_legend(bottom + 46, 1)
    text("soft", 20, last + 32, "start", sprintf(note, busy_ms, END_MS))
    picture_end()
}
