# ratios.awk: ours / peer, a table for each of ours and each of what is compared.
# Reads what figures.awk reads; OURS and PEERS are names, with | between them.
# LIBRARIES are the peers that are an event loop in one thread, as ours are.

END {
    ours_count = split(OURS, ours, "|")
    peer_count = split(PEERS, peer, "|")
    library_count = split(LIBRARIES, library, "|")
    for (o = 1; o <= ours_count; o++) {
        print_ratios(ours[o], "CPU time", "below 1: ours takes less")
        print_ratios(ours[o], "rate", "above 1: ours is faster")
    }
}

function print_ratios(who, what, meaning,    p, s) {
    printf "%s\n%s / peer: %s (%s)%s\n", BOLD, who, what, meaning, PLAIN
    printf "%-15s", ""
    for (s = 1; s <= scenes; s++)
        if (kind[scene[s]] != "cost") printf " %7s", scene[s]
    print ""
    for (p = 1; p <= peer_count; p++)
        if (peer[p] in seen_candidate) print_peer(who, peer[p], what)
    if (what == "CPU time" && library_count > 1) print_libraries(who)
}

function print_peer(who, other, what,    s) {
    printf "%-15s", other
    for (s = 1; s <= scenes; s++)
        if (kind[scene[s]] != "cost")
            printf " %7s", what == "rate" ? rate_ratio(scene[s], who, other) : \
                                            cost_ratio(scene[s], who, other)
    print ""
}

# Against the cheapest of them, and against the one in the middle.
function print_libraries(who,    s, cheapest, middle) {
    for (s = 1; s <= scenes; s++)
        if (kind[scene[s]] != "cost") {
            sort_ratios(scene[s], who)
            cheapest = cheapest sprintf(" %7s", sorted_count ? \
                       sprintf("%.2f", sorted[sorted_count]) : "-")
            middle = middle sprintf(" %7s", sorted_count ? \
                     sprintf("%.2f", middle_of(sorted_count)) : "-")
        }
    printf "%-15s%s\n%-15s%s\n", "the cheapest *", cheapest, \
           "the middle *", middle
}

function sort_ratios(name, who,    l, i, value) {
    sorted_count = 0
    for (l = 1; l <= library_count; l++) {
        value = cost_ratio(name, who, library[l])
        if (value == "-") continue
        for (i = ++sorted_count; i > 1 && sorted[i - 1] > value + 0; i--)
            sorted[i] = sorted[i - 1]
        sorted[i] = value + 0
    }
}

function middle_of(count) {
    if (count % 2) return sorted[(count + 1) / 2]
    return (sorted[count / 2] + sorted[count / 2 + 1]) / 2
}
