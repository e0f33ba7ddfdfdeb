# spans.awk: from what the clients say and what strace saw, a table of spans.
#
#     awk -v stage=NN -v poller=NAME -v timeout_ms=N -f spans.awk \
#         CLIENTS TRACE...
#
# CLIENTS is the output of clients, each TRACE that of strace -ff -ttt -T for
# one thread, the first one's for the thread that accepts. poller is what the
# stage calls what it sleeps in, nothing if it has none; timeout_ms is how long a
# client may move no byte, 0 for ever. A line of the table is, between tabs:
#
#     row  from  to  what  text        milliseconds since the clients started
#
# what is, of a client: silent, backlog, echo, flood, drain, or mark for a
# moment, or fuse: the time left until its deadline (text says which part of it
# is left at the end); of a thread: wait (text says in which call), run, or again
# (text says how many calls were answered with EAGAIN).

BEGIN {
    WAIT_MS = 2    # a call that takes less has not waited
    QUEUED_MS = 5  # nor has a connection that is accepted sooner
    MOVING_MS = 10 # bytes that come sooner after others are one move with them
    AGAIN_MS = 5   # less than that of EAGAIN is the end of a turn
    OFS = "\t"
}

function emit(row, from, to, what, text) {
    if (to < 0 || from > end_ms) return
    if (to > end_ms) to = end_ms
    if (from < 0) from = 0
    printf "%s\t%.2f\t%.2f\t%s\t%s\n", row, from, to, what, text
}

function ms(seconds) {
    return (seconds - start) * 1000
}

# --- what the clients say ----------------------------------------------------

FNR == 1 { file++ }

file == 1 && $1 == "start" { start = $2; end_ms = 1600; next }
file == 1 {
    said++
    who[said] = $1; since[said] = ms($2); until[said] = ms($3)
    does[said] = $4
    for (i = 5; i <= NF; i++) does[said] = does[said] " " $i
    next
}

# Until the server has accepted it, a client waits in the backlog, whatever else
# it believes that it does.
function tell_client(i,    name, queued_ms) {
    name = who[i]
    if (since[i] == until[i]) {
        emit(name, since[i], until[i], "mark", does[i])
        return
    }
    if (!(name in arrived_ms)) arrived_ms[name] = since[i]
    queued_ms = accepted_ms[name] - arrived_ms[name]
    if (queued_ms >= QUEUED_MS && until[i] > accepted_ms[name]) {
        emit(name, arrived_ms[name], accepted_ms[name], "backlog", "")
        arrived_ms[name] = accepted_ms[name]
    }
    if (queued_ms >= QUEUED_MS && until[i] <= accepted_ms[name]) return
    if (since[i] < arrived_ms[name]) since[i] = arrived_ms[name]
    # Between two words it is silent, but that is not what it does.
    if (does[i] == "silent" && until[i] - since[i] < WAIT_MS) return
    emit(name, since[i], until[i], does[i], "")
}

# --- what strace saw ---------------------------------------------------------

FNR == 1 { end_thread(); begin_thread() }

# The client that a descriptor is at that time: numbers are used again.
function client_of(fd, moment,    i) {
    for (i = accepts; i > 0; i--)
        if (fd_of[i] == fd && accept_ms[i] <= moment) return client_at[i]
    return ""
}

# A, B and C connect in this order, and so they are accepted.
function note_accept(to) {
    accepts++
    fd_of[accepts] = result + 0
    accept_ms[accepts] = to
    client_at[accepts] = substr("ABC", accepts, 1)
    accepted_ms[client_at[accepts]] = to
    light_fuse(client_at[accepts], to)
}

# A thread of 02 is named after its client, which is known when it reads.
function begin_thread() {
    row = ""
    if (file == 2) row = stage == "02" ? "main thread" : "one thread"
    reached = 0
}

# From 03 on only the poller sleeps: whatever else takes long was interrupted.
function may_wait(call) {
    return stage < "03" || call ~ /poll/
}

# --- deadlines ---------------------------------------------------------------

# Every byte that moves lights a new fuse. While bytes keep moving it is whole.
function light_fuse(client, moment) {
    if (!timeout_ms || client == "") return
    if (!(client in lit_ms)) {
        whole_ms[client] = moment
    } else if (moment - lit_ms[client] >= MOVING_MS) {
        show_whole_fuse(client)
        emit(client, lit_ms[client], moment, "fuse",
             left_of(moment - lit_ms[client]))
        whole_ms[client] = moment
    }
    lit_ms[client] = moment
}

function show_whole_fuse(client) {
    if (lit_ms[client] > whole_ms[client])
        emit(client, whole_ms[client], lit_ms[client], "fuse", 1)
}

function put_out_fuse(client) {
    if (!(client in lit_ms)) return
    show_whole_fuse(client)
    delete lit_ms[client]
}

function left_of(burnt_ms) {
    return burnt_ms > timeout_ms ? 0 : 1 - burnt_ms / timeout_ms
}

# --- a thread's spans --------------------------------------------------------

# Neighbours that do the same are one span.
function add(from, to, what, text) {
    if (count && kind[count] == what && note[count] == text) {
        to_ms[count] = to
        if (what == "again") calls[count]++
        return
    }
    count++
    from_ms[count] = from; to_ms[count] = to
    kind[count] = what; note[count] = text
    calls[count] = 1
}

function end_thread(    i, n) {
    # The end of a turn is part of running.
    n = 0
    for (i = 1; i <= count; i++) {
        if (kind[i] == "again" && to_ms[i] - from_ms[i] < AGAIN_MS)
            kind[i] = "run"
        if (n && kind[i] == "run" && kind[n] == "run") {
            to_ms[n] = to_ms[i]
            continue
        }
        n++
        from_ms[n] = from_ms[i]; to_ms[n] = to_ms[i]
        kind[n] = kind[i]; note[n] = note[i]; calls[n] = calls[i]
    }
    for (i = 1; i <= n; i++)
        emit(row, from_ms[i], to_ms[i], kind[i],
             kind[i] == "again" ? calls[i] : note[i])
    count = 0
}

$2 ~ /^[-+]/ { next }

{
    from = ms($1)
    call = $2
    sub(/\(.*/, "", call)
    fd = substr($2, length(call) + 2) + 0
    took = match($0, /<[0-9.]+>$/) ? substr($0, RSTART + 1) * 1000 : 0
    to = from + took
    result = $0
    sub(/.*\) += /, "", result)
    if (call ~ /^accept/ && result + 0 > 0) note_accept(to)

    peer = client_of(fd, to)
    if (call == "close" || result + 0 > 0 && call ~ /^(accept4?|read|write)$/)
        light_fuse(peer, to)
    if (call == "close") put_out_fuse(peer)
    if (row == "") row = "thread of " peer
    if (!reached) reached = from < 0 ? 0 : from

    what = "run"; text = ""
    if (call ~ /^accept/) text = "accept"
    else if (call == "read") text = "read from " peer
    else if (call == "write") text = "write to " peer
    else text = poller
    if (took >= WAIT_MS && may_wait(call)) {
        if (from - reached > 0) add(reached, from, "run", "")
        add(from, to, "wait", text)
    } else {
        add(reached, to, result ~ /EAGAIN/ ? "again" : "run", "")
    }
    reached = to
}

END {
    end_thread()
    for (i = 1; i <= said; i++) tell_client(i)
}
