# watch.awk: one frame of `watch`, from what it has found out.
#
# Lines: "stat" and the fields of /proc/PID/stat after the name; "thread" and
# the number and first argument of the call it sleeps in; "fd" N socket:[INODE];
# "log" and a line of it; and what `ss -taneiOH` prints. The file `memory` keeps
# from frame to frame what a rate or a farewell needs.

BEGIN {
    # The calls in which servers sleep, by machine.
    x86 = "0 read 1 write 7 poll 23 select 35 nanosleep 43 accept 44 send" \
        " 45 recv 46 sendmsg 47 recvmsg 202 futex 230 nanosleep" \
        " 232 epoll_wait 270 select 271 poll 281 epoll_wait 288 accept" \
        " 426 io_uring_enter 441 epoll_wait"
    others = "63 read 64 write 73 poll 72 select 101 nanosleep 115 nanosleep" \
        " 202 accept 206 send 207 recv 211 sendmsg 212 recvmsg 98 futex" \
        " 22 epoll_wait 242 accept 426 io_uring_enter 441 epoll_wait"
    count = split(machine == "x86_64" ? x86 : others, words, " ")
    for (i = 1; i < count; i += 2) call_names[words[i]] = words[i + 1]
    while ((getline line < memory) > 0) remember(line)
    close(memory)
}

function remember(line,    f) {
    split(line, f, " ")
    if (f[1] == "time") { before = f[2]; cpu_before = f[3] }
    if (f[1] == "client") {
        old[f[2]] = f[3] " " f[4] " " f[5]
        old_received[f[2]] = f[4]
        old_echoed[f[2]] = f[5]
    }
    if (f[1] == "gone" && now - f[2] < 2) gone[++gone_count] = line
}

# --- what comes in -----------------------------------------------------------

$1 == "stat" { ticks += $13 + $14; threads += $19; next }
$1 == "thread" {
    call = $2 in call_names ? call_names[$2] : $2 ~ /^[0-9]/ ? "call " $2 : ""
    if (call == "") awake++
    if (!asked++) main_call = call
    if (call ~ /^(epoll_wait|poll|select|io_uring_enter|accept)$/) loop = call
    if (call ~ /^(read|recv|recvmsg)$/) in_read[$3] = call
    if (call ~ /^(write|send|sendmsg)$/) in_write[$3] = call
    next
}
$1 == "fd" { fd_of[$3] = $2; next }
$1 == "log" { logged[++log_count] = substr($0, 5); next }
$1 == "LISTEN" { backlog += $2; if (!address) address = $4; next }
$1 == "ESTAB" || $1 == "CLOSE-WAIT" { take_client(); next }

function value(key,    i) {
    for (i = 6; i <= NF; i++)
        if (index($i, key ":") == 1) return substr($i, length(key) + 2)
    return ""
}

function take_client(    key, inode) {
    key = $5
    client[++clients] = key
    unread[key] = $2
    unsent[key] = $3
    # What the kernel holds, the server has not read, or has written.
    received[key] = value("bytes_received") - unread[key]
    echoed[key] = value("bytes_acked") + unsent[key]
    idle[key] = value("lastrcv") + 0
    if (value("lastsnd") + 0 < idle[key]) idle[key] = value("lastsnd") + 0
    inode = value("ino")
    accepted[key] = inode > 0
    fd[key] = "socket:[" inode "]" in fd_of ? fd_of["socket:[" inode "]"] : "-"
    if (accepted[key]) open++
    sum += echoed[key] - old_echoed[key]
    known[key] = key in old
    moved[key] = known[key] && (received[key] > old_received[key] || \
        echoed[key] > old_echoed[key])
    if (fd[key] in in_read || fd[key] in in_write) blocking++
}

# --- what it comes to --------------------------------------------------------

# If all threads sleep, and some of them with a client, the others have none.
function state_of(key) {
    if (!accepted[key]) return "in the backlog"
    if (fd[key] in in_read) return "waiting in " in_read[fd[key]]
    if (fd[key] in in_write) return "waiting in " in_write[fd[key]]
    if (blocking && !awake && asked >= threads) return "has no thread"
    if (unsent[key] && known[key] && !moved[key]) return "waiting to write"
    if (unread[key] || moved[key]) return "being served"
    return "waiting to read"
}

function style_of(state) {
    if (state ~ /write|send/) return "33"
    if (state ~ /backlog|no thread/) return "36"
    return state == "being served" ? "32" : ""
}

function doing(    call) {
    call = loop ? loop : main_call
    if (stage == "05" && call == "epoll_wait") call = "kevent (epoll_wait)"
    for (i in in_read) if (!loop && threads == 1) call = call " of [" i "]"
    for (i in in_write) if (!loop && threads == 1) call = call " of [" i "]"
    return call == "" ? "running" : "waiting in " call
}

# Six characters at most.
function amount(bytes,    unit) {
    if (bytes < 100000) return bytes ""
    for (unit = 0; bytes >= 999.5; unit++) bytes /= 1000
    return sprintf(bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, \
        substr("kMGTPE", unit, 1))
}

function seconds(ms) {
    return sprintf(ms < 100000 ? "%.1f" : "%.0f", (ms < 0 ? 0 : ms) / 1000)
}

function plural(count, word) {
    return count " " word (count == 1 ? "" : "s")
}

# --- rows --------------------------------------------------------------------

function put(code, text) {
    if (row >= rows) return
    gsub(/[^ -~]/, "?", text)
    text = sprintf("%-" columns "." columns "s", text)
    if (colour && code != "") text = "\033[" code "m" text "\033[0m"
    printf "\033[%d;1H%s", ++row, text
}

# What does not fit is left out, the last columns first.
function column(line, text, format, width) {
    if (length(line) + 1 + width > columns) return line
    return line sprintf(" " format, text)
}

function cells(fd, name, state, received, echoed, time, unsent, unread, bar,
               line) {
    line = sprintf("%4s %-*.*s %-16.16s", fd, name_width, name_width, name, state)
    line = column(line, received, "%6s", 6)
    line = column(line, echoed, "%6s", 6)
    line = column(line, time, "%5s", 5)
    line = column(line, unsent, "%6s", 6)
    line = column(line, unread, "%6s", 6)
    return column(line, bar, "%s", 5)
}

function put_client(key,    left, full) {
    left = timeout_s * 1000 - idle[key]
    full = timeout_s > 0 ? int(left / timeout_s / 200 + 0.999) : 0
    put(style_of(state_of(key)), cells(fd[key], key, state_of(key), \
        amount(received[key]), amount(echoed[key]), \
        seconds(timeout_s > 0 ? left : idle[key]), \
        amount(unsent[key]), amount(unread[key]), \
        timeout_s > 0 ? substr("#####.....", 6 - full, 5) : ""))
}

# By descriptor if all fit; else those that wait to write, then those that moved
# last.
function rank_clients(all,    i, key) {
    for (i = 1; i <= clients; i++) {
        key = client[i]
        if (all) rank[key] = fd[key] == "-" ? 1e9 : fd[key] + 0
        else rank[key] = (state_of(key) ~ /write|send/ ? 0 : 1e9) + idle[key]
    }
}

function sort_clients(most,    i, j, least, key) {
    for (i = 1; i <= most; i++) {
        least = i
        for (j = i + 1; j <= clients; j++)
            if (rank[client[j]] < rank[client[least]]) least = j
        key = client[i]; client[i] = client[least]; client[least] = key
    }
}

function put_clients(room,    shown, i) {
    shown = clients <= room ? clients : room - 1
    rank_clients(shown == clients)
    sort_clients(shown)
    for (i = 1; i <= shown; i++) put_client(client[i])
    if (shown < clients) put("1", "     and " clients - shown " more")
}

function put_gone(line,    f) {
    split(line, f, " ")
    put("31", cells(f[4], f[3], "closed", amount(f[5]), amount(f[6]), "", "", ""))
}

# --- the whole ---------------------------------------------------------------

END {
    for (i = 1; i <= clients; i++) delete old[client[i]]
    for (key in old) {
        split(old[key], f, " ")
        if (f[1] != "-") gone[++gone_count] = "gone " now " " key " " old[key]
    }
    print_memory()
    took = now > before && before ? now - before : 0
    cpu = took ? (ticks - cpu_before) / hertz / took * 100 : 0
    rate = took ? int(sum / took) : 0
    draw()
}

function print_memory(    i) {
    print "time", now, ticks > memory
    for (i = 1; i <= gone_count; i++) print gone[i] > memory
    for (i = 1; i <= clients; i++)
        print "client", client[i], fd[client[i]], received[client[i]], \
            echoed[client[i]] > memory
}

function draw(    room, i, log_rows, host) {
    name_width = columns >= 86 ? 21 : 15
    put("7", " " name " on " address ": " doing())
    put("", sprintf(" %s, %d in the backlog  CPU %.0f %%  %s  %s%sB/s", \
        plural(open + 0, "client"), backlog, cpu, plural(threads, "thread"), \
        amount(rate), rate < 100000 ? " " : ""))
    put("1", cells("fd", "client", "state", "recvd", "echoed", \
        timeout_s > 0 ? "left" : "idle", "unsent", "unread"))
    log_rows = int(rows / 5)
    if (log_rows > log_count) log_rows = log_count
    room = rows - row - log_rows - 1
    if (gone_count > int(room / 3)) gone_count = int(room / 3)
    put_clients(room - gone_count)
    for (i = 1; i <= gone_count; i++) put_gone(gone[i])
    while (row < rows - log_rows - 1) put("", "")
    for (i = log_count - log_rows + 1; i <= log_count; i++) put("2", logged[i])
    host = address
    sub(/:[0-9]*$/, "", host)
    sub(/ .*/, "", port)
    put("1", " q: quit   nc " host " " port "   tests/crowd -d 9 " port)
}
