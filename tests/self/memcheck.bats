#!/usr/bin/env bats
# What valgrind sees while a server has all sorts of clients and then stops: no
# access to memory that is not there, and none that is not given back.
# STAGE says which one is under test, 04 to 06.

load ../lib/helpers

setup() {
  about 9 "chapter 4, Ctrl-C is an event"
  needs valgrind
  without_sanitizers "they and valgrind exclude each other"
  from_stage 04 "01 to 03 are ended by a signal"
  # Everything at once takes longer than usual, and the server with it.
  export PATIENCE=60
  checked=$SERVER
  memory=$BATS_TEST_TMPDIR/memory
  SERVER=$BATS_TEST_TMPDIR/server
  printf '#!/bin/sh\nexec valgrind --log-file="%s" --leak-check=full \\
    --show-leak-kinds=all --track-fds=yes --error-exitcode=9 "%s" "$@"\n' \
    "$memory" "$checked" >"$SERVER"
  chmod +x "$SERVER"
}

teardown() {
  stop_server
}

# At its end the process has nothing open but what it was given, and what it
# waits with: the kernel takes that back.
holds_nothing() {
  cat "$memory"
  grep 'ERROR SUMMARY: 0 errors' "$memory"
  grep 'in use at exit: 0 bytes in 0 blocks' "$memory"
  run ! grep -E 'Open AF_' "$memory"
  opened_in=$(grep -A 1 '== Open ' "$memory" |
    sed -n 's/.* at 0x[0-9A-F]*: \([a-z0-9_]*\).*/\1/p' | sort -u)
  for call in $opened_in; do
    [ "$call" = epoll_create1 ] || [ "$call" = signalfd ] ||
      saw "a descriptor is open that $call has opened"
  done
}

@test "an orderly stop gives all memory and every socket back" {
  local options=(-v)
  [ "$stage" != 06 ] || options+=(--timeout 2)
  start_server "${options[@]}" -- 0 "unix:$BATS_TEST_TMPDIR/socket"
  start_client 7 crowd 20
  tell_client 7 hello
  client_says 7 '^20 clients heard'
  end_client 7
  client_does reset 20
  address=unix:$BATS_TEST_TMPDIR/socket client_does half-close 1048576
  start_client 8 no-read 8388608
  client_says 8 'stuck after\|sent all'
  tell_client 8 go
  client_says 8 '^echoed 8388608 bytes'
  end_client 8
  if [ "$stage" = 06 ]; then
    start_client 9 silent
    client_says 9 'closed by the server'
    end_client 9
    wait_for_log 'closed: idle for 2 s'
  fi
  # These are still there when it stops, one with bytes that are not sent.
  start_client 7 crowd 5
  tell_client 7 hello
  client_says 7 '^5 clients heard'
  start_client 8 no-read 67108864
  wait_for_log 'write would block'
  client_says 8 'stuck after'
  end_server TERM
  [ "$status" -eq 0 ] || {
    cat "$memory"
    saw "the exit status is $status"
  }
  holds_nothing
}
