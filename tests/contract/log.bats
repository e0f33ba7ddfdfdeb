#!/usr/bin/env bats
# What every stage says, line by line. STAGE says which one is under test.

load ../lib/helpers

setup() {
  treated_in "chapter 1, the log"
}

teardown() {
  stop_server
}

@test "every line begins with the seconds since the start" {
  start_server
  client_does hello
  wait_for_log closed
  run grep -v '^ *[0-9]*\.[0-9][0-9][0-9] ' "$server_log"
  [ -z "$output" ]
  [ "$(cut -c 5 "$server_log" | sort -u)" = . ]
}

@test "a connection is accepted, received from and closed, in these words" {
  start_server
  connect 5
  say 5 hello
  hears 5 hello
  wait_for_log '\[[0-9]*\] accepted 127\.0\.0\.1:[0-9]*$'
  wait_for_log '\[[0-9]*\] received 6 bytes: "hello\\n"$'
  disconnect 5
  wait_for_log '\[[0-9]*\] closed: client closed; echoed 6 bytes$'
  fds=$(sed -n 's/.*\(\[[0-9]*\]\).*/\1/p' "$server_log" | sort -u | wc -l)
  [ "$fds" -eq 1 ]
  [ "$(wc -l <"$server_log")" -eq 4 ]
}

@test "one byte is a byte, and none are bytes" {
  start_server
  client_does drip 1
  wait_for_log 'received 1 byte: "'
  wait_for_log 'closed: client closed; echoed 1 byte$'
  printf '' | nc_client 127.0.0.1 "$port"
  wait_for_log 'closed: client closed; echoed 0 bytes$'
}

@test "what a client sends is shown escaped" {
  start_server
  printf 'a\n\r\t\\"\033[31m\0\177\200\377~ ' | nc_client 127.0.0.1 "$port" >/dev/null
  wait_for_log closed
  wait_for_log 'received 17 bytes: "a\\n\\r\\t\\\\\\"\\033\[31m\\000\\177\\200\\377~ "$'
}

@test "no more than 64 bytes of what a client sends are shown" {
  start_server
  exactly=$(printf '%064d' 0)
  client_does hello "${exactly%0}" # and a newline
  wait_for_log "received 64 bytes: \"${exactly%0}\\\\n\"\$"
  client_does hello "$exactly"
  wait_for_log "received 65 bytes: \"$exactly\"\\.\\.\\.\$"
}

@test "a reset is named in the system's words" {
  start_server
  connect_reset() { client_does reset 5; }
  connect_reset
  wait_for_log '\] closed: \(Connection reset by peer\|Broken pipe\); echoed [0-9]* bytes$' 1
}

@test "-q leaves out what concerns clients" {
  start_server -q
  client_does hello
  client_does reset 3
  client_does hello
  [ "$(wc -l <"$server_log")" -eq 1 ]
  wait_for_log 'listening on'
}

@test "-v says what the loop does" {
  start_server -v
  connect 5
  say 5 hello
  hears 5 hello
  [ "$stage${VARIANT:-}" != 03 ] || wait_for_log 'read would block$'
  disconnect 5
  wait_for_log closed
  case $stage${VARIANT:-} in
    01 | 02*)
      wait_for_log 'waiting in accept$'
      wait_for_log '\[[0-9]*\] waiting in read$' 2
      wait_for_log '\[[0-9]*\] waiting in write$'
      ;;
    03)
      wait_for_log 'read would block$'
      wait_for_log 'accept would block$'
      wait_for_log 'asked 0 clients [0-9]* times\{0,1\} for nothing$'
      wait_for_log 'asked 1 client [0-9]* times\{0,1\} for nothing$'
      ;;
    *)
      name=epoll_wait
      [ "$stage" != 05 ] && [ "${POLLER:-}" != kqueue ] || name=kevent
      [ "$stage" != 03 ] || name=poll
      wait_for_log "waiting in $name\$" 3
      wait_for_log '\[[0-9]*\] is ready$' 3
      ;;
  esac
}

@test "lines of many clients do not mix" {
  start_server -v
  from_stage 02 "01 serves one client at a time"
  fits 50
  start_client 7 crowd 50
  for _ in 1 2 3 4; do
    tell_client 7 hello
  done
  client_says 7 '^50 clients heard'
  end_client 7
  wait_for_log 'closed: ' 50
  run grep -vE '^ *[0-9]+\.[0-9]{3} (listening on 127|waiting in |\[[0-9]+\] is the listener|accept would block|asked [0-9]+ clients? [0-9]+ times? for nothing|\[[0-9]+\] (accepted [0-9.:]+|received [0-9]+ bytes: ".*"|closed: client closed; echoed [0-9]+ bytes|waiting in (read|write)|is ready|read would block)$)' "$server_log"
  [ -z "$output" ]
}

@test "a number is logged as closed before it is given out again" {
  start_server
  pids=()
  for _ in 1 2 3 4; do
    "$client" -t "$PATIENCE" "$address" quick 500 >/dev/null 3>&- 4>&- &
    pids+=("$!")
  done
  wait "${pids[@]}"
  wait_for_log closed 2000
  again=$(awk '/accepted/ { if (open[$2]) print $2; open[$2] = 1 }
               /closed/ { open[$2] = 0 }' "$server_log")
  [ -z "$again" ] || saw "the log has these numbers accepted twice: $again"
}
