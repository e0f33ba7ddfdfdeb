#!/usr/bin/env bats
# What is special to 06, seen from inside: contract/deadlines.bats and stop.bats
# have what its clients see.

STAGE=06
load ../lib/helpers

setup() {
  about 10 "chapter 6, the queue"
}

# bats test_tags=slow
@test "a write alone gives a client a new deadline" {
  start_server -q --timeout 4
  connect 5
  # For three seconds the client does not read, as far as the server can see.
  trace_server write write:error=EAGAIN:delay_enter=1000000:when=1..3
  say 5 hello
  hears 5 hello
  start=$(date +%s)
  run read -r -t "$PATIENCE" -u 5
  seconds=$(($(date +%s) - start))
  [ "$seconds" -ge 4 ] || saw "a client was closed $seconds s after it was written to"
  end_trace
}

@test "the loop sleeps until the next deadline, and not longer or shorter" {
  start_server -v --timeout 0.5
  connect 5
  wait_for_log 'closed: idle'
  # Between the client's arrival and its deadline the loop waits once.
  waits=$(awk '/accepted/ { on = 1 } /closed: idle/ { on = 0 }
    on && /waiting in/ { count++ } END { print count + 0 }' "$server_log")
  [ "$waits" -le 3 ] || saw "the loop woke $waits times for one deadline"
}
