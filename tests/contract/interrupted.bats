#!/usr/bin/env bats
# Contract 6: interrupted calls, spurious readiness and suspension lose nothing.

load ../lib/helpers

setup() {
  about 6 "chapter 4, the event loop"
  start_server
}

teardown() {
  stop_server
}

@test "a server that is suspended and continued loses nothing" {
  start_client 7 half-close 33554432
  for _ in 1 2 3 4 5 6 7 8; do
    suspend_server
    resume_server
  done
  client_says 7 'echoed 33554432 bytes'
  end_client 7
}

@test "a server that is suspended while it waits goes on waiting" {
  connect 5
  say 5 before
  hears 5 before
  suspend_server
  resume_server
  say 5 after
  hears 5 after
}

# bats test_tags=torture
@test "bytes that came while the server was suspended are echoed" {
  connect 5
  suspend_server
  say 5 meanwhile
  resume_server
  hears 5 meanwhile
}

@test "a crowd that connects while the server is suspended is served" {
  from_stage 02 "01 serves one client at a time"
  crowd=200
  # The backlog has 128 places elsewhere, and in Python unless it is told.
  [ "$(uname -s)" = Linux ] && is_ours || crowd=100
  fits "$crowd"
  has_descriptors 250
  suspend_server
  start_client 7 crowd "$crowd"
  client_says 7 "connected $crowd"
  tell_client 7 hello
  resume_server
  client_says 7 "^$crowd clients heard"
  end_client 7
}

# Every call that a stage waits with, whatever it is called here.
waits=accept,read,write,poll,epoll_wait

# bats test_tags=slow,torture
@test "calls that a signal interrupts are made again" {
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
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
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  trace_server "$waits" "read,write:error=EAGAIN:when=4+4"
  client_does half-close 100000
  client_does drip 3
  end_trace
}
