#!/usr/bin/env bats
# build/tests/client: what it finds, and what it says when it is used wrongly.
# What its commands do, the tests of the servers show.

load ../lib/helpers

teardown() {
  stop_server
}

liar_does() { # FAULT COMMAND ARGUMENT WORDS
  SERVER=$root/build/tests/liar start_server "$1" -- 0
  run "$client" -t "$PATIENCE" "$address" "$2" "$3"
  echo "$output"
  [ "$status" -eq 1 ]
  [[ "$output" == *"$4"* ]]
}

@test "client finds a wrong byte, and says which one" {
  liar_does wrong drip 100 'connection 0: byte 4 came back as 0x'
}

@test "client finds a byte too many" {
  liar_does extra drip 100 'connection 0: byte 5 came back, and was never sent'
}

@test "client finds that the rest of the echo is lost" {
  liar_does close drip 100 'connection 0: the server closed after 4 of 5 bytes'
}

@test "client says what it waited for when its time is up" {
  SERVER=$root/01-blocking/server start_server
  start_client 7 silent # 01 serves one at a time
  wait_for_log accepted
  run "$client" -t 1 "$address" hello
  [ "$status" -eq 1 ]
  [[ "$output" == "time is up, still waiting for the echo"* ]]
  end_client 7
}

@test "client refuses wrong usage in one line, and --help names every command" {
  for wrong in "" "8080" "x hello" "8080 nonsense" "8080 drip" "8080 drip x" \
    "8080 silent 3" "8080 hello a b" "-t x 8080 hello" "-x"; do
    # shellcheck disable=SC2086  # several words
    run "$client" $wrong
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
  done
  run "$client" --help
  [ "$status" -eq 0 ]
  sed -n 's/^    {"\([a-z-]*\)", .*run_.*/\1/p' \
    "$root/tests/clients/client.c" >"$BATS_TEST_TMPDIR/commands"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/commands")" -gt 15 ]
  while read -r command; do
    [[ "$output" == *"  $command "* ]]
  done <"$BATS_TEST_TMPDIR/commands"
}

@test "client -a accounts for each connection by its port" {
  start_server
  "$client" -a "$BATS_TEST_TMPDIR/account" "$address" quick 3
  sed -n 's/.*accepted .*:/account: quick /p' "$server_log" |
    sed 's/$/ 6 6/' | diff - "$BATS_TEST_TMPDIR/account"
}

@test "a crowd of 12,001 comes from two source addresses" {
  only_linux "elsewhere 127.0.0.2 is no address of the machine"
  SERVER=$root/04-epoll/server start_server
  run "$client" -t "$PATIENCE" "$address" burst 12001
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(count_log 'accepted 127.0.0.1:')" -eq 12000 ]
  [ "$(count_log 'accepted 127.0.0.2:')" -eq 1 ]
}

@test "of the recordings' three clients, C reads late and hears all" {
  SERVER=$root/04-epoll/server start_server
  run "$client" -t "$PATIENCE" "$address" trio
  [ "$status" -eq 0 ]
  # A and B say 18 bytes, C as much as fits while it reads nothing.
  [ "$(count_log 'closed: client closed; echoed 6 bytes')" -eq 1 ]
  [ "$(count_log 'closed: client closed; echoed 12 bytes')" -eq 1 ]
  [ "$(count_log 'closed: client closed; echoed [0-9]\{6,\} bytes')" -eq 1 ]
}
