#!/usr/bin/env bats
# Contract 4: a client that breaks ends its own connection and nothing else.

load ../lib/helpers

setup() {
  about 4 "chapter 1, where it breaks"
  start_server
}

resets_end_themselves_only() { # COUNT
  local before
  client_does hello
  [ ! -d "/proc/$server_pid/fd" ] || before=$(descriptors)
  client_does reset "$1"
  client_does hello
  only_linux "descriptors are counted in /proc"
  descriptors_return_to "$before"
}

@test "a hundred resets in mid-transfer end nothing but those connections" {
  resets_end_themselves_only 100
}

# bats test_tags=slow,torture
@test "a thousand resets in mid-transfer end nothing but those connections" {
  resets_end_themselves_only 1000
}

# bats test_tags=torture
@test "clients that close without reading end nothing but themselves" {
  client_does unread 50
  client_does hello
}

# bats test_tags=torture
@test "a write to a client that has closed does not end the server" {
  client_does fill-after-close
  client_does hello
}

# bats test_tags=torture
@test "clients that reset before they are accepted are passed over" {
  suspend_server
  client_does abort 100
  resume_server
  client_does hello
}

# bats test_tags=torture
@test "data, end and reset that come at once disturb no other client" {
  suspend_server
  for _ in 1 2 3 4 5; do client_does linger-reset; done
  resume_server
  client_does hello
}

# What accept(2) lists as the connection's trouble, not the listener's.
# bats test_tags=slow,torture
@test "errors that belong to a connection in the backlog cost no pause" {
  for error in ECONNABORTED ENETDOWN EPROTO ENOPROTOOPT EHOSTDOWN ENONET \
    EHOSTUNREACH EOPNOTSUPP ENETUNREACH; do
    [ -n "${server_pid:-}" ] || start_server
    trace_server accept "accept:error=$error:when=1"
    client_does hello
    client_does hello
    [ "$(count_log warning)" -eq 0 ] || saw "$error was warned of"
    end_trace
  done
}
