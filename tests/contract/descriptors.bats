#!/usr/bin/env bats
# Contract 5: what a server does when descriptors or memory run out.

load ../lib/helpers

setup() {
  about 5 "chapter 4, when descriptors run out"
}

# A reader's server has no log that says so: it has come to its limit when its
# descriptors are taken and it takes no more. What dies of that, has died.
await_full() {
  is_ours && return
  [ -d /proc/self/fd ] || { sleep 1; return; }
  eventually is_full_or_dead ||
    saw "with more clients waiting than a limit of $limit descriptors allows, the server has $(descriptors)"
  ! has_ended "$server_pid" ||
    saw "with a limit of $limit descriptors, and more clients, the server died"
}

is_full_or_dead() {
  local before
  before=$(descriptors)
  sleep 0.3
  has_ended "$server_pid" || { [ "$before" -ge $((limit - 10)) ] &&
    [ "$before" -eq "$(descriptors)" ]; }
}

many_at_once() {
  from_stage 02 "01 has one client at a time, and one descriptor for it"
  fits 60
}

# Sixty clients at a server that has descriptors for forty at most. Some are
# served, the others wait in the backlog.
start_full_server() {
  limit=40 start_server
  start_until 7 'connected 60' crowd 60
  tell_client 7 'hello 0 9'
  client_says 7 '^10 clients heard'
  await_full
}

@test "when descriptors run out clients wait, and are served when others disconnect" {
  many_at_once
  start_full_server
  start_client 9 hello
  tell_client 7 'leave 59'
  client_says 7 'left, 1 remain'
  end_client 9
  tell_client 7 'hello 0 0'
  client_says 7 '^1 client'
  end_client 7
}

# bats test_tags=torture
@test "every client in the backlog is served in the end" {
  from_stage 02 "01 has one client at a time, and one descriptor for it"
  limit=24 start_server
  start_until 7 'connected 30' crowd 30
  start_client 8 quick 50
  start_client 9 quick 50
  limit=24 await_full
  end_client 7
  end_client 8
  end_client 9
}

# One client of 7 at a time disconnects, and another one is accepted.
four_get_in() {
  for _ in 1 2 3 4; do
    taken=$(count_log accepted)
    tell_client 7 'leave 1'
    wait_for_log accepted $((taken + 1)) || return
  done
}

@test "a paused listener resumes as soon as a client disconnects" {
  from_stage 03 "01 and 02 pause for a second"
  only_ours "the log"
  limit=40 start_server
  start_crowd 7 20
  start_until 8 'connected 40' crowd 40
  wait_for_log 'warning: cannot accept'
  # Four times in a row: then it was not the second's end that woke it.
  four_get_in
  late=$(awk '/closed/ && !left { left = $1 }
              /accepted/ && left { if ($1 - left > 0.5) print $1; left = 0 }' \
    "$server_log")
  [ -z "$late" ] || saw "a client disconnected and the next one waited until $late"
}

@test "01 and 02 accept again a second after descriptors ran out" {
  only_ours "the log"
  [ "$((10#$stage))" -le 2 ] || skip "from 03 on a client that disconnects ends the pause"
  many_at_once
  start_full_server
  wait_for_log 'warning: cannot accept'
  taken=$(count_log accepted)
  tell_client 7 'leave 30'
  wait_for_log accepted $((taken + 1))
}

# bats test_tags=torture
@test "while descriptors are out the CPU is idle and the log has one warning" {
  many_at_once
  start_full_server
  is_ours && wait_for_log 'warning: cannot accept'
  spins || takes_no_cpu "with no descriptor left the server"
  if is_ours; then
    [ "$(count_log "warning: cannot accept: $no_descriptor; pausing\$")" -eq 1 ]
    # A client is accepted, so the episode is over; the next one warns again.
    tell_client 7 'leave 60'
    client_says 7 'left, 0 remain'
    start_until 8 'connected 60' crowd 60
    wait_for_log 'warning: cannot accept' 2
  fi
}

# At a steady limit an episode begins and ends with every client.
@test "there is not more than one warning a second" {
  many_at_once
  only_ours "the log"
  each=100
  [ "$stage" != 02 ] || each=3 # every pause of 02 takes a second
  limit=16 start_server
  for i in {1..24}; do
    "$client" -t "$PATIENCE" "$address" quick "$each" >"$scratch/$i" 2>&1 \
      3>&- 4>&- &
    background+=("$!")
  done
  wait "${background[@]}" || saw "$(cat "$scratch/"[0-9]*)"
  background=()
  [ "$(count_log warning)" -ge 1 ] || skip "descriptors did not run out"
  close=$(awk '/warning/ { if (seen && $1 - last < 0.999) print $1
                           seen = 1; last = $1 }' "$server_log")
  [ -z "$close" ] || saw "a warning came within a second of the one before: $close"
}

@test "a server that is full, with no client waiting, has nothing to warn of" {
  from_stage 04 "01 to 03 hear of it before a client has connected"
  only_ours "the log"
  start_full_server
  wait_for_log warning
  most=$(count_log accepted)
  end_client 7
  stop_server
  limit=40 start_server
  start_crowd 8 "$most"
  takes_no_cpu "full, the server"
  [ "$(count_log warning)" -eq 0 ] || saw "a warning, and no client was waiting"
  tell_client 8 'leave 1'
  client_says 8 "left, $((most - 1)) remain"
  client_does hello
}

# bats test_tags=torture
@test "no listener keeps the others from the descriptors that come free" {
  from_stage 03 "01 and 02 have one listener"
  only_ours "several addresses"
  limit=40 start_server -- 0 "unix:$scratch/second"
  start_crowd 7 20
  start_client 8 crowd 40 # some of them are left in the backlog
  client_says 8 'connected 40'
  wait_for_log warning
  address=unix:$scratch/second start_client 9 hello
  four_get_in
  wait_for_log '] accepted unix'
}

# bats test_tags=torture
# No client disconnects here: only time can end the pause.
@test "a server that has paused accepts again when there are descriptors" {
  needs prlimit
  only_ours "the log"
  start_server
  prlimit --pid "$server_pid" --nofile=3:
  start_client 9 hello
  wait_for_log "warning: cannot accept: $no_descriptor; pausing\$"
  spins || takes_no_cpu "with no descriptor for any client the server"
  [ "$(count_log warning)" -eq 1 ]
  prlimit --pid "$server_pid" --nofile=60:
  end_client 9
}

@test "without memory the client that cannot be kept is closed, and no other" {
  about 5 "chapter 3, a client that doesn't read"
  from_stage 03 "01 and 02 keep nothing: they wait in write"
  needs prlimit
  without_sanitizers "they need more memory than this test allows"
  only_ours "what is kept"
  start_patient_server
  start_until 7 'stuck after' no-read 33554432
  prlimit --pid "$server_pid" --as="$(($(address_space_kb) * 1024)):"
  start_slow_readers 11 34 33554432
  wait_for_log "closed: $no_memory; echoed [0-9]* bytes\$"
  client_does drip 20
  prlimit --pid "$server_pid" --as=unlimited:
  tell_client 7 go
  client_says 7 '^echoed 33554432 bytes'
}

# --- what only strace can do to a server -------------------------------------

# bats test_tags=slow,torture
@test "without files, memory or buffers in the system clients wait" {
  for error in ENFILE ENOMEM ENOBUFS; do
    start_server
    trace_server accept,read,write,poll,epoll_wait "accept:error=$error:when=1"
    client_does hello
    client_does hello
    warnings=$(count_log warning)
    end_trace
    # These may call accept before a client has to wait.
    least=0
    [ "$((10#$stage))" -lt 4 ] || least=1
    [ "$warnings" -ge "$least" ] && [ "$warnings" -le 1 ] ||
      saw "$error was warned of $warnings times"
  done
}

# bats test_tags=slow,torture
@test "a client that was accepted and cannot be kept is closed, and counted" {
  from_stage 03 "01 and 02 need no memory for a client"
  start_server
  trace_server ioctl "ioctl:error=ENOMEM:when=1"
  run "$client" -t "$PATIENCE" "$address" hello
  [ "$status" -ne 0 ] || saw "the client was served"
  client_does hello
  [ "$(count_log "closed: $no_memory; echoed 0 bytes\$")" -eq 1 ]
  [ "$(count_log warning)" -eq 0 ]
  end_trace
  [ "$(count_log accepted)" -eq 2 ]
  [ "$stage" = 03 ] || [ "$(count_log 'stopped: served 2 connections')" -eq 1 ]
}

# bats test_tags=slow
@test "a client whose interest the kernel cannot take is closed, and no other" {
  from_stage 04 "01 to 03 tell the kernel of no interest"
  start_server -q # so that the first write is to the client
  # What comes first is about its arrival, then about room. With kqueue both
  # are about two filters.
  change=2
  ! on_kqueue || change=3
  trace_server epoll_ctl,write "epoll_ctl:error=ENOMEM:when=$change" \
    write:error=EAGAIN:when=1
  run "$client" -t "$PATIENCE" "$address" hello
  [ "$status" -ne 0 ] || saw "the client was served"
  [[ "$output" != *"time is up"* ]] || saw "$output"
  client_does hello
  end_trace
}

# bats test_tags=slow
@test "a server whose listener cannot be watched says so and ends" {
  about 5 "chapter 3, the smallest loop"
  from_stage 03 "01 and 02 wait in accept"
  can_trace
  run limited strace -f -o /dev/null -e trace=ioctl \
    -e inject=ioctl:error=ENOMEM "$SERVER" -q 0
  [ "$status" -eq 1 ]
  grep "error: cannot watch a listener: $no_memory\$" <<<"${lines[1]}"
}

@test "a server that cannot wait for any client says so and ends" {
  from_stage 04 "01 to 03 need nothing to wait with"
  only_ours "exit status and message"
  without_sanitizers "they need descriptors themselves"
  # One more than 0, 1 and 2: the program itself is loaded through it.
  # shellcheck disable=SC2016  # for that shell
  in_a_line 1 'error: cannot open the poller: ' \
    bash -c 'exec 3>&- 4>&-; ulimit -n 4; exec "$0" 0' "$SERVER"
  grep ": $no_descriptor\$" <<<"$output"
}
