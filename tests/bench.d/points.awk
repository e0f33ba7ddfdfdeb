# points.awk: x and y of one candidate (who) in one plot, from the bench's CSV:
# scene,candidate,figure,rounds,median,lowest,highest,dash

$2 == who {
    median[$1, $3] = $5
    lowest[$1, $3] = $6
    known[$1] = 1
}

END {
    for (scene in known) {
        clients = median[scene, "clients"]
        idle = median[scene, "idle"] + 0
        many = scene ~ /^(ping|busy|1000|10000|clients-[0-9]+)$/
        beside = scene ~ /^(busy|idle|idle-[0-9]+)$/
        if (plot == "throughput" && many)
            point(clients, median[scene, "messages_per_s"] / 1000)
        if (plot == "latency" && many)
            point(clients, median[scene, "p99_us"] / 1000)
        if (plot == "memory" && beside)
            point(idle, median[scene, "user_bytes_per_client"] * idle / 1048576)
        if (plot == "idle" && beside)
            point(idle, lowest[scene, "server_cpu_us"])
    }
}

# Less than a page of memory is none that can be seen.
function point(x, y) {
    if (y > 0) print x, y
}
