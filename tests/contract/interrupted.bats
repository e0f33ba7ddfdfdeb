#!/usr/bin/env bats
# Contract 6: interrupted calls, spurious readiness and suspension lose nothing.

load ../lib/helpers

setup() {
  about 6 "chapter 4, the event loop"
  start_server
}

@test "a server that is suspended and continued loses nothing" {
  start_until 7 'stuck after' no-read 67108864
  suspend_server # in the middle of a write, in 01 and 02
  resume_server
  tell_client 7 go
  client_says 7 'echoed 67108864 bytes'
}

# bats test_tags=torture
@test "bytes that came while the server was suspended are echoed" {
  connect 5
  say 5 before
  hears 5 before
  suspend_server
  resume_server
  say 5 after # it went on waiting
  hears 5 after
  suspend_server
  say 5 meanwhile
  resume_server
  hears 5 meanwhile
}

@test "a crowd that connects while the server is suspended is served" {
  about 13 "chapter 0, three places"
  crowd=300 # the backlog is as long as the system allows
  # It has 128 places elsewhere, and in Python unless it is told.
  allowed=$(cat /proc/sys/net/core/somaxconn 2>/dev/null || echo 128)
  is_ours && [ "$allowed" -gt "$crowd" ] || crowd=100
  has_descriptors $((crowd + 100))
  suspend_server
  start_until 7 "connected $crowd" crowd "$crowd"
  resume_server
  if [ "$stage" != 01 ]; then
    tell_client 7 hello
    client_says 7 "^$crowd clients heard"
  fi
  end_client 7
  client_does hello
}

# Every call that a stage waits with, whatever it is called here.
waits=accept,read,write,poll,epoll_wait

# bats test_tags=slow,torture
@test "calls that a signal interrupts are made again" {
  for first in 1 2 3; do
    [ -n "${server_pid:-}" ] || start_server
    trace_server "$waits" "$waits:error=EINTR:when=$first+3"
    client_does half-close 100000
    client_does drip 3
    wait_for_log closed 2
    [ "$(count_log 'received 1 byte: ".*"$')" -eq 3 ] ||
      saw "a line of the log is missing"
    end_trace
  done
}

# bats test_tags=slow,torture
@test "EAGAIN out of turn loses nothing" {
  trace_server "$waits" "read,write:error=EAGAIN:when=4+4"
  client_does half-close 100000
  client_does drip 3
  end_trace
}
