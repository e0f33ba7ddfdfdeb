#!/usr/bin/env bats
# Contract 10: a client that moves no byte for S seconds is closed.
# Stages: 06

load ../lib/helpers

setup() {
  about 10 "chapter 6, the queue"
  from_stage 06 "only 06 has deadlines"
  # A reader's server has five seconds; ours are told how long.
  timeout=0.5
  is_ours || timeout=5
}

start_with_timeout() { # [OPTION]...
  if is_ours; then
    start_server "$@" --timeout "$timeout"
  else
    start_server
  fi
}

# Sets seconds, for which a silent client is tolerated.
be_silent() {
  start_until 8 'closed by the server' silent || return
  seconds=$(sed -n 's/^closed by the server after \([0-9.]*\) s$/\1/p' \
    "$scratch/client8.out")
  end_client 8
}

# Whether a number of seconds is between two others.
between() { # LOW NUMBER HIGH
  awk -v low="$1" -v number="$2" -v high="$3" \
    'BEGIN { exit !(low <= number && number <= high) }'
}

# The limit is much more than the contract's 50 ms: a machine may be busy.
late() {
  awk "BEGIN { print $timeout + 2.5 }"
}

# bats test_tags=torture
@test "a silent client is closed, not before its time and soon after" {
  start_with_timeout
  be_silent
  between "$timeout" "$seconds" "$(late)" ||
    saw "a silent client was closed after $seconds s, not $timeout"
  is_ours || return 0
  wait_for_log '\] closed: idle for 0.5 s; echoed 0 bytes$'
}

@test "by its own log, the server is at most a moment late, for the seconds given" {
  only_ours "the log"
  timeout=0.125 start_with_timeout
  be_silent
  wait_for_log '\] closed: idle for 0.125 s; echoed 0 bytes$'
  seconds=$(awk '/accepted/ { start = $1 } /closed/ { print $1 - start }' "$server_log")
  between 0.125 "$seconds" 0.375 || saw "a silent client was closed after $seconds s"
}

@test "clients are closed in the order in which they fell silent" {
  only_ours "the log"
  start_with_timeout
  connect 5
  connect 6
  for client in 5 6 5; do # once more: then it is not the order of arrival
    say "$client" "I am $client"
    hears "$client" "I am $client"
  done
  wait_for_log 'closed: idle' 2
  order=$(awk '/I am/ { name[$2] = $NF } /closed/ { printf "%s ", name[$2] }' \
    "$server_log")
  [ "$order" = '6\n" 5\n" ' ] || saw "they were closed in the order $order"
}

# bats test_tags=slow
@test "without --timeout a client has five seconds" {
  start_server
  be_silent
  between 5 "$seconds" 7.5 || saw "a silent client was closed after $seconds s"
}

# bats test_tags=torture
@test "a client that talks stays, for as long as it talks" {
  ! is_ours || timeout=2
  start_with_timeout
  connect 5
  pause=$(awk "BEGIN { print $timeout / 5 }")
  for word in one two three four five six seven eight nine; do
    say 5 "$word"
    hears 5 "$word"
    sleep "$pause"
  done
}

@test "a client that does not read is closed, too" {
  # It takes the client a moment to find that it is stuck.
  ! is_ours || timeout=2
  start_with_timeout
  start_until 7 'stuck after' no-read 67108864
  if ! is_ours; then
    # Its log does not tell, its descriptors do; or the client, when it reads
    # after twice the time: a last try may find some room, too little to be told.
    if [ -d /proc/self/fd ]; then
      PATIENCE=15 descriptors_return_to $(($(descriptors) - 1)) ||
        saw "a client that did not read was not closed in 15 s"
      return
    fi
    sleep 11
    tell_client 7 go
    client_says 7 $'closed\nreset\ncannot send'
    return
  fi
  wait_for_log "\\] closed: idle for 2 s; echoed [1-9][0-9]* bytes\$"
}

# bats test_tags=torture
@test "thousands of clients whose time is up together are all closed in time" {
  only_linux "elsewhere the backlog is short"
  crowd=2000
  has_descriptors $((crowd + 100))
  all_descriptors
  start_with_timeout -q
  bears_a_crowd
  if is_ours; then
    start_until 7 "connected $crowd" crowd "$crowd"
  else
    start_crowd 7 "$crowd"
  fi
  tell_client 7 wait
  client_says 7 "the server closed all $crowd"
  first=$(sed -n 's/.*first after \([0-9.]*\) s.*/\1/p' "$scratch/client7.out")
  last=$(sed -n 's/.*last after \([0-9.]*\) s.*/\1/p' "$scratch/client7.out")
  between "$timeout" "$first" 100 || saw "one of $crowd was closed after $first s"
  between 0 "$last" "$(late)" || saw "one of $crowd was closed only after $last s"
  end_client 7
}

@test "a flood does not hold deadlines up" {
  start_with_timeout -q
  start_until 7 flooding flood
  be_silent
  between "$timeout" "$seconds" "$(late)" ||
    saw "beside a flood a silent client was closed after $seconds s"
}

# However many are late, one turn of the loop closes them: turns are long when
# other clients flood the server, and then the last one would be late.
@test "a thousand clients that are late at once are closed in one turn of the loop" {
  only_ours "the log"
  only_linux "elsewhere the backlog is short"
  has_descriptors 1100
  all_descriptors
  start_server -v --timeout 2
  start_until 7 'connected 1000' crowd 1000
  wait_for_log accepted 1000
  suspend_server
  sleep 2.5 # now all are late
  resume_server
  wait_for_log 'closed: idle' 1000
  turns=$(awk '/closed: idle/ { if (++closed > 1) turns += waits; waits = 0 }
    /waiting in/ { waits++ } END { print turns + 0 }' "$server_log")
  [ "$turns" -eq 0 ] || saw "$turns turns of the loop came between them"
}

# bats test_tags=torture
@test "after a long suspension clients that had sent are served, the silent closed" {
  ! is_ours || timeout=2
  start_with_timeout
  connect 5
  connect 6
  say 5 before
  hears 5 before
  say 6 before
  hears 6 before
  suspend_server
  say 5 meanwhile
  sleep "$(awk "BEGIN { print 2 * $timeout }")"
  resume_server
  hears 5 meanwhile
  run read -r -t "$PATIENCE" -u 6
  [ "$status" -eq 1 ] || saw "the silent client was not closed"
}
