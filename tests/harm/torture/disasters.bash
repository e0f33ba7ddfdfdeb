# disasters.bash: what can happen to a server on any day, a function each.
#
# A disaster starts the server, does its worst by the means of server.bash, and
# says what the server did: `did WORD [NOTE]` for the table, `measured FACT` for
# whoever wants to know more. `saw SENTENCE` ends it: that is not what the
# contract says. Its server is told to stop afterwards (SIGTERM), and has to.
# When it is in full swing it says `midway`: there, the disaster sigterm strikes.

# Name and description, in the order of the table.
disasters() {
  cat <<'END'
reset-in-transfer   1,000 clients reset while their bytes move
end-then-reset      data, FIN and RST are there before the server looks (SIGPIPE)
close-unread        200 clients close with an echo unread
write-to-closed     a client closes while the server waits for room to write
half-close          8 MiB, then FIN: all of it has to come back
byte-by-byte        1,000 bytes, each sent when the one before is back
one-gib             1 GiB through one connection, every byte compared
slow-1              a client sends and does not read, and what that takes
slow-50             50 clients send and do not read, and what each takes
slow-1000           1,000 clients send and do not read
zero-window         a client's window stays closed, and opens again
short-writes        the socket takes less than it is given, again and again
urgent              one urgent byte among others
slow-loris          a byte now and then, beside a client that says nothing
simultaneous        5,000 clients whose time is up together
suspended           the server is stopped (SIGSTOP) longer than the deadline
descriptors-16      a limit of 16 descriptors, and 200 clients wait
descriptors-64      a limit of 64 descriptors, and 200 clients wait
connect-flood       20,000 clients connect at once, or as many as the limit lets
flooded-listener    one of three listeners is flooded with connections
path-deleted        the path of a Unix socket is removed, and taken by a file
enfile              accept: the system has no file left (ENFILE)
enomem              accept and what follows: no memory (ENOMEM)
enobufs             accept: no buffers (ENOBUFS)
econnaborted        accept: the client has gone already (ECONNABORTED)
eintr               signals interrupt all calls that wait (EINTR)
eagain              calls say "not now" out of turn (EAGAIN)
no-thread           there is no room for another thread
no-memory           30 clients do not read, and there is no memory for them
every-call          calls of the server fail once, in every way that they can
sigterm             SIGTERM while each of these is in full swing
END
}

# Why a cell of the table is different, by the nature of the stage.
note() { # LETTER
  case $1 in
    a) echo "01 serves one client after the other: the others wait, and get" \
      "their turn. That is its lesson." ;;
    b) echo "Without --poll, 03 asks all the time: idle, it takes a core. That" \
      "is its lesson." ;;
    c) echo "Only 06 has deadlines; the others keep whoever is silent." ;;
    d) echo "01 and 02 have one listener." ;;
    e) echo "01 and 02 keep nothing for a slow reader; only 02 starts" \
      "threads." ;;
    f) echo "With --workers=50, 50 clients are served at a time: the others" \
      "wait in the channel and the backlog." ;;
    g) echo "04 to 06 exit with 0 after an orderly stop, 01 to 03 die of the" \
      "signal." ;;
  esac
}

# --- what the disasters have in common ---------------------------------------

is_stage() { # FIRST LAST
  [ "$((10#$stage))" -ge "$1" ] && [ "$((10#$stage))" -le "$2" ]
}

is_column() { # COLUMN
  [ "$column" = "$1" ]
}

# Only there, who waits is another client.
in_turn() {
  is_stage 1 1
}

# For disasters that last: 06's clients may be silent for a while.
start_patient() {
  if is_stage 6 6 && is_ours; then start_server --timeout 60; else start_server; fi
}

# Afterwards somebody else is served, and no descriptor has been lost.
goes_on() {
  client_does hello
  [ ! -d "/proc/$server_pid/fd" ] || [ -z "${open_before:-}" ] || {
    descriptors_return_to "$open_before"
    measured "$open_before descriptors before and after"
  }
}

count_descriptors() {
  client_does hello
  open_before=
  [ ! -d "/proc/$server_pid/fd" ] || open_before=$(descriptors)
}

# The CPU stays idle for a second; 03 has its lesson.
stays_idle() {
  local percent
  percent=$(cpu_percent)
  measured "CPU $percent %"
  ! is_column 03 || return 0
  [ "$percent" -le 5 ] || saw "meanwhile the server took $percent % of a core"
}

waited() {
  if in_turn; then
    did 'in turn' a
  elif is_column 03; then
    did waited b
  else
    did waited
  fi
}

# --- clients that break ------------------------------------------------------

reset_in_transfer() {
  start_server
  count_descriptors
  start_client 7 reset 1000
  midway accepted 20
  client_says 7 '^reset 1000'
  end_client 7
  goes_on
  did 'went on'
}

end_then_reset() {
  local i
  start_server
  count_descriptors
  suspend_server
  for i in {1..20}; do client_does linger-reset; done
  client_does abort 100
  midway
  resume_server
  goes_on
  did 'went on'
}

close_unread() {
  start_server
  count_descriptors
  start_client 7 unread 200
  midway accepted 20
  client_says 7 '^left 200'
  end_client 7
  goes_on
  did 'went on'
}

write_to_closed() {
  local i
  start_server
  count_descriptors
  for i in 1 2 3; do
    start_client 7 fill-after-close
    [ "$i" -lt 3 ] || midway accepted 4
    client_says 7 'the server lives'
    end_client 7
  done
  goes_on
  did 'went on'
}

urgent() {
  start_server
  start_client 7 urgent
  midway accepted
  client_says 7 '^heard'
  measured "$(cat "$scratch/client7.out")"
  end_client 7
  goes_on
  did 'went on'
}

# --- every byte --------------------------------------------------------------

half_close() {
  start_server
  start_client 7 half-close 8388608
  midway received
  client_says 7 '^echoed'
  end_client 7
  did served
}

byte_by_byte() {
  start_server
  start_client 7 drip 1000
  midway 'received 1 byte' 100
  client_says 7 '^echoed 1000 bytes'
  end_client 7
  did served
}

one_gib() {
  local seconds
  start_server
  start_client 7 bulk 1073741824
  midway received 100
  client_says 7 '^echoed 1073741824 bytes'
  seconds=$(sed -n 's/.* in \([0-9.]*\)[0-9][0-9] s$/\1/p' "$scratch/client7.out")
  end_client 7
  measured "1 GiB came back in $seconds s"
  did "in $seconds s"
}

# --- who does not read -------------------------------------------------------

slow_readers() { # COUNT
  local before grown
  start_patient
  client_does half-close 1048576
  before=$(memory_kb)
  start_client 7 slow "$1"
  client_says 7 'stuck'
  midway
  grown=$(($(memory_kb) - before))
  in_turn || ! fit "$1" || client_does hello
  tell_client 7 go
  client_says 7 '^echoed'
  measured "$grown KiB in all while they did not read; $(
    tail -n 1 "$scratch/client7.out")"
  end_client 7
  # A read buffer of 64 KiB, and what an allocator or a stack has around it.
  [ -n "${SAN:-}" ] || [ "$grown" -le $(($1 * 80 + 192)) ] ||
    saw "$1 slow readers cost the server $grown KiB"
  if in_turn; then
    did 'in turn' a
  elif fit "$1"; then
    did "$(((grown + $1 - 1) / $1)) KiB"
  else
    did 'in turn' f
  fi
}

slow_1() {
  slow_readers 1
}

slow_50() {
  slow_readers 50
}

slow_1000() {
  slow_readers 1000
}

zero_window() {
  start_patient
  # On a busy machine a client can take a slow server for one that is stuck.
  closes_window || { end_slow_client; closes_window; } ||
    saw "the window does not close"
  midway
  stays_idle
  end_slow_client
  waited
}

# The kernel asks the client from time to time whether there is room now.
closes_window() {
  local end=$((SECONDS + 10))
  start_client 7 slow 1
  client_says 7 'stuck'
  command -v ss >/dev/null || return 0
  until ss -tno "sport = :$port" | grep -q 'timer:(persist'; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.02
  done
  measured "ss: timer:(persist)"
}

end_slow_client() {
  tell_client 7 go
  client_says 7 '^echoed'
  end_client 7
}

# From 03 on a write is short when the socket is full. Blocking, it waits.
short_writes() {
  local short
  start_patient
  if command -v strace >/dev/null && is_ours && is_stage 3 6 && [ -z "${SAN:-}" ]; then
    trace_server write
  fi
  start_client 7 slow 5
  client_says 7 'stuck'
  midway
  tell_client 7 go
  client_says 7 '^echoed'
  measured "$(tail -n 1 "$scratch/client7.out")"
  end_client 7
  if [ -n "${calls:-}" ]; then
    end_trace
    short=$(awk '/ write\(/ && $NF > 0 && $NF < $(NF - 2) + 0 { n++ }
      END { print n + 0 }' "$calls")
    measured "$short writes were short"
    [ "$short" -gt 0 ] || saw "the writes were not short: nothing was tried"
  fi
  if in_turn; then did 'in turn' a; else did served; fi
}

no_memory() {
  local now_kb
  is_stage 3 6 || does_not_apply e
  command -v prlimit >/dev/null || skip "prlimit is missing"
  without_sanitizers "they need more memory than this allows"
  start_patient
  client_does hello
  now_kb=$(sed -n 's/^VmSize:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server_pid/status")
  prlimit --pid "$server_pid" --as=$((now_kb * 1024))
  start_client 7 slow 30
  client_says 7 'stuck'
  midway
  client_does drip 20
  tell_client 7 go
  client_says 7 '^echoed'
  measured "$(tail -n 1 "$scratch/client7.out")"
  end_client 7
  did served
}

# --- time --------------------------------------------------------------------

slow_loris() {
  local i
  if is_stage 6 6 && is_ours; then start_server --timeout 1; else start_server; fi
  connect 5
  in_turn || start_client 8 silent
  for i in 1 2 3 4 5; do
    printf '%s' "$i" >&5
    IFS= read -r -t "$PATIENCE" -n 1 -u 5 heard ||
      saw "a client that says a byte every 0.4 s heard nothing"
    [ "$heard" = "$i" ] || saw "a client said '$i' and heard '$heard'"
    [ "$i" -ne 2 ] || midway
    sleep 0.4
  done
  say 5 alive
  hears 5 alive
  disconnect 5
  if is_stage 6 6; then
    client_says 8 '^closed by the server after'
    measured "with a byte every 0.4 s a client stayed 2 s, of a deadline of 1;" \
      "a silent one was $(tail -n 1 "$scratch/client8.out")"
    did 'closed it'
  elif in_turn; then
    did 'kept it' c
  else
    end_client 8
    did 'kept it' c
  fi
}

simultaneous() {
  local late
  is_stage 6 6 || does_not_apply c
  [ "$(ulimit -H -n)" = unlimited ] || [ "$(ulimit -H -n)" -ge 5100 ] ||
    skip "the limit of descriptors is $(ulimit -H -n)"
  is_ours || skip "it would have to be told the deadline"
  start_server --timeout 1
  start_client 7 crowd 5000
  client_says 7 'connected 5000'
  tell_client 7 wait
  midway
  wait_for_log 'closed: idle' 5000
  # By its own log, from accept to close, the worst and the earliest.
  late=$(awk '$3 == "accepted" { since[$2] = $1 }
    /closed: idle/ { ms = ($1 - since[$2]) * 1000 - 1000
      if (ms > worst) worst = ms; if (ms < 0) early++ }
    END { printf "%d", early ? -1 : worst }' "$server_log")
  measured "5,000 deadlines of 1 s, the worst $late ms late by the server's log"
  [ "$late" -ge 0 ] || saw "somebody was closed before the time was up"
  # 50 ms on an idle machine.
  [ "$late" -le 1000 ] || saw "somebody was closed $late ms late"
  client_says 7 'the server closed all 5000'
  end_client 7
  did "$late ms late"
}

# Those who had sent are more than a loop hears of at a time: some of them are
# late when it looks, and get their last try.
suspended() {
  local seconds=3 clients=200
  if is_stage 6 6 && is_ours; then start_server --timeout 2; else start_server; fi
  is_ours || ! is_stage 6 6 || seconds=7
  fit "$clients" || clients=40
  in_turn && clients=1
  start_client 7 crowd "$clients"
  client_says 7 "connected $clients"
  in_turn || { connect 6; say 6 before; hears 6 before; }
  ! is_ours || wait_for_log accepted "$clients"
  suspend_server
  tell_client 7 hello
  midway
  sleep "$seconds"
  resume_server
  client_says 7 "^$clients clients heard"
  tell_client 7 hello # they have not been served as a last favour
  end_client 7
  [ "$(grep -c heard "$scratch/client7.out")" -eq 2 ] ||
    saw "they were served once, and then no more"
  measured "stopped for $seconds s; $clients who had sent were served"
  if is_stage 6 6; then
    ! read -r -t "$PATIENCE" -u 6 || saw "a silent client heard something"
    measured "the silent one was closed"
    did "served $clients"
  elif in_turn; then
    did served c
  else
    say 6 after
    hears 6 after
    did served c
  fi
}

# --- more clients than there is room for -------------------------------------

descriptors_out() { # LIMIT
  local lines log_lines
  limit=$1 start_patient
  start_client 7 crowd "$1"
  client_says 7 "connected $1"
  start_client 8 burst 200
  client_says 8 'connected 200'
  if is_ours && ! in_turn && fit "$1"; then
    wait_for_log 'warning: cannot accept: Too many open files'
  fi
  midway
  lines=$(wc -l <"$server_log")
  stays_idle
  log_lines=$(($(wc -l <"$server_log") - lines))
  measured "$log_lines lines of log in that second"
  ! is_ours || [ "$log_lines" -le 1 ] ||
    saw "in a second without descriptors it logged $log_lines lines"
  end_client 7
  client_says 8 '^served all 200'
  measured "then $(tail -n 1 "$scratch/client8.out")"
  end_client 8
  waited
}

descriptors_16() {
  descriptors_out 16
}

descriptors_64() {
  descriptors_out 64
}

connect_flood() {
  local most
  most=$(ulimit -H -n)
  [ "$most" != unlimited ] && [ "$most" -lt 20100 ] || most=20100
  start_patient
  start_client 7 burst $((most - 100))
  midway accepted 1000
  client_says 7 '^served all'
  measured "$(tail -n 1 "$scratch/client7.out")"
  end_client 7
  did served
}

# Somebody at each of the others is served while one is flooded.
flooded_listener() {
  local flooded worst=0 second third where ms
  is_stage 3 6 || does_not_apply d
  is_ours || skip "it would have to be told the addresses"
  start_server -- 0 0 "unix:$scratch/third"
  second=$(sed -n 's/.* listening on \(127.*\)/\1/p' "$server_log" | sed -n 2p)
  third=unix:$scratch/third
  flood_connections &
  flooded=$!
  background+=("$flooded")
  wait_for_log accepted 500
  midway
  for where in "$second" "$third" "$second" "$third" "$second" "$third"; do
    address=$where client_does hello
    ms=$(echo "$output" | awk '{ printf "%d", $3 * 1000 + 1 }')
    [ "$ms" -le "$worst" ] || worst=$ms
  done
  kill -0 "$flooded" || saw "the flood was over too soon"
  kill "$flooded"
  wait "$flooded" 2>/dev/null
  measured "a hello at the others took $worst ms at most; meanwhile" \
    "$(count_log accepted) clients in all"
  [ "$worst" -le 2000 ] || saw "a hello at another listener took $worst ms"
  did 'served all'
}

flood_connections() {
  local flood
  trap 'kill "$flood"; exit' TERM
  while "$client" -t "$CLIENT_PATIENCE" "$address" burst 3000 >/dev/null 2>&1; do
    :
  done &
  flood=$!
  wait
}

# --- addresses ---------------------------------------------------------------

path_deleted() {
  local path=$scratch/socket
  is_ours || skip "it would have to be told the path"
  if is_stage 3 6; then
    start_server -- 0 "unix:$path"
  else
    start_server -- "unix:$path"
  fi
  address=unix:$path start_client 7 crowd 1
  tell_client 7 hello
  client_says 7 '^1 clients heard'
  rm "$path"
  echo precious >"$path"
  midway
  is_stage 1 2 || client_does hello
  tell_client 7 'hello 0 0'
  end_client 7
  [ "$(grep -c heard "$scratch/client7.out")" -eq 2 ] || saw "the client was not served to its end"
  end_in_order
  [ "$(cat "$path")" = precious ] || saw "the server removed what is not its own"
  did 'went on'
}

# --- calls that fail ---------------------------------------------------------

# Everything that a stage waits with, whatever it is called here.
WAITS=accept,read,write,poll,epoll_wait

only_strace() {
  is_ours || skip "it is not known what a reader's server calls"
  command -v strace >/dev/null || skip "strace is missing"
  without_sanitizers "they and strace exclude each other"
}

# Runs a session of two clients after another under INJECTIONs.
session_with() { # CALLS [INJECTION]...
  start_server
  trace_server "$@"
  client_does half-close 100000
  midway
  client_does drip 3
  client_does hello
  warnings=$(count_log warning)
  end_trace
  injected=$((${injected:-0} + $(grep -c INJECTED "$calls")))
  [ "$injected" -gt 0 ] || saw "no call has failed: nothing was tried"
}

fails_in_accept() { # ERROR
  only_strace
  session_with "$WAITS" "accept:error=$1:when=1"
  [ "$warnings" -le 1 ] || saw "$1 was warned of $warnings times"
}

enfile() {
  fails_in_accept ENFILE
  measured "$injected calls failed, $warnings warning"
  did waited
}

enobufs() {
  fails_in_accept ENOBUFS
  measured "$injected calls failed, $warnings warning"
  did waited
}

enomem() {
  fails_in_accept ENOMEM
  # Accepted, and then there is no memory to keep it: it is tried again.
  is_stage 1 2 || session_with "$WAITS,fcntl" fcntl:error=ENOMEM:when=1
  is_stage 1 3 || session_with "$WAITS,epoll_ctl" epoll_ctl:error=ENOMEM:when=1
  measured "$injected calls failed"
  did waited
}

econnaborted() {
  only_strace
  session_with "$WAITS" "accept:error=ECONNABORTED:when=1..3"
  [ "$warnings" -eq 0 ] || saw "it warned of a client that had gone"
  measured "$injected calls failed"
  did 'went on'
}

eintr() {
  local first
  only_strace
  for first in 1 2 3; do
    session_with "$WAITS" "$WAITS:error=EINTR:when=$first+3"
  done
  measured "$injected calls failed"
  did 'went on'
}

eagain() {
  only_strace
  session_with "$WAITS" "read,write:error=EAGAIN:when=4+4"
  measured "$injected calls failed"
  did 'went on'
}

# A few of the faults that `make faults` lets happen, all of them from a start
# that is another one each time.
every_call() {
  local seed=${SEED:-$((RANDOM % 1000))} walked
  [ -z "$strike" ] || does_not_apply # its sessions have a SIGTERM of their own
  [ -x build/tests/session ] || skip "macOS has no LD_PRELOAD"
  without_sanitizers "they want to be loaded first, too"
  STAGE=$stage SERVER=$own_server VARIANT=$(fault_variant) SAMPLE=1 \
    SEED=$seed JOBS=8 tests/harm/faults/walk >"$scratch/walk" 2>&1 ||
    saw "$(grep -m 1 -e 'without a fault: ' -e '^  [a-z].*: ' "$scratch/walk")"
  walked=$(tail -n 1 "$scratch/walk")
  measured "$walked (SEED=$seed; make faults tries more)"
  did "${walked%% *} faults"
}

# What the variant of a column is called there.
fault_variant() {
  case $column in
    *,*) echo "${column#*,}" ;;
    *) [ -n "$own_server" ] || echo plain ;;
  esac
}

# --- threads -----------------------------------------------------------------

no_thread() {
  local taken
  is_stage 2 2 || does_not_apply e
  is_ours || skip "it is not known what a reader's threads need"
  without_sanitizers "they need more addresses than this allows"
  [ -d /proc/self/fd ] || skip "addresses are not limited here"
  if is_column 02,--workers; then
    (ulimit -v 8000 &&
      exec timeout --foreground 5 "$SERVER" --workers 1000 0) \
      >"$scratch/server.out" 2>"$scratch/server.log"
    [ $? -eq 1 ] || saw "it started although there was no room for its workers"
    did refused
    return
  fi
  memory_kb=8000 start_server
  start_client 7 crowd 50
  client_says 7 'connected 50'
  wait_for_log 'warning: cannot accept: Resource temporarily unavailable'
  midway
  stays_idle
  [ "$(count_log warning)" -eq 1 ] || saw "it warned $(count_log warning) times"
  taken=$(($(count_log accepted) - 1))
  tell_client 7 "hello 0 $((taken - 1))"
  client_says 7 "^$taken clients heard"
  tell_client 7 'leave 20'
  client_says 7 'left, 30 remain'
  tell_client 7 'hello 0 29'
  client_says 7 '^30 clients heard'
  end_client 7
  measured "$taken threads started, then one of 50 had to wait; 1 warning"
  did waited
}

# --- SIGTERM in the midst of it ----------------------------------------------

sigterm() {
  local other tried=0
  for other in $(disaster_names); do
    [ "$other" != sigterm ] || continue
    strike=midway try_cell "$other" "$scratch/$other"
    case $(cell_mark "$scratch/$other") in
      good) tried=$((tried + 1)) ;;
      bad) saw "in the middle of $other: $(cell_saw "$scratch/$other")" ;;
    esac
  done
  measured "in $tried disasters"
  did "all $tried" g
}
