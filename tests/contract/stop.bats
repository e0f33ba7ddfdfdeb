#!/usr/bin/env bats
# Contract 9: how a server ends.
# Stages: 04 05 06

load ../lib/helpers

setup() {
  about 9 "chapter 4, Ctrl-C is an event"
}

# The last line of our log, without its time.
ends_with() { # LINE
  is_ours || return 0
  [ "$(tail -n 1 "$server_log" | cut -c 10-)" = "$1" ] ||
    saw "the log ends with '$(tail -n 1 "$server_log")'"
}

@test "SIGTERM closes everything and the server exits with 0" {
  start_server
  start_crowd 7 50
  tell_client 7 wait
  stops_with TERM 0
  client_says 7 'the server closed all 50'
  end_client 7
  ends_with "stopped: served 50 connections, echoed 800 bytes"
  is_ours || return 0
  [ "$(count_log '\] closed: server stopping; echoed [0-9]* bytes$')" -eq 50 ]
}

@test "SIGINT does the same" {
  start_server
  client_does hello
  stops_with INT 0
  ends_with "stopped: served 1 connection, echoed 6 bytes"
}

@test "a server that had no client stops as well, and says so under -q" {
  if is_ours; then start_server -q; else start_server; fi
  stops_with TERM 0
  ends_with "stopped: served 0 connections, echoed 0 bytes"
  ! is_ours || [ "$(wc -l <"$server_log")" -eq 2 ]
}

@test "it stops in the middle of a flood" {
  start_server
  start_until 7 flooding flood
  stops_with TERM 0
}

@test "it stops while descriptors are out" {
  limit=40 start_server
  start_until 7 'connected 60' crowd 60
  tell_client 7 'hello 0 9'
  client_says 7 '^10 clients heard'
  stops_with TERM 0
}

# --- when the signal comes ---------------------------------------------------

@test "a signal that came while the server was suspended stops it" {
  start_server
  suspend_server
  signal_server TERM
  stops_with CONT 0
}

@test "a signal that is pending when the program starts is not lost" {
  only_ours "how it is started"
  env --block-signal=TERM true 2>/dev/null ||
    skip "env has no --block-signal here"
  : >"${server_log:=$scratch/server.log}"
  # shellcheck disable=SC2016  # for that shell
  env --block-signal=TERM sh -c 'kill -TERM $$; exec "$0" 0' "$SERVER" \
    2>"$server_log" 3>&- &
  server_pid=$!
  eventually has_ended "$server_pid" ||
    saw "a signal that was pending at exec has been lost"
  server_pid=
}

# What a server calls before it waits, by the names that strace knows.
set_up=rt_sigprocmask,rt_sigaction,signalfd4,epoll_create1,epoll_ctl,socket,bind,listen,getsockname,ioctl,write

# Starts the server below strace, which notes its calls in $calls.
trace_start() { # [STRACE-OPTION]...
  calls=$scratch/calls
  : >"$calls"
  limited strace -o "$calls" -e "trace=$set_up,epoll_wait,epoll_pwait" "$@" \
    "$SERVER" 0 >"$scratch/out" 2>&1 3>&- &
  tracer=$!
}

# The signal comes at the first call, at the second, and so on.
# bats test_tags=slow
@test "at whatever call of its start a signal comes, it ends the server" {
  can_trace
  trace_start
  background+=("$tracer")
  eventually grep -q '^epoll_p*wait' "$calls" || saw "it does not wait"
  sed -e '/^epoll_p*wait/,$d' -e 's/(.*//' "$calls" >"$scratch/names"
  [ "$(wc -l <"$scratch/names")" -ge 10 ]
  for ((n = 1; n <= $(wc -l <"$scratch/names"); n++)); do
    # strace counts every call by its name.
    name=$(sed -n "${n}p" "$scratch/names")
    count=$(head -n "$n" "$scratch/names" | grep -cx "$name")
    trace_start -e "inject=$name:signal=SIGTERM:when=$count"
    status=0
    wait "$tracer" || status=$?
    # Then it had to be killed.
    if [ "$status" -eq 137 ]; then
      saw "SIGTERM at call $n of its start, $name, was lost"
      return 1
    fi
  done
}

# --- 06: stopping is one more deadline ---------------------------------------

stage_06() {
  about 9 "chapter 6, the stop"
  from_stage 06 "04 and 05 close their clients at once"
}

# A client that has sent more than it reads: the server has unsent bytes for it.
start_full_client() {
  connect 5
  head -c 67108864 /dev/zero >&5 3>&- &
  background+=("$!")
  wait_for_log 'write would block'
}

bytes_received() {
  sed -n 's/.*received \([0-9]*\) byte.*/\1/p' "$server_log" |
    awk '{ sum += $1 } END { print sum }'
}

bytes_echoed() {
  sed -n 's/.*closed: .*; echoed \([0-9]*\) byte.*/\1/p' "$server_log"
}

@test "to stop, what was received is sent to a client that reads it" {
  stage_06
  only_ours "the log"
  start_server -v --timeout 60
  start_full_client
  kill -TERM "$server_pid"
  wait_for_log 'a signal'
  cat <&5 >/dev/null 3>&- &
  stops_with CONT 0 # it has had its signal
  [ "$(count_log 'closed: server stopping')" -eq 1 ]
  [ "$(bytes_echoed)" -eq "$(bytes_received)" ] ||
    saw "$(bytes_received) bytes were received, $(bytes_echoed) echoed"
}

# However much of it was still on its way.
@test "to stop, a client that has sent everything before gets everything back" {
  stage_06
  only_ours "options"
  for bytes in {1..6}000000; do
    start_server -q --timeout 60
    start_until 7 'stuck after\|sent all' no-read "$bytes"
    grep -q 'sent all' "$scratch/client7.out" ||
      skip "the buffers here are too small for a client to have sent all"
    kill -TERM "$server_pid"
    tell_client 7 go
    client_says 7 "^echoed $bytes bytes"
    end_client 7
    stops_with CONT 0 # it has had its signal
  done
}

# A client with unsent bytes may have up to a second, a silent one 100 ms.
@test "to stop, a silent client is not waited for, and a stuck one for a second" {
  stage_06
  only_ours "the log"
  start_server -v --timeout 60
  start_client 7 silent
  wait_for_log accepted
  stops_with TERM 0
  stopped_within 0 0.6
  start_server -v --timeout 60
  start_full_client
  stops_with TERM 0
  stopped_within 0.9 5
  [ "$(bytes_echoed)" -lt "$(bytes_received)" ]
}

# By the server's own clock: the machine may be busy, and a sanitizer looks for
# leaks before it lets go.
stopped_within() { # LOW HIGH
  awk -v low="$1" -v high="$2" '/a signal/ { signal = $1 } /stopped:/ { stopped = $1 }
    END { took = stopped - signal; exit !(low <= took && took <= high) }' \
    "$server_log" || saw "the stop took another time than $1 to $2 s"
}

@test "to stop, a second signal ends the wait at once" {
  stage_06
  only_ours "the log"
  start_server -v --timeout 60
  start_full_client
  kill -TERM "$server_pid"
  # The listener is closed as soon as the first signal has come.
  while "$client" "$address" hello >/dev/null 2>&1; do sleep 0.01; done
  stops_with INT 0
  wait_for_log 'a signal' 2
  stopped_within 0 0.5
}

crowd_is_there() {
  [ "$(descriptors)" -gt 1400 ]
}

# A machine may be busy: one good time out of three is enough. A server that has
# to wait takes 0.8 s each time.
# bats test_tags=slow
@test "to stop, a second signal ends the wait also beside a thousand floods" {
  stage_06
  only_ours "the log"
  only_linux "elsewhere date knows no nanoseconds"
  [ -x "$root/tests/crowd" ] || skip "crowd is not built"
  has_descriptors 3100
  all_descriptors
  for _ in 1 2 3; do
    start_server -q --timeout 60
    "$root/tests/crowd" -c 1500 -s 60000 -p 4 -d 60 --warm-up 0 "$address" \
      >"$scratch/crowd" 2>&1 3>&- &
    background+=("$!")
    eventually crowd_is_there || saw "the crowd does not connect"
    sleep 0.5 # they flood
    kill -TERM "$server_pid"
    sleep 0.2
    before=$(date +%s%N)
    stops_with INT 0
    took=$((($(date +%s%N) - before) / 1000000))
    [ "$took" -gt 500 ] || return 0
    stop_server
  done
  saw "after the second signal it took $took ms"
}
