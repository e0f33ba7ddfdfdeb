#!/usr/bin/env bats
# What every stage does for its clients; STAGE says which one is under test.

load ../lib/helpers

setup() {
  start_server
}

teardown() {
  stop_server
}

@test "a client hears what it says" {
  treated_in "chapter 1, run it"
  reply=$(echo hello | nc_client 127.0.0.1 "$port")
  [ "$reply" = hello ] || saw "nc said 'hello' and heard '$reply'"
}

@test "every byte there is comes back as it was" {
  treated_in "chapter 1, run it"
  for byte in 0 1 2 3; do
    for low in 0 1 2 3 4 5 6 7; do
      for lowest in 0 1 2 3 4 5 6 7; do
        # shellcheck disable=SC2059  # the format is what is to be printed
        printf "\\$byte$low$lowest"
      done
    done
  done >"$BATS_TEST_TMPDIR/sent"
  nc_client 127.0.0.1 "$port" <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/heard"
  cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/heard" ||
    saw "the 256 bytes that came back are not those that were sent"
}

@test "an answer of 8 MiB comes back whole after the client has finished" {
  treated_in "chapter 1, half-close"
  client_does half-close 8388608
}

@test "bytes that come one by one go back one by one" {
  treated_in "chapter 1, run it"
  client_does drip 200
}

@test "the next client is served when the one before has left" {
  treated_in "chapter 1, run it"
  connect 5
  say 5 one
  hears 5 one
  disconnect 5
  connect 5
  say 5 two
  hears 5 two
}

@test "urgent data disturbs nobody" {
  treated_in "chapter 1, a client that resets"
  client_does urgent
  client_does hello
}

@test "a thousand resets in mid-transfer end nothing but those connections" {
  treated_in "chapter 1, a client that resets"
  client_does hello
  before=$(descriptors)
  client_does reset 1000
  client_does hello
  only_linux "descriptors are counted in /proc"
  descriptors_return_to "$before"
}

@test "clients that close without reading end nothing but themselves" {
  treated_in "chapter 1, a client that resets"
  client_does unread 50
  client_does hello
}

@test "a write to a client that has closed does not end the server" {
  treated_in "chapter 1, a client that resets"
  client_does fill-after-close
}

@test "clients that leave before they are accepted are passed over" {
  treated_in "chapter 1, accept"
  suspend_server
  client_does abort 100
  resume_server
  client_does hello
}

@test "data, end and reset that come at once disturb nobody" {
  treated_in "chapter 1, a client that resets"
  suspend_server
  for _ in 1 2 3 4 5; do client_does linger-reset; done
  resume_server
  client_does hello
}

@test "5000 quick clients are served one after the other" {
  treated_in "chapter 1, run it"
  client_does hello
  before=$(descriptors)
  client_does quick 5000
  only_linux "descriptors are counted in /proc"
  descriptors_return_to "$before"
}

@test "a server that is suspended and continued loses nothing" {
  treated_in "chapter 4, EINTR"
  start_client 7 half-close 33554432
  for _ in 1 2 3 4 5 6 7 8; do
    suspend_server
    resume_server
  done
  client_says 7 'echoed 33554432 bytes'
  end_client 7
}

@test "a server that is suspended while it waits goes on waiting" {
  treated_in "chapter 4, EINTR"
  connect 5
  say 5 before
  hears 5 before
  suspend_server
  resume_server
  say 5 after
  hears 5 after
}

@test "bytes that came while the server was suspended are echoed" {
  treated_in "chapter 4, EINTR"
  connect 5
  suspend_server
  say 5 meanwhile
  resume_server
  hears 5 meanwhile
}

@test "a slow reader loses nothing and nobody else waits for it" {
  treated_in "chapter 3, a client that does not read"
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  [ "$((10#$stage))" -lt 2 ] || client_does hello
  tell_client 7 go
  client_says 7 'echoed 67108864 bytes'
  end_client 7
}

@test "a slow reader that gives up costs nothing" {
  treated_in "chapter 3, a client that does not read"
  client_does hello
  before=$(descriptors)
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  end_client 7
  client_does hello
  only_linux "descriptors are counted in /proc"
  descriptors_return_to "$before"
}

@test "a slow reader costs no more memory than one read buffer" {
  treated_in "chapter 3, a client that does not read"
  without_sanitizers "they have memory of their own"
  client_does half-close 1048576
  before=$(resident_kb)
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  # 64 KiB, and some pages for what the C library does on the way.
  grown=$(($(resident_kb) - before))
  [ "$grown" -le 192 ] || saw "a slow reader cost the server $grown KiB"
  end_client 7
}

@test "a reader that is stuck takes no CPU time" {
  treated_in "chapter 3, a client that does not read"
  [ "$stage" != 03 ] || [ -n "${VARIANT:-}" ] || skip "03 asks all the time"
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  cpu_settles 5
  end_client 7
}

@test "a flood from one client does not keep the others waiting" {
  treated_in "chapter 3, fairness"
  from_stage 02 "01 serves one client at a time"
  start_client 7 flood
  client_says 7 flooding
  client_does quick 20
  client_does drip 50
  end_client 7
}

@test "a hundred clients at once all hear their own echo" {
  treated_in "chapter 2, run it"
  from_stage 02 "01 serves one client at a time"
  fits 100
  start_client 7 crowd 100
  client_says 7 'connected 100'
  tell_client 7 hello
  client_says 7 '^100 clients heard'
  end_client 7
}

@test "memory and descriptors return when a crowd has left" {
  treated_in "chapter 2, what it costs"
  from_stage 02 "01 serves one client at a time"
  fits 300
  only_linux "descriptors are counted in /proc"
  without_sanitizers "they have memory of their own"
  crowd_of_300
  open=$(descriptors)
  memory=$(resident_kb)
  crowd_of_300
  descriptors_return_to "$open"
  grown=$(($(resident_kb) - memory))
  # A second crowd finds what the first has left behind.
  [ "$grown" -le 512 ] || saw "a second crowd cost $grown KiB for good"
}

crowd_of_300() {
  local before
  before=$(descriptors)
  start_client 7 crowd 300
  tell_client 7 hello
  client_says 7 '^300 clients heard'
  end_client 7
  descriptors_return_to "$before"
}

@test "with nobody to serve the server takes no CPU time" {
  treated_in "chapter 3, the wall"
  [ "$stage" != 03 ] || [ -n "${VARIANT:-}" ] || skip "03 asks all the time"
  connect 5
  say 5 hello
  hears 5 hello
  percent=$(cpu_percent)
  [ "$percent" -le 5 ] || saw "an idle server took $percent % of a core"
}

@test "connections wait in the backlog while the server does not accept" {
  treated_in "chapter 0, the backlog"
  suspend_server
  start_client 7 crowd 100
  client_says 7 'connected 100'
  resume_server
  if [ "$stage" != 01 ] && fit 100; then
    tell_client 7 hello
    client_says 7 '^100 clients heard'
  fi
  end_client 7
  client_does hello
}

@test "the backlog is as long as the system allows" {
  treated_in "chapter 1, the listener"
  only_ours "the length of the backlog"
  only_linux "elsewhere the system allows 128"
  allowed=$(cat /proc/sys/net/core/somaxconn)
  [ "$allowed" -gt 300 ] || skip "the system allows $allowed"
  suspend_server
  start_client 7 crowd 300
  client_says 7 'connected 300'
  end_client 7
}

@test "a second server on the same port is an error" {
  treated_in "chapter 1, the listener"
  only_ours "exit status and message"
  run "$SERVER" "127.0.0.1:$port"
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"cannot listen on 127.0.0.1:$port: Address "*"in use" ]]
}

@test "a restart on the same port works at once" {
  treated_in "chapter 1, the listener"
  if [ -z "${FOREIGN:-}" ]; then
    # On a port that no other test's client can be given meanwhile.
    end_server KILL
    start_server -- "$("$client" 0 free-port)"
  fi
  connect 5
  say 5 hello
  hears 5 hello
  end_server KILL # closes first, so that TIME_WAIT is on the server's side
  disconnect 5
  old=$port
  if [ -n "${FOREIGN:-}" ]; then
    "$SERVER" "$old" >"$server_log" 2>&1 3>&- &
    server_pid=$!
    await_listening
  else
    start_server -- "$old"
  fi
  client_does hello
}

# Every call that a stage waits with, whatever it is called here.
waits=accept,read,write,poll,epoll_wait

@test "calls that a signal interrupts are made again" {
  treated_in "chapter 4, EINTR"
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  for first in 1 2 3; do
    [ -n "$server_pid" ] || start_server
    trace_server "$waits" "$waits:error=EINTR:when=$first+3"
    client_does half-close 100000
    client_does drip 3
    wait_for_log closed 2
    [ "$(count_log 'received 1 byte: ".*"$')" -eq 3 ] || saw "a line of the log is missing"
    end_trace
  done
}

@test "EAGAIN out of turn loses nothing" {
  treated_in "chapter 4, EINTR"
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  trace_server "$waits" "read,write:error=EAGAIN:when=4+4"
  client_does half-close 100000
  client_does drip 3
  end_trace
}

@test "a client that is aborted in the backlog is passed over" {
  treated_in "chapter 1, accept"
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  trace_server "$waits" "accept:error=ECONNABORTED:when=1..3"
  client_does hello
  client_does hello
  [ "$(count_log warning)" -eq 0 ]
  end_trace
}

@test "without files, memory or buffers in the system clients wait" {
  treated_in "chapter 4, when descriptors run out"
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  for error in ENFILE ENOMEM ENOBUFS; do
    [ -n "$server_pid" ] || start_server
    trace_server "$waits" "accept:error=$error:when=1"
    client_does hello
    client_does hello
    warnings=$(count_log warning)
    end_trace
    case $stage${VARIANT:-} in
      # These may call accept before there is anybody who has to wait.
      01 | 02* | 03) most=1 least=0 ;;
      *) most=1 least=1 ;;
    esac
    [ "$warnings" -ge "$least" ] && [ "$warnings" -le "$most" ] ||
      saw "$error was warned of $warnings times"
  done
}

@test "a client that was accepted and cannot be kept is tried again" {
  treated_in "chapter 4, when descriptors run out"
  from_stage 03 "01 and 02 need no memory for a client"
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  trace_server ioctl "ioctl:error=ENOMEM:when=1"
  client_does hello
  [ "$(count_log 'warning: cannot accept: Cannot allocate memory')" -eq 1 ]
  [ "$(count_log accepted)" -eq 1 ]
  end_trace
}
