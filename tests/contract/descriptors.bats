#!/usr/bin/env bats
# What a server does when descriptors, memory or threads run out, and how many
# clients it has room for. STAGE says which one is under test.

load ../lib/helpers

teardown() {
  stop_server
}

# On a busy machine a large crowd needs longer than 06 has patience.
start_patient_server() { # [ARGUMENT]...
  if [ "$stage" = 06 ] && is_ours; then
    start_server --timeout 60 "$@"
  else
    start_server "$@"
  fi
}

@test "when descriptors run out clients wait, and are served when others leave" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 02 "01 has one client at a time, and one descriptor for it"
  fits 60
  limit=40 start_server
  start_client 7 crowd 60
  client_says 7 'connected 60'
  tell_client 7 'hello 0 9'
  client_says 7 '^10 clients heard'
  client_does_later hello
  tell_client 7 'leave 59'
  client_says 7 'left, 1 remain'
  hears_later
  tell_client 7 'hello 0 0'
  client_says 7 '^1 client'
  end_client 7
}

# A client that has to wait, and is waited for in hears_later.
client_does_later() {
  "$client" -t "$PATIENCE" "$address" "$@" >"$BATS_TEST_TMPDIR/later" 2>&1 \
    3>&- 4>&- 7>&- &
  later=$!
  background+=("$later")
}

hears_later() {
  wait "$later" || saw "$(cat "$BATS_TEST_TMPDIR/later")"
}

@test "a listener that rests wakes up as soon as somebody leaves" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 02 "01 has one client at a time, and one descriptor for it"
  fits 60
  only_ours "the log"
  limit=40 start_server
  start_client 7 crowd 20
  tell_client 7 hello
  client_says 7 '^20 clients heard'
  start_client 8 crowd 40
  client_says 8 'connected 40'
  wait_for_log 'warning: cannot accept'
  # Three times in a row: then it was not the second's end that woke it.
  for _ in 1 2 3; do
    taken=$(count_log accepted)
    tell_client 7 'leave 1'
    wait_for_log accepted $((taken + 1))
  done
  end_client 7
  end_client 8
  late=$(awk '/closed/ && !left { left = $1 }
              /accepted/ && left { if ($1 - left > 0.5) print $1; left = 0 }' \
    "$server_log")
  [ -z "$late" ] || saw "somebody left and the next one waited until $late"
}

@test "a server that is full, with nobody waiting, has nothing to warn of" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 02 "01 has one client at a time, and one descriptor for it"
  fits 60
  only_ours "the log"
  limit=40 start_server
  start_client 7 crowd 60
  client_says 7 'connected 60'
  wait_for_log warning
  most=$(count_log accepted)
  end_client 7
  stop_server
  limit=40 start_server
  start_client 8 crowd "$most"
  tell_client 8 hello
  client_says 8 "^$most clients heard"
  tell_client 8 hello
  end_client 8
  [ "$(count_log warning)" -eq 0 ] || saw "a warning, and nobody was waiting"
  stop_server
  limit=40 start_server
  start_client 9 crowd "$most"
  tell_client 9 hello
  client_says 9 "^$most clients heard"
  if [ "$stage" != 03 ] || [ -n "${VARIANT:-}" ]; then
    percent=$(cpu_percent)
    [ "$percent" -le 5 ] || saw "full, the server took $percent % of a core"
  fi
  tell_client 9 'leave 1'
  client_says 9 "left, $((most - 1)) remain"
  client_does hello
  end_client 9
}

@test "no listener keeps the others from the descriptors that come free" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 03 "01 and 02 have one listener"
  only_ours "several addresses"
  limit=40 start_server -- 0 "unix:$BATS_TEST_TMPDIR/second"
  start_client 7 crowd 20
  tell_client 7 hello
  client_says 7 '^20 clients heard'
  start_client 8 crowd 40 # some of them are left in the backlog
  client_says 8 'connected 40'
  wait_for_log warning
  address=unix:$BATS_TEST_TMPDIR/second client_does_later hello
  for _ in 1 2 3 4; do
    taken=$(count_log accepted)
    tell_client 7 'leave 1'
    wait_for_log accepted $((taken + 1))
  done
  hears_later
  end_client 7
  end_client 8
}

@test "without memory for slow readers nobody is dropped and nothing is lost" {
  treated_in "chapter 3, a client that does not read"
  from_stage 03 "01 and 02 keep nothing: they wait in write"
  command -v prlimit >/dev/null || skip "prlimit is not there"
  without_sanitizers "they need more memory than this test allows"
  start_patient_server
  client_does hello
  now_kb=$(sed -n 's/^VmSize:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server_pid/status")
  prlimit --pid "$server_pid" --as=$((now_kb * 1024))
  for n in {1..30}; do
    # Opened to read and write, a pipe does not end when nobody writes.
    mkfifo "$BATS_TEST_TMPDIR/slow$n"
    "$client" -t "$CLIENT_PATIENCE" "$address" no-read 33554432 3>&- 4>&- \
      <>"$BATS_TEST_TMPDIR/slow$n" >"$BATS_TEST_TMPDIR/client$n.out" 2>&1 &
    background+=("$!")
    eval "client_pid_$n=\$!"
  done
  for n in {1..30}; do client_says "$n" 'stuck after'; done
  client_does drip 20
  for n in {1..30}; do echo go >"$BATS_TEST_TMPDIR/slow$n"; done
  for n in {1..30}; do client_says "$n" '^echoed 33554432 bytes'; done
  if is_ours; then [ "$(count_log 'Cannot allocate memory')" -eq 0 ]; fi
}

@test "everybody in the backlog is served in the end" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 02 "01 has one client at a time, and one descriptor for it"
  limit=24 start_server
  for i in 1 2 3 4 5 6; do
    "$client" -t "$PATIENCE" "$address" quick 50 >"$BATS_TEST_TMPDIR/$i" 2>&1 \
      3>&- 4>&- &
    background+=("$!")
    eval "pid$i=\$!"
  done
  start_client 7 crowd 30
  client_says 7 'connected 30'
  end_client 7
  for i in 1 2 3 4 5 6; do
    pid=pid$i
    wait "${!pid}" || saw "$(cat "$BATS_TEST_TMPDIR/$i")"
  done
}

@test "while descriptors are out the CPU is idle and the log has one warning" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 02 "01 has one client at a time, and one descriptor for it"
  fits 60
  limit=40 start_server
  start_client 7 crowd 60
  client_says 7 'connected 60'
  tell_client 7 'hello 0 9'
  client_says 7 '^10 clients heard'
  [ -n "${FOREIGN:-}" ] || wait_for_log 'warning: cannot accept'
  if [ "$stage" != 03 ] || [ -n "${VARIANT:-}" ]; then
    percent=$(cpu_percent)
    [ "$percent" -le 5 ] ||
      saw "with no descriptor left the server took $percent % of a core"
  fi
  if [ -z "${FOREIGN:-}" ]; then
    [ "$(count_log 'warning: cannot accept: Too many open files; resting until a client leaves$')" -eq 1 ]
    # Somebody is taken, so the episode is over; the next one warns again.
    tell_client 7 'leave 60'
    client_says 7 'left, 0 remain'
    start_client 8 crowd 60
    client_says 8 'connected 60'
    wait_for_log 'warning: cannot accept' 2
    end_client 8
  fi
  end_client 7
}

@test "a server uses all descriptors but the ten that it needs itself" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 02 "01 has one client at a time"
  fits 54
  limit=64 start_server
  start_client 7 crowd 54
  tell_client 7 hello
  client_says 7 '^54 clients heard'
  end_client 7
}

@test "the soft limit of descriptors is raised to the hard limit" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 02 "01 has one client at a time"
  fits 100
  ulimit -S -n 64
  start_server
  ulimit -S -n "$(ulimit -H -n)"
  start_client 7 crowd 100
  tell_client 7 hello
  client_says 7 '^100 clients heard'
  end_client 7
}

@test "as many clients as the hard limit allows, up to 20,000, are served" {
  treated_in "chapter 4, what it costs"
  from_stage 04 "scale is what 04 to 06 are for"
  most=$(ulimit -H -n)
  [ "$most" != unlimited ] && [ "$most" -lt 20000 ] || most=20000
  ulimit -S -n "$most"
  most=$((most - 100))
  start_patient_server
  start_client 7 crowd "$most"
  client_says 7 "connected $most"
  tell_client 7 hello
  client_says 7 "^$most clients heard"
  tell_client 7 hello
  client_does hello
  end_client 7
}

@test "an idle client costs at most 64 bytes of user memory" {
  treated_in "chapter 4, what it costs"
  from_stage 04 "01 and 02 have stacks, 03 has a list beside"
  without_sanitizers "they have memory of their own"
  [ "$(ulimit -H -n)" = unlimited ] || [ "$(ulimit -H -n)" -ge 10100 ] ||
    skip "the hard limit of descriptors is $(ulimit -H -n)"
  bytes=64
  # The header for Linux has a table of its own, of this size a descriptor.
  [ "$stage" != 05 ] && [ "${POLLER:-}" != kqueue ] || bytes=96
  ulimit -S -n 10100
  start_patient_server
  client_does half-close 1048576
  before=$(resident_kb)
  start_client 7 crowd 10000
  tell_client 7 hello
  client_says 7 '^10000 clients heard'
  each=$((($(resident_kb) - before) * 1024 / 10000))
  [ "$each" -le "$bytes" ] || saw "an idle client cost $each bytes"
  end_client 7
}

@test "a server that has no descriptor for anybody rests, and does not spin" {
  treated_in "chapter 4, when descriptors run out"
  only_ours "the log"
  # 0, 1 and 2, the listener, and what 04 to 06 wait with.
  limit=4
  [ "$((10#$stage))" -lt 4 ] || limit=6
  [ "$stage" != 05 ] && [ "${POLLER:-}" != kqueue ] || limit=7
  start_server
  "$client" -t "$PATIENCE" "$address" hello >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  background+=("$!")
  wait_for_log 'warning: cannot accept: Too many open files'
  if [ "$stage" != 03 ] || [ -n "${VARIANT:-}" ]; then
    [ "$(cpu_percent)" -le 5 ]
  fi
  [ "$(count_log warning)" -eq 1 ]
}

@test "a server that cannot wait for anybody says so and ends" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 04 "01 to 03 need nothing to wait with"
  only_ours "exit status and message"
  without_sanitizers "they need descriptors themselves"
  # One more than 0, 1 and 2: the program itself is loaded through it.
  run bash -c "exec 3>&- 4>&-; ulimit -n 4; exec '$SERVER' 0"
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"error: cannot open the poller: Too many open files" ]]
}

@test "a server whose listener cannot be watched says so and ends" {
  treated_in "chapter 3, run it"
  from_stage 03 "01 and 02 wait in accept"
  only_linux "strace is Linux's"
  only_ours "exit status and message"
  command -v strace >/dev/null || skip "strace is not there"
  without_sanitizers "they and strace exclude each other"
  run timeout "$PATIENCE" strace -f -o /dev/null -e trace=ioctl \
    -e inject=ioctl:error=ENOMEM "$SERVER" -q 0
  [ "$status" -eq 1 ]
  [[ "${lines[1]}" == *"error: cannot watch a listener: Cannot allocate memory" ]]
}

@test "a client whose interest the kernel cannot take is closed, and nobody else" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 04 "01 to 03 tell the kernel of no interest"
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  start_server -q # so that the first write is to the client
  # What comes first is about who comes, then about who waits for room. With
  # kqueue both are about two filters.
  change=2
  [ "$stage" != 05 ] && [ "${POLLER:-}" != kqueue ] || change=3
  trace_server epoll_ctl,write "epoll_ctl:error=ENOMEM:when=$change" \
    write:error=EAGAIN:when=1
  run "$client" -t "$PATIENCE" "$address" hello
  [ "$status" -ne 0 ] || saw "the client was served"
  [[ "$output" != *"time is up"* ]] || saw "$output"
  client_does hello
  end_trace
}

@test "a client that could not be kept is closed when the server stops" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 04 "01 to 03 are ended by a signal"
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  start_server
  trace_server ioctl ioctl:error=ENOMEM
  start_client 7 crowd 1
  client_says 7 'connected 1'
  wait_for_log 'warning: cannot accept: Cannot allocate memory'
  end_trace
  [ "$(count_log 'closed: server stopping; echoed 0 bytes')" -eq 1 ]
}

@test "without memory, a client that breaks while it is echoed breaks alone" {
  treated_in "chapter 3, a client that does not read"
  from_stage 03 "01 and 02 keep nothing: they wait in write"
  only_linux "strace and the library that makes calls fail are Linux's"
  only_ours "the test knows what is called"
  without_sanitizers "they want to be the first library, and exclude strace"
  faults=$root/build/tests/faults.so
  [ -e "$faults" ] || skip "$faults is not built"
  # The first memory that a server with a Unix path asks for is for what the
  # slow reader does not take.
  printf '#!/bin/sh\nLD_PRELOAD=%s FAULT=malloc:1:ENOMEM exec %s "$@"\n' \
    "$faults" "$SERVER" >"$BATS_TEST_TMPDIR/server"
  chmod +x "$BATS_TEST_TMPDIR/server"
  SERVER=$BATS_TEST_TMPDIR/server
  start_patient_server -- "unix:$BATS_TEST_TMPDIR/socket"
  start_client 7 no-read 33554432
  client_says 7 'stuck after'
  # Now others' bytes are looked at, sent back, and only then read.
  trace_server recvfrom,read read:error=ECONNRESET:when=1
  run "$client" -t "$PATIENCE" "$address" hello
  wait_for_log 'closed: Connection reset by peer; echoed 6 bytes$'
  client_does hello
  tell_client 7 go
  client_says 7 '^echoed 33554432 bytes'
  end_client 7
  end_trace
  grep -q 'MSG_PEEK' "$calls"
}
