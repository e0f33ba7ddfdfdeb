#!/usr/bin/env bats
# How 04, 05 and 06 stop. STAGE says which one is under test.

load ../lib/helpers

setup() {
  treated_in "chapter 4, signals are events"
}

teardown() {
  stop_server
}

@test "SIGTERM closes everything and the server exits with 0" {
  start_server
  start_client 7 crowd 50
  tell_client 7 hello
  client_says 7 '^50 clients heard'
  tell_client 7 wait
  end_server TERM
  [ "$status" -eq 0 ] || saw "the exit status is $status"
  client_says 7 'the server closed all 50'
  end_client 7
  is_ours || return 0
  [ "$(count_log '\] closed: server stopping; echoed [0-9]* bytes$')" -eq 50 ]
  [ "$(tail -n 1 "$server_log" | cut -c 10-)" = "stopped: served 50 connections, echoed 800 bytes" ]
}

@test "SIGINT does the same" {
  start_server
  client_does hello
  end_server INT
  [ "$status" -eq 0 ] || saw "the exit status is $status"
  is_ours || return 0
  [ "$(tail -n 1 "$server_log" | cut -c 10-)" = "stopped: served 1 connection, echoed 6 bytes" ]
}

@test "a server that served nobody stops as well" {
  start_server
  end_server TERM
  [ "$status" -eq 0 ] || saw "the exit status is $status"
  is_ours || return 0
  [ "$(tail -n 1 "$server_log" | cut -c 10-)" = "stopped: served 0 connections, echoed 0 bytes" ]
}

@test "the log ends with stopped, also under -q" {
  only_ours "the log"
  start_server -q
  client_does hello
  end_server TERM
  [ "$(wc -l <"$server_log")" -eq 2 ]
  [ "$(tail -n 1 "$server_log" | cut -c 10-)" = "stopped: served 1 connection, echoed 6 bytes" ]
}

@test "the paths of Unix sockets are removed" {
  only_ours "addresses"
  start_server -- "unix:$BATS_TEST_TMPDIR/a" "unix:$BATS_TEST_TMPDIR/b"
  client_does hello
  end_server TERM
  [ "$status" -eq 0 ] || saw "the exit status is $status"
  [ ! -e "$BATS_TEST_TMPDIR/a" ]
  [ ! -e "$BATS_TEST_TMPDIR/b" ]
}

@test "a path that somebody else has taken meanwhile is left alone" {
  only_ours "addresses"
  start_server -- "unix:$BATS_TEST_TMPDIR/a"
  rm "$BATS_TEST_TMPDIR/a"
  echo precious >"$BATS_TEST_TMPDIR/a"
  end_server TERM
  [ "$status" -eq 0 ] || saw "the exit status is $status"
  [ "$(cat "$BATS_TEST_TMPDIR/a")" = precious ]
}

@test "it stops in the middle of a flood" {
  start_server
  start_client 7 flood
  client_says 7 flooding
  end_server TERM
  [ "$status" -eq 0 ] || saw "the exit status is $status"
}

@test "it stops while descriptors are out" {
  limit=40 start_server
  start_client 7 crowd 60
  client_says 7 'connected 60'
  tell_client 7 'hello 0 9'
  client_says 7 '^10 clients heard'
  end_server TERM
  [ "$status" -eq 0 ] || saw "the exit status is $status"
}

@test "a signal that came while the server was suspended stops it" {
  start_server
  suspend_server
  kill -TERM "$server_pid"
  resume_server
  status=0
  wait "$server_pid" || status=$?
  server_pid=
  [ "$status" -eq 0 ] || saw "the exit status is $status"
}
