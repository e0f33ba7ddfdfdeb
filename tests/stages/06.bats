#!/usr/bin/env bats
# What is special to 06: deadlines, and a stop that is one more of them.
# Times are in seconds; a limit is at least five times what it limits.

STAGE=06
load ../lib/helpers

setup() {
  treated_in "chapter 6, deadlines"
  # A reader's server has five seconds; ours are told how long.
  timeout=0.5
  [ -z "${FOREIGN:-}" ] || timeout=5
}

teardown() {
  stop_server
}

start_with_timeout() {
  if [ -n "${FOREIGN:-}" ]; then
    start_server
  else
    start_server --timeout "$timeout"
  fi
}

# How long a silent client is tolerated.
silent_for() {
  start_client 8 silent
  client_says 8 'closed by the server' || return
  sed -n 's/^closed by the server after \([0-9.]*\) s$/\1/p' \
    "$BATS_TEST_TMPDIR/client8.out"
  end_client 8
}

# Whether a number of seconds is between two others.
between() { # LOW NUMBER HIGH
  awk -v low="$1" -v number="$2" -v high="$3" \
    'BEGIN { exit !(low <= number && number <= high) }'
}

@test "a silent client is closed, not before its time and soon after" {
  start_with_timeout
  seconds=$(silent_for)
  between "$timeout" "$seconds" "$(awk "BEGIN { print $timeout + 2.5 }")" ||
    saw "a silent client was closed after $seconds s, not $timeout"
  is_ours || return 0
  wait_for_log '\] closed: idle for 0.5 s; echoed 0 bytes$'
}

@test "by its own log, the server is at most a moment late" {
  only_ours "the log"
  start_server --timeout 0.5
  silent_for
  wait_for_log 'closed: idle'
  seconds=$(awk '/accepted/ { start = $1 } /closed/ { print $1 - start }' "$server_log")
  between 0.5 "$seconds" 0.75 || saw "a silent client was closed after $seconds s"
}

@test "the reason shows the seconds as they were given" {
  only_ours "the log"
  start_server --timeout 0.125
  silent_for
  wait_for_log '\] closed: idle for 0.125 s; echoed 0 bytes$'
  stop_server
  start_server -t 1
  silent_for
  wait_for_log '\] closed: idle for 1 s; echoed 0 bytes$'
}

@test "without --timeout a client has five seconds" {
  start_server
  seconds=$(silent_for)
  between 5 "$seconds" 7.5 || saw "a silent client was closed after $seconds s"
}

@test "who talks stays, for as long as it talks" {
  [ -n "${FOREIGN:-}" ] || timeout=1
  start_with_timeout
  connect 5
  pause=$(awk "BEGIN { print $timeout / 5 }")
  for word in one two three four five six seven eight nine ten; do
    say 5 "$word"
    hears 5 "$word"
    sleep "$pause"
  done
  say 5 eleven
  hears 5 eleven
}

@test "a client that does not read is closed, too" {
  # It takes the client a moment to find that it is stuck.
  [ -n "${FOREIGN:-}" ] || timeout=2
  start_with_timeout
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  if ! is_ours; then
    # Twice: a last try may find some room, too little to be told of.
    sleep 11
    tell_client 7 go
    client_says 7 'closed\|reset\|cannot send'
    return
  fi
  wait_for_log "\\] closed: idle for 2 s; echoed [1-9][0-9]* bytes\$"
}

@test "a write alone gives a client a new deadline" {
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  start_server -q --timeout 4
  connect 5
  # For three seconds the client does not read, as far as the server can see.
  trace_server write write:error=EAGAIN:delay_enter=1000000:when=1..3
  say 5 hello
  hears 5 hello
  start=$(date +%s)
  run read -r -t "$PATIENCE" -u 5
  seconds=$(($(date +%s) - start))
  [ "$seconds" -ge 4 ] || saw "a client was closed $seconds s after it was written to"
  end_trace
}

@test "thousands of clients whose time is up together are all closed in time" {
  only_linux "elsewhere the backlog is short"
  start_with_timeout
  ulimit -S -n "$(ulimit -H -n)"
  [ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 5100 ] || skip "the limit is $(ulimit -n)"
  start_client 7 crowd 5000
  client_says 7 'connected 5000'
  tell_client 7 wait
  client_says 7 'the server closed all 5000'
  first=$(sed -n 's/.*first after \([0-9.]*\) s.*/\1/p' "$BATS_TEST_TMPDIR/client7.out")
  last=$(sed -n 's/.*last after \([0-9.]*\) s.*/\1/p' "$BATS_TEST_TMPDIR/client7.out")
  between "$timeout" "$first" 100 || saw "one of 5000 was closed after $first s"
  between 0 "$last" "$(awk "BEGIN { print $timeout + 2.5 }")" ||
    saw "one of 5000 was closed only after $last s"
  end_client 7
}

@test "a flood does not hold deadlines up" {
  start_with_timeout
  start_client 7 flood
  client_says 7 flooding
  seconds=$(silent_for)
  between "$timeout" "$seconds" "$(awk "BEGIN { print $timeout + 2.5 }")" ||
    saw "beside a flood a silent client was closed after $seconds s"
  end_client 7
}

@test "after a long suspension those who had sent are served, the silent closed" {
  [ -n "${FOREIGN:-}" ] || timeout=1
  start_with_timeout
  connect 5
  connect 6
  say 5 before
  hears 5 before
  say 6 before
  hears 6 before
  suspend_server
  say 5 meanwhile
  sleep "$(awk "BEGIN { print 2 * $timeout }")"
  resume_server
  hears 5 meanwhile
  run read -r -t "$PATIENCE" -u 6
  [ "$status" -eq 1 ] || saw "the silent client was not closed"
}

@test "deadlines cost no CPU time while nobody's is up" {
  only_ours "options"
  start_server --timeout 60
  start_client 7 crowd 100
  client_says 7 'connected 100'
  percent=$(cpu_percent)
  [ "$percent" -le 5 ] || saw "waiting took $percent % of a core"
  end_client 7
}

# --- the stop ----------------------------------------------------------------

# A client that has sent more than it reads: the server has unsent bytes for it.
start_full_client() {
  connect 5
  head -c 67108864 /dev/zero >&5 3>&- &
  sender=$!
  wait_for_log 'write would block'
}

bytes_received() {
  sed -n 's/.*received \([0-9]*\) byte.*/\1/p' "$server_log" |
    awk '{ sum += $1 } END { print sum }'
}

bytes_echoed() {
  sed -n 's/.*closed: .*; echoed \([0-9]*\) byte.*/\1/p' "$server_log"
}

@test "to stop, what was received is sent to whoever reads it" {
  treated_in "chapter 6, the stop"
  only_ours "the log"
  start_server -v --timeout 60
  start_full_client
  kill -TERM "$server_pid"
  wait_for_log 'a signal\|is ready'
  cat <&5 >/dev/null 3>&- &
  status=0
  wait "$server_pid" || status=$?
  server_pid=
  [ "$status" -eq 0 ]
  [ "$(count_log 'closed: server stopping')" -eq 1 ]
  [ "$(bytes_echoed)" -eq "$(bytes_received)" ] ||
    saw "$(bytes_received) bytes were received, $(bytes_echoed) echoed"
}

@test "to stop, whoever has sent everything before gets everything back" {
  treated_in "chapter 6, the stop"
  start_server --timeout 60
  start_client 7 no-read 8388608
  client_says 7 'stuck after\|sent all'
  grep -q 'sent all' "$BATS_TEST_TMPDIR/client7.out" ||
    skip "the buffers here are too small for a client to have sent all"
  kill -TERM "$server_pid"
  tell_client 7 go
  client_says 7 '^echoed 8388608 bytes'
  end_client 7
  status=0
  wait "$server_pid" || status=$?
  server_pid=
  [ "$status" -eq 0 ] || saw "the exit status is $status"
}

@test "to stop, nobody is waited for longer than a second or so" {
  treated_in "chapter 6, the stop"
  only_ours "the log"
  start_server -v --timeout 60
  start_full_client
  before=$(date +%s)
  end_server TERM
  [ "$status" -eq 0 ]
  [ $(($(date +%s) - before)) -ge 1 ]
  [ $(($(date +%s) - before)) -le 6 ]
  [ "$(bytes_echoed)" -lt "$(bytes_received)" ]
  kill "$sender" 2>/dev/null || true
}

@test "to stop, a second signal ends the wait at once" {
  treated_in "chapter 6, the stop"
  only_ours "the log"
  start_server -v --timeout 60
  start_full_client
  kill -TERM "$server_pid"
  # The listener is closed as soon as the first signal has come.
  while "$client" "$address" hello >/dev/null 2>&1; do sleep 0.01; done
  end_server INT
  [ "$status" -eq 0 ]
  # By the server's own clock: the machine may be busy, and a sanitizer looks
  # for leaks before it lets go.
  wait_for_log 'a signal has come' 2
  awk '/a signal has come/ { signal = $1 } /stopped:/ { stopped = $1 }
    END { exit !(stopped - signal < 0.5) }' "$server_log" || saw "it waited"
  kill "$sender" 2>/dev/null || true
}
