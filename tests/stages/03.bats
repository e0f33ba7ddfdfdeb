#!/usr/bin/env bats
# What is special to 03: asking all the time. Its variant with --poll sleeps.

STAGE=03
load ../lib/helpers

setup() {
  about 7 "chapter 4, three thousand bytes"
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
