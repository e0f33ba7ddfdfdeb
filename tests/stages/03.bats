#!/usr/bin/env bats
# What is special to 03: asking all the time, or sleeping in poll(2).

STAGE=03
load ../lib/helpers

teardown() {
  stop_server
}

@test "without --poll the server takes a whole core to do nothing" {
  treated_in "chapter 4, the wall"
  start_server
  connect 5
  say 5 hello
  hears 5 hello
  # A core that is shared with other tests still gives it a good part.
  percent=$(cpu_percent)
  [ "$percent" -ge 30 ] || saw "a spinning server took only $percent % of a core"
}

@test "with --poll it takes no CPU time to do nothing" {
  treated_in "chapter 3, poll"
  start_server --poll
  connect 5
  say 5 hello
  hears 5 hello
  percent=$(cpu_percent)
  [ "$percent" -le 5 ] || saw "a sleeping server took $percent % of a core"
}

@test "rounds for nothing are counted and not logged one by one" {
  start_server -v
  connect 5
  say 5 one
  hears 5 one
  sleep 0.2
  say 5 two
  hears 5 two
  wait_for_log 'asked 1 client [0-9]* times for nothing$'
  rounds=$(sed -n 's/.*asked 1 client \([0-9]*\) .*/\1/p' "$server_log" |
    sort -n | tail -n 1)
  [ "$rounds" -ge 100 ]
  [ "$(wc -l <"$server_log")" -le 20 ]
}

@test "whoever takes the place of a client that has left keeps its turn" {
  start_server --poll
  start_client 7 crowd 20
  tell_client 7 hello
  client_says 7 '^20 clients heard'
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
