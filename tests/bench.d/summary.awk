# summary.awk: from samples to medians.
#
# In, one line a sample:    SCENE  CANDIDATE  {"figure":number,...}
#                       or  SCENE  CANDIDATE  - why there is none
# Out, one line a figure:   SCENE  CANDIDATE  FIGURE  ROUNDS  MEDIAN  LOWEST  HIGHEST
#                       or  SCENE  CANDIDATE  -  REASON
#
# Columns are separated by tabs, lines come in the order of the first samples.
# Who has figures in one round and none in another has none: half a measurement
# would look like a whole one.

BEGIN {
    FS = OFS = "\t"
}

{
    remember($1, $2)
    if ($3 ~ /^-/) reason[$1, $2] = substr($3, 3)
    else read_figures($1 SUBSEP $2, $3)
}

END {
    for (s = 1; s <= scenes; s++)
        for (c = 1; c <= candidates[scene[s]]; c++)
            print_all(scene[s], candidate[scene[s], c])
}

function remember(name, who) {
    if (!(name in candidates)) scene[++scenes] = name
    if (!((name, who) in known)) candidate[name, ++candidates[name]] = who
    known[name, who] = 1
}

# What is no number (null, a name) is not taken. Nor is CPU time a message, if so
# few came back that most of it may have been taken before the clock started.
function read_figures(key, json,    pair, name, value, given) {
    while (match(json, /"[a-z0-9_]+": *-?[0-9][-+.0-9eE]*/)) {
        pair = substr(json, RSTART + 1, RLENGTH - 1)
        json = substr(json, RSTART + RLENGTH)
        name = substr(pair, 1, index(pair, "\"") - 1)
        value = substr(pair, index(pair, ":") + 1) + 0
        given[name] = value
        if (name != "server_cpu_us" || are_enough(given))
            add_value(key, name, value)
    }
}

function are_enough(given) {
    return !("messages" in given) || \
           given["messages"] > given["clients"] * given["pipeline"]
}

function add_value(key, name, value) {
    if (!((key, name) in rounds)) figure[key, ++figures[key]] = name
    values[key, name, ++rounds[key, name]] = value
}

function print_all(name, who,    key, i) {
    key = name SUBSEP who
    if (key in reason) {
        print name, who, "-", reason[key]
        return
    }
    for (i = 1; i <= figures[key]; i++)
        print_figure(name, who, figure[key, i])
}

function print_figure(name, who, which,    key, n, i, sorted) {
    key = name SUBSEP who SUBSEP which
    n = rounds[key]
    for (i = 1; i <= n; i++) insert(sorted, i, values[key, i])
    print name, who, which, n, plain(median(sorted, n)), \
          plain(sorted[1]), plain(sorted[n])
}

# Keeps sorted[1..count] in order.
function insert(sorted, count, value) {
    for (; count > 1 && sorted[count - 1] > value; count--)
        sorted[count] = sorted[count - 1]
    sorted[count] = value
}

function median(sorted, n) {
    if (n % 2) return sorted[(n + 1) / 2]
    return (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

# Never 1e+06, and no more digits than a clock has.
function plain(number,    text) {
    text = sprintf("%.6f", number)
    sub(/\.?0+$/, "", text)
    return text
}
