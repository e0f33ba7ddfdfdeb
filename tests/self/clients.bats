#!/usr/bin/env bats
# The clients of the tests, build/tests/client and tests/crowd: what they find,
# what they measure, and what they say when they are used wrongly. What else
# build/tests/client does, the tests of the servers show.

load ../lib/helpers

crowd=$root/tests/crowd
out=$scratch/out

teardown() {
  stop_server
}

# --- what they find ----------------------------------------------------------

# A server that is wrong after a few bytes.
meet_liar() { # FAULT
  stop_server
  SERVER=$root/build/tests/liar start_server "$1" -- 0
}

says() { # WORDS
  echo "$output"
  [ "$status" -eq 1 ]
  echo "$output" | grep -q "$1"
}

client_finds() { # FAULT WORDS
  meet_liar "$1"
  run "$client" -t "$PATIENCE" "$address" drip 100
  says "connection 0: $2"
}

crowd_finds() { # FAULT WORDS [OPTION]...
  meet_liar "$1"
  run "$crowd" -c 1 -n 1000 --warm-up 0 "${@:3}" "$address"
  says "client 0: $2"
  says 'errors  *1 '
}

@test "client says which byte is wrong or was never sent, and what is lost" {
  client_finds wrong 'byte 4 came back as 0x'
  client_finds extra 'byte 5 came back, and was never sent'
  client_finds close 'the server closed after 4 of 5 bytes'
}

@test "crowd says which byte is wrong or was never sent, and what is lost" {
  crowd_finds wrong 'byte 288 came back as 0x'
  crowd_finds extra 'byte 320 came back, and was never sent'
  crowd_finds close 'the server closed after 256 of 320 bytes'
  # With a second message on its way, what comes next is not what was lost.
  crowd_finds short 'byte [0-9]* came back as 0x' -p 2
}

@test "crowd says that it cannot connect" {
  run "$crowd" -c 3 "$("$client" 0 free-port)"
  says 'client 0: cannot connect to [0-9]*: Connection refused'
  says 'errors  *3 could not connect'
}

@test "client says what it waited for when its time is up" {
  SERVER=$root/01-blocking/server start_server
  start_client 7 silent # 01 serves one at a time
  wait_for_log accepted
  run "$client" -t 1 "$address" hello
  says '^time is up, still waiting for the echo'
  end_client 7
}

# --- how they are used -------------------------------------------------------

@test "what makes no sense is refused in one line" {
  for wrong in "" "8080" "x hello" "8080 nonsense" "8080 drip" "8080 drip x" \
    "8080 silent 3" "8080 hello a b" "-t x 8080 hello" "-x"; do
    # shellcheck disable=SC2086  # several words
    in_a_line 2 client "$client" $wrong
  done
  for wrong in "-c 0" "-s x" "-d -1" "-n 1x" "--nonsense" "8080 8081" ":8080"; do
    # shellcheck disable=SC2086
    in_a_line 2 crowd "$crowd" $wrong
  done
}

# --- what they do ------------------------------------------------------------

# Against what the server's log has: an account of each connection.
accounts() { # PROGRAM RECEIVED SENT
  sed -n "s/.*accepted .*:/account: $1 /p" "$server_log" | sed "s/\$/ $2 $3/" |
    sort | diff - <(sort "$scratch/account")
}

@test "client -a accounts for each connection by its port" {
  start_server
  "$client" -a "$scratch/account" "$address" quick 3
  accounts quick 6 6
}

@test "crowd --churn connects anew for every message, and accounts for each" {
  start_server
  "$crowd" -c 1 --churn -n 100 --account "$scratch/account" "$address"
  [ "$(count_log accepted)" -ge 100 ]
  accounts crowd 64 64
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

figure() { # NAME, of the JSON in output
  local rest=${output##*"\"$1\": "}
  echo "${rest%%[,\}]*}"
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

start_measuring() { # OPTION...
  start_server
  "$crowd" -c 1 "$@" "$address" >"$out" 3>&- &
  background+=("$!")
}

interrupt() {
  kill -INT "${background[0]}"
  wait "${background[0]}"
}

@test "crowd holds its clients and sees that they are still there" {
  start_measuring --hold 60
  eventually grep -q 'holding 1 client' "$out"
  interrupt
  [ "$(count_log 'received 64 bytes')" -eq 2 ]
}

@test "SIGINT ends crowd early, with the figures so far" {
  start_measuring -d 600 --warm-up 0
  wait_for_log received 100
  interrupt
  grep -q 'errors  *none' "$out"
  grep -q 'p99.9' "$out"
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
