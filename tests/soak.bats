#!/usr/bin/env bats
# The soak finds nothing wrong with a server that is right, and finds out about
# one that is not.

load lib/helpers

soak=$root/build/tests/soak/soak

setup() {
  only_linux "the soak reads /proc"
  without_sanitizers "they have memory of their own"
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL STAGE SERVER
}

@test "five seconds of soak find nothing wrong" {
  MINUTES=0.08 SEED=1 run tests/soak/run 04
  echo "$output"
  [ "$status" -eq 0 ]
  [[ "$output" == *"connections  "* ]]
  [[ "$output" == *"violations   0"* ]]
}

# Soaks a 04 with something wrong.
soak_spoiled() { # SPOIL
  run "$soak" -m 0.08 -s 1 -p 5 "$(command -v env)" "SPOIL=$1" \
    LD_PRELOAD="$root/build/tests/soak/spoil.so" 04-epoll/server 0
  echo "$output"
  [ "$status" -eq 1 ]
}

@test "a soak sees that a descriptor stays open" {
  soak_spoiled leak
  [[ "$output" == *"VIOLATION after "*" descriptors and 1 threads, and nobody is there"* ]]
}

@test "a soak sees that a byte is lost" {
  soak_spoiled lose
  [[ "$output" == *"VIOLATION after "*"what comes next is not what it has said"* ]]
}

@test "a soak sees that a line of the log is missing" {
  soak_spoiled mute
  [[ "$output" == *"VIOLATION after "* ]]
}

@test "SIGINT ends a soak early, with a report" {
  "$soak" -m 60 -s 1 -v 04-epoll/server 0 >"$BATS_TEST_TMPDIR/report" \
    2>"$BATS_TEST_TMPDIR/progress" 3>&- &
  pid=$!
  background+=("$pid")
  until grep -q 'crowd 1' "$BATS_TEST_TMPDIR/progress"; do sleep 0.05; done
  kill -INT "$pid"
  wait "$pid"
  grep 'violations   0' "$BATS_TEST_TMPDIR/report"
}
