#!/usr/bin/env bats
# Contract 8: one client that floods the server cannot starve another.

load ../lib/helpers

setup() {
  about 8 "chapter 3, where connections live"
  from_stage 02 "01 serves one client at a time"
  start_server
}

@test "a flood from one client does not keep the others waiting" {
  start_until 7 flooding flood
  client_does quick 20
  client_does drip 50
}

@test "a slow reader that drains is served beside floods" {
  start_until 7 'stuck after' no-read 33554432
  start_until 8 flooding flood
  start_until 9 flooding flood
  tell_client 7 go
  client_says 7 'echoed 33554432 bytes'
}
