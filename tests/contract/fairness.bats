#!/usr/bin/env bats
# Contract 8: one client that floods the server cannot starve another.

load ../lib/helpers

setup() {
  about 8 "chapter 3, where connections live"
  from_stage 02 "01 serves one client at a time"
  start_server
}

teardown() {
  stop_server
}

@test "a flood from one client does not keep the others waiting" {
  start_client 7 flood
  client_says 7 flooding
  client_does quick 20
  client_does drip 50
  end_client 7
}

@test "a slow reader that drains is served beside floods" {
  start_client 7 no-read 33554432
  client_says 7 'stuck after'
  start_client 8 flood
  client_says 8 flooding
  start_client 9 flood
  client_says 9 flooding
  tell_client 7 go
  client_says 7 'echoed 33554432 bytes'
  end_client 9
  end_client 8
  end_client 7
}
