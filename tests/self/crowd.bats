#!/usr/bin/env bats
# tests/crowd: it finds what is wrong, and measures what it says.

load ../lib/helpers

crowd=$root/tests/crowd

teardown() {
  stop_server
}

# Runs it against a server that is wrong after four messages.
finds() { # FAULT WORDS [OPTION]...
  SERVER=$root/build/tests/liar start_server "$1" -- 0
  run "$crowd" -c 1 -n 1000 --warm-up 0 "${@:3}" "$address"
  echo "$output"
  [ "$status" -eq 1 ]
  echo "$output" | grep -q "client 0: $2"
  echo "$output" | grep -q 'errors  *1 '
}

figure() { # NAME, of the JSON in output
  local rest=${output##*"\"$1\": "}
  echo "${rest%%[,\}]*}"
}

@test "crowd finds a wrong byte, and says which one" {
  finds wrong 'byte 288 came back as 0x'
}

@test "crowd finds a byte too many" {
  finds extra 'byte 320 came back, and was never sent'
}

@test "crowd finds that a server left without an answer" {
  finds close 'the server closed after 256 of 320 bytes'
}

@test "crowd finds that bytes are missing" {
  # With a second message on its way, what comes next is not what was lost.
  finds short 'byte [0-9]* came back as 0x' -p 2
}

@test "crowd says that it cannot connect" {
  run "$crowd" -c 3 "$("$client" 0 free-port)"
  [ "$status" -eq 1 ]
  echo "$output" | grep -q 'client 0: cannot connect to [0-9]*: Connection refused'
  echo "$output" | grep -q 'errors  *3 could not connect'
}

@test "crowd refuses what makes no sense, in one line" {
  for wrong in "-c 0" "-s x" "-d -1" "-n 1x" "--nonsense" "8080 8081" ":8080"; do
    # shellcheck disable=SC2086  # several words
    run "$crowd" $wrong
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
  done
}

@test "crowd measures as many messages as it was told" {
  SERVER=$root/03-nonblocking/server start_server --poll
  run "$crowd" -c 10 -n 1001 -j "$address"
  [ "$status" -eq 0 ]
  # Those that came in the same turn are counted, too.
  [ "$(figure messages)" -ge 1001 ] && [ "$(figure messages)" -le 1011 ]
  [ "$(figure errors)" -eq 0 ]
}

@test "crowd sends large messages, many at a time" {
  start_server
  "$crowd" -c 1 -s 1000000 -p 5 -n 20 "$address"
}

@test "crowd --churn connects anew for every message, and accounts for each" {
  start_server
  "$crowd" -c 1 --churn -n 100 --account "$BATS_TEST_TMPDIR/account" "$address"
  [ "$(count_log accepted)" -ge 100 ]
  # Each connection that the server closed after 64 bytes has its line.
  sed -n 's/.*accepted .*:/account: crowd /p' "$server_log" |
    sed 's/$/ 64 64/' | sort >"$BATS_TEST_TMPDIR/log"
  sort "$BATS_TEST_TMPDIR/account" | diff - "$BATS_TEST_TMPDIR/log"
}

@test "crowd holds its clients and sees that they are still there" {
  start_server
  "$crowd" -c 1 --hold 60 "$address" >"$BATS_TEST_TMPDIR/out" 3>&- &
  crowd_pid=$!
  background+=("$crowd_pid")
  end=$((SECONDS + PATIENCE))
  until grep -q 'holding 1 client' "$BATS_TEST_TMPDIR/out"; do
    [ "$SECONDS" -lt "$end" ] || saw "the crowd does not hold its client" || return
    sleep 0.01
  done
  kill -INT "$crowd_pid"
  wait "$crowd_pid"
  [ "$(count_log 'received 64 bytes')" -eq 2 ]
}

@test "SIGINT ends crowd early, with the figures so far" {
  start_server
  "$crowd" -c 1 -d 600 --warm-up 0 "$address" >"$BATS_TEST_TMPDIR/out" 3>&- &
  crowd_pid=$!
  background+=("$crowd_pid")
  wait_for_log received 100
  kill -INT "$crowd_pid"
  wait "$crowd_pid"
  grep -q 'errors  *none' "$BATS_TEST_TMPDIR/out"
  grep -q 'p99.9' "$BATS_TEST_TMPDIR/out"
}

@test "crowd tells the server's CPU time, which is what the system says" {
  only_linux "/proc tells CPU time"
  start_server
  before=$(cpu_ms)
  run "$crowd" -c 1 -d 1 --warm-up 0 -j --server "$server_pid" "$address"
  after=$(cpu_ms)
  told=$(figure server_cpu_s) # seconds, with six places
  told=$((10#${told/./} / 1000))
  [ "$told" -gt 0 ]
  [ "$told" -le $((after - before + 20)) ]
  [ "$told" -ge $(((after - before) / 2)) ]
}
