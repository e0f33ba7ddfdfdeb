# json.awk: the summary as JSON. Reads what figures.awk reads; HEAD is a text
# that is JSON already: the machine, and when it was. REFERENCE is whom the ratios
# are to: rates by their medians, CPU time by its lowest rounds.

END {
    print "{"
    printf "%s,\n  \"reference\": %s,\n  \"scenes\": [", HEAD, quoted(REFERENCE)
    for (s = 1; s <= scenes; s++)
        printf "%s\n    {\"name\": %s, \"title\": %s}", (s > 1 ? "," : ""), \
               quoted(scene[s]), quoted(title[scene[s]])
    printf "\n  ],\n  \"results\": ["
    for (s = 1; s <= scenes; s++)
        for (c = 1; c <= candidates; c++)
            if ((scene[s], candidate[c]) in was_asked)
                print_result(scene[s], candidate[c])
    print "\n  ]\n}"
}

function print_result(name, who) {
    printf "%s\n    {\"scene\": %s, \"candidate\": %s, ", \
           (results++ ? "," : ""), quoted(name), quoted(who)
    if ((name, who) in reason)
        printf "\"dash\": %s, \"figures\": {}}", quoted(reason[name, who])
    else
        printf "\"dash\": null, \"rate_ratio\": %s, \"cpu_ratio\": %s, " \
               "\"figures\": {%s}}", \
               number(rate_ratio(name, who, REFERENCE)), \
               number(cost_ratio(name, who, REFERENCE)), figures_of(name, who)
}

function number(text) {
    return text == "-" ? "null" : text
}

function figures_of(name, who,    i, key, text) {
    for (i = 1; i <= lines; i++) {
        split(line_key[i], key, SUBSEP)
        if (key[1] == name && key[2] == who)
            text = text (text == "" ? "" : ", ") one_figure(name, who, key[3])
    }
    return text
}

function one_figure(name, who, figure) {
    return sprintf("%s: {\"rounds\": %s, \"median\": %s, \"lowest\": %s, " \
                   "\"highest\": %s}", quoted(figure), \
                   rounds[name, who, figure], median[name, who, figure], \
                   lowest[name, who, figure], highest[name, who, figure])
}

# A letter at a time: how many backslashes gsub() wants is every awk's own idea.
function quoted(text,    i, c, safe) {
    gsub(/[[:cntrl:]]/, " ", text)
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        safe = safe (c == "\"" || c == "\\" ? "\\" : "") c
    }
    return "\"" safe "\""
}
