# table.awk: a table a scene, then one of what else a candidate costs. Reads
# what figures.awk reads; REFERENCE is whom the ratios are to, BOLD and PLAIN
# are what a terminal wants around a heading.

END {
    for (s = 1; s <= scenes; s++)
        if (kind[scene[s]] != "cost") print_scene(scene[s])
    if (has_costs()) print_costs()
    print_notes()
}

function heading(text) {
    printf "%s%s%s\n", BOLD, text, PLAIN
}

function print_scene(name,    c) {
    heading(sprintf("\n%s: %s", name, title[name]))
    if (is_empty(name)) return
    print_scene_head(kind[name])
    for (c = 1; c <= candidates; c++)
        if ((name, candidate[c]) in was_asked) print_row(name, candidate[c])
}

# Nobody was measured, and all for the same reason: then one line says so.
function is_empty(name,    c, who, why) {
    for (c = 1; c <= candidates; c++) {
        who = candidate[c]
        if (!((name, who) in was_asked)) continue
        if (!((name, who) in reason)) return 0
        if (why != "" && reason[name, who] != why) return 0
        why = reason[name, who]
    }
    print "-  " why
    return 1
}

function print_scene_head(kind,    rate, cost, delay) {
    rate = "messages/s"
    cost = "CPU us/message"
    delay = "p99 us"
    if (kind == "bulk") rate = "MB/s"
    if (kind == "churn" || kind == "connect") {
        rate = "clients/s"
        cost = "CPU us/client"
    }
    if (kind == "connect") delay = "all ms"
    heading(sprintf("%-15s %10s  %13s  %16s  %8s  %13s", "", rate, "", \
                    cost "  ", "", "against " REFERENCE))
    heading(sprintf("%-15s %10s  %13s  %8s  %8s %8s  %6s  %5s", "", \
                    "median", "lowest..most ", "lowest", "median", delay, \
                    "rate", "CPU"))
}

function print_row(name, who,    rate, cost) {
    if ((name, who) in reason) {
        printf "%-15s %10s\n", who, "-" note(reason[name, who])
        return
    }
    rate = rate_figure(kind[name])
    cost = cost_figure(kind[name])
    printf "%-15s %10s%s %13s  %8s  %7s%s%8s  %6s  %5s\n", who, \
           value(median, name, who, rate), mark(name, who, rate), \
           spread(name, who, rate), value(lowest, name, who, cost), \
           value(median, name, who, cost), mark(name, who, cost), \
           delay(name, who), rate_ratio(name, who, REFERENCE), \
           cost_ratio(name, who, REFERENCE)
}

function value(of, name, who, figure) {
    return is_measured(name, who, figure) ? short(of[name, who, figure]) : "-"
}

function mark(name, who, figure) {
    if (!is_wide(name, who, figure)) return " "
    any_wide = 1
    return "~"
}

function spread(name, who, figure) {
    if (!is_measured(name, who, figure)) return "-"
    if (rounds[name, who, figure] == 1) return "one round"
    return rough(lowest[name, who, figure]) ".." \
           rough(highest[name, who, figure])
}

function delay(name, who,    figure) {
    figure = delay_figure(kind[name])
    if (!is_measured(name, who, figure)) return "-"
    if (figure == "connect_s") return short(median[name, who, figure] * 1000)
    if (median[name, who, figure] < 999999.5)
        return short(median[name, who, figure])
    return thousands(median[name, who, figure] / 1000) "k"
}

# --- what else it costs ---

function has_costs(    s) {
    for (s = 1; s <= scenes; s++) if (kind[scene[s]] == "cost") return 1
    return 0
}

function print_costs(    c) {
    heading("\nWhat else it costs")
    heading(sprintf("%-15s %12s %12s %9s %9s %10s %8s", "", "user memory", \
                    "addresses", "", "calls a", "CPU s per", "CPU % if"))
    heading(sprintf("%-15s %12s %12s %9s %9s %10s %8s", "", "B/client", \
                    "B/client", "threads", "message", "million", "silent"))
    for (c = 1; c <= candidates; c++) print_cost(candidate[c])
}

function print_cost(who) {
    printf "%-15s %12s %12s %9s %9s %10s %8s\n", who, \
           cell("memory", who, "user_bytes_per_client", "%.0f"), \
           cell("memory", who, "address_bytes_per_client", "%.0f"), \
           cell("memory", who, "threads", "%d"), \
           cell("calls", who, "calls_per_message", "%.2f"), \
           cost_of_a_million(who), \
           cell("silent", who, "idle_cpu_percent", "%.1f")
}

# A microsecond a message is a second a million messages.
function cost_of_a_million(who) {
    if (!is_measured("busy", who, "server_cpu_us")) return "-"
    return short(lowest["busy", who, "server_cpu_us"])
}

function cell(name, who, figure, format,    few) {
    if (!(name in seen_scene)) return ""
    if ((name, who) in reason) return "-" note(reason[name, who])
    if (!is_measured(name, who, figure)) return "-"
    if (name == "memory" && median[name, who, "clients"] < MEMORY_CLIENTS)
        few = note("with " thousands(median[name, who, "clients"]) \
                   " clients, the others with " thousands(MEMORY_CLIENTS))
    return sprintf(format, median[name, who, figure]) few
}
