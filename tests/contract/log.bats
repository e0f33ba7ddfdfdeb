#!/usr/bin/env bats
# What every stage says, line by line: the contract's section on the log.

load ../lib/helpers

setup() {
  about "log" "chapter 1, the whole server"
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

# bats test_tags=once
@test "one byte is a byte, and none are bytes" {
  start_server
  client_does drip 1
  wait_for_log 'received 1 byte: "'
  wait_for_log 'closed: client closed; echoed 1 byte$'
  printf '' | nc_client 127.0.0.1 "$port"
  wait_for_log 'closed: client closed; echoed 0 bytes$'
}

# bats test_tags=once
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
  client_does reset 5
  # A pattern per line: not every grep knows \|.
  wait_for_log "] closed: Connection reset by peer; echoed [0-9]* bytes\$
] closed: Broken pipe; echoed [0-9]* bytes\$" 1
}

@test "-q leaves out what concerns clients, and the last of -q and -v counts" {
  start_server -v -q
  client_does hello
  client_does reset 3
  client_does hello
  [ "$(wc -l <"$server_log")" -eq 1 ]
  wait_for_log 'listening on'
  stop_server
  start_server -q -v
  client_does hello
  wait_for_log received
  spins || wait_for_log 'waiting in'
}

@test "-v says what the loop does" {
  start_server -v
  connect 5
  say 5 hello
  hears 5 hello
  disconnect 5
  wait_for_log closed
  case $stage in
    01 | 02)
      wait_for_log 'waiting in accept$'
      wait_for_log '\[[0-9]*\] waiting in read$' 2
      wait_for_log '\[[0-9]*\] waiting in write$'
      ;;
    03)
      spins || wait_for_log 'waiting in poll$' 3
      ! spins || [ "$(count_log 'waiting in')" -eq 0 ]
      ;;
    *)
      name=epoll_wait
      ! on_kqueue || name=kevent
      wait_for_log "waiting in $name\$" 3
      wait_for_log '\[[0-9]*\] is ready$' 3
      ;;
  esac
  [ "$((10#$stage))" -ge 3 ] || return 0 # 01 and 02 wait in write
  start_client 7 no-read 33554432
  wait_for_log '\[[0-9]*\] write would block$'
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
  run grep -vE '^ *[0-9]+\.[0-9]{3} (listening on 127|waiting in |\[[0-9]+\] (is the listener|accepted [0-9.:]+|received [0-9]+ bytes: ".*"|closed: client closed; echoed [0-9]+ bytes|waiting in (read|write)|is ready)$)' "$server_log"
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

# bats test_tags=once
@test "no byte that a client sends reaches the terminal as a control character" {
  start_server -v
  for first in 1 65 129 193; do
    # Through a file: a pipe would be read in pieces.
    every_byte | tail -c "+$first" | head -c 64 >"$scratch/bytes"
    nc_client 127.0.0.1 "$port" <"$scratch/bytes" >/dev/null
  done
  wait_for_log 'closed: ' 4
  run ! env LC_ALL=C grep -n '[^ -~]' "$server_log"
  # They are all there: what C has no letter for is in octal digits.
  wait_for_log 'received 64 bytes: "\\000\\001.*\\010\\t\\n\\013\\014\\r\\016.*\\033.* !\\"#.*?"$'
  wait_for_log 'received 64 bytes: "@A.*\[\\\\]^.*~\\177"$'
  wait_for_log 'received 64 bytes: "\\200\\201.*\\233.*\\277"$'
  wait_for_log 'received 64 bytes: "\\300.*\\376\\377"$'
}

# --- where the log goes ------------------------------------------------------

# The server_pid has no log: its port is free-port's.
serves() {
  : >"${server_log:=$scratch/server.log}"
  address=127.0.0.1:$port
  await_listening
  client_does half-close 1048576
  client_does hello
}

@test "a server that is started without descriptors 0, 1 and 2 serves" {
  port=$("$client" 0 free-port)
  "$SERVER" "$port" <&- >&- 2>&- 3>&- &
  server_pid=$!
  serves
  # What would be written to descriptor 2 must not end up with a client.
  from_stage 02 "01 serves one client at a time"
  start_crowd 7 5
}

@test "a log that nobody reads any more harms nothing" {
  port=$("$client" 0 free-port)
  mkfifo "$scratch/log"
  "$SERVER" "$port" 2>"$scratch/log" 3>&- &
  server_pid=$!
  head -n 1 "$scratch/log" >/dev/null
  serves
}

# bats test_tags=slow,once
@test "without descriptors 0 to 2 and without /dev/null it does not start" {
  can_trace
  # What would be written to descriptor 2 would end up with a client.
  # shellcheck disable=SC2016  # for that shell
  run limited strace -f -o "$scratch/calls" -P /dev/null -e trace=openat \
    -e inject=openat:error=ENOENT sh -c 'exec "$0" 0 <&- >&- 2>&-' "$SERVER"
  [ "$status" -eq 1 ] || saw "the exit status is $status"
}

