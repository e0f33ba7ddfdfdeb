#!/usr/bin/env bats
# What is special to 03: asking all the time, or sleeping in poll(2).

STAGE=03
load ../lib/helpers

setup() {
  about 7 "chapter 4, three thousand bytes"
}

teardown() {
  stop_server
}

@test "without --poll the server takes a whole core to do nothing" {
  start_server
  connect 5
  say 5 hello
  hears 5 hello
  # A core that is shared with many others gives it a good part now and then.
  for _ in 1 2 3 4 5 6 7 8; do
    percent=$(cpu_percent)
    [ "$percent" -lt 10 ] || return 0
  done
  saw "a spinning server took only $percent % of a core"
}

@test "with --poll it takes no CPU time to do nothing" {
  about 7 "chapter 3, poll"
  start_server --poll
  connect 5
  say 5 hello
  hears 5 hello
  percent=$(cpu_percent)
  [ "$percent" -le 5 ] || saw "a sleeping server took $percent % of a core"
}

@test "with --poll a stuck client is not asked, and the others are" {
  about 3 "chapter 3, poll"
  start_server --poll
  start_client 7 no-read 33554432
  client_says 7 'stuck after'
  cpu_settles 5
  client_does drip 20
  tell_client 7 go
  client_says 7 'echoed 33554432 bytes'
  end_client 7
}

@test "a client that takes the place of one that has disconnected keeps its turn" {
  about 8 "chapter 3, where connections live"
  start_server --poll
  start_crowd 7 20
  start_client 8 crowd 20
  tell_client 7 'leave 10'
  client_says 7 'left, 10 remain'
  tell_client 8 hello
  client_says 8 '^20 clients heard'
  tell_client 7 'hello 0 9'
  client_says 7 '^10 clients heard'
  end_client 8
  tell_client 7 'hello 0 9'
  end_client 7
}
