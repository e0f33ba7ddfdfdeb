#!/usr/bin/env bats
# The echo servers in Go that the book shows: they do what is said of them.

load ../lib/helpers

teardown() {
  stop_server
}

# Starts it, on 127.0.0.1:0 unless it is told where.
start_go() { # NAME [OPTION]... [-- ADDRESS...]
  SERVER=$root/build/go/$1
  [ -x "$SERVER" ] || skip "$1 is not built: make beyond says why"
  shift
  local options=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  [ $# -eq 0 ] && set -- -- 127.0.0.1:0
  shift
  server_log=$scratch/server.log
  : >"$server_log"
  (
    [ -z "${limit:-}" ] || ulimit -n "$limit"
    exec "$SERVER" ${options[@]+"${options[@]}"} "$@"
  ) >/dev/null 2>"$server_log" </dev/null \
    3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  server_pid=$!
  wait_for_log '^listening on' "$#"
  address=$(sed -n 's/^listening on //p' "$server_log" | head -n 1)
  port=${address##*:}
}

echoes() {
  client_does hello
  client_does half-close 8388608
  client_does drip 20
  client_does reset 20
  client_does unread 20
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  tell_client 7 go
  client_says 7 'echoed 67108864 bytes'
  end_client 7
  client_does hello
}

serves_many_at_once() {
  start_client 8 crowd 50
  tell_client 8 hello
  client_says 8 '^50 clients heard'
  end_client 8
}

# One CPU second is what a loop that tries again at once burns in a second.
rests_without_descriptors() {
  only_linux "limits and CPU time are read from /proc"
  start_client 9 crowd 60
  wait_for_log 'too many open files'
  cpu=$(cpu_percent)
  [ "$cpu" -lt 20 ] || saw "it takes $cpu % of a core while descriptors are out"
  end_client 9
  client_does hello
}

@test "goroutines echoes, whatever its clients do" {
  start_go goroutines
  echoes
  serves_many_at_once
}

@test "goroutines pauses when descriptors run out, and goes on" {
  limit=40 start_go goroutines
  rests_without_descriptors
}

@test "channels echoes, whatever its clients do" {
  start_go channels -workers 50
  echoes
  serves_many_at_once
}

@test "channels serves as many as there are workers, and the next one waits" {
  start_go channels -workers 1
  connect 5
  say 5 first
  hears 5 first
  connect 6
  say 6 second
  hears_nothing 6
  disconnect 5
  hears 6 second
}

@test "channels closes what a worker is done with" {
  only_linux "descriptors are read from /proc"
  start_go channels -workers 4
  before=$(descriptors)
  client_does reset 50
  # io.Copy has a pipe for each that copies, and keeps some for the next.
  descriptors_return_to $((before + 2 * 4))
}

@test "readers echoes, whatever its clients do" {
  start_go readers
  echoes
  serves_many_at_once
}

goes_away_in_mid_echo() {
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  end_client 7
}

@test "readers leaves no goroutine at a channel" {
  start_go readers
  goes_away_in_mid_echo
  goes_away_in_mid_echo
  client_does hello
  wait_for_log '^accepted; goroutines so far: 1$' 3
}

@test "readers, if it is careless, leaves one each time" {
  start_go readers -careless
  goes_away_in_mid_echo
  goes_away_in_mid_echo
  client_does hello
  wait_for_log '^accepted; goroutines so far: 3$'
}

@test "deadline echoes, whatever its clients do" {
  start_go deadline -timeout 60s
  echoes
  serves_many_at_once
}

@test "deadline closes a client that is silent" {
  start_go deadline -timeout 300ms
  connect 5
  say 5 hello
  hears 5 hello
  wait_for_log 'closed: idle for 300ms'
}

@test "deadline closes a client that does not read its answer" {
  start_go deadline -timeout 300ms
  start_client 7 no-read 67108864
  wait_for_log 'closed: idle for 300ms'
}

@test "deadline lets a client live that is slow and moves" {
  start_go deadline -timeout 2s
  connect 5
  for _ in 1 2 3 4 5 6; do
    sleep 0.5
    say 5 hello
    hears 5 hello
  done
  run ! grep idle "$server_log"
}

@test "epoll echoes, whatever its clients do" {
  start_go epoll
  echoes
  serves_many_at_once
}

@test "epoll pauses when descriptors run out, and goes on" {
  limit=40 start_go epoll
  rests_without_descriptors
}

@test "epoll asks again after a second, also beside a client who is busy" {
  limit=40 start_go epoll
  start_client 7 flood
  client_says 7 flooding
  start_client 8 crowd 60
  client_says 8 connected
  wait_for_log 'accept: ' 2
  end_client 8
  end_client 7
}

@test "epoll does not end at EAGAIN, and not spin at the end of a client" {
  only_linux "CPU time is read from /proc"
  start_go epoll
  connect 5
  for word in one two three; do
    say 5 "$word"
    hears 5 "$word"
  done
  client_does half-close 1000
  cpu=$(cpu_percent)
  [ "$cpu" -lt 20 ] || saw "it takes $cpu % of a core with nothing to do"
}

@test "epoll gives the others a turn while one floods" {
  start_go epoll
  start_client 7 flood
  client_says 7 flooding
  client_does hello
  end_client 7
}

@test "addresses echoes on TCP and on a Unix socket, and removes its path" {
  start_go addresses -- 127.0.0.1:0 127.0.0.1:0 "unix:$scratch/echo"
  while read -r line; do
    address=$line
    case $address in /*) address=unix:$address ;; esac
    echoes
  done < <(sed -n 's/^listening on //p' "$server_log")
  [ -S "$scratch/echo" ]
  end_server TERM
  [ "$status" -eq 0 ]
  [ ! -e "$scratch/echo" ]
}

@test "the Go code is laid out by gofmt, and go vet finds nothing" {
  command -v go >/dev/null || skip "go is missing"
  cd "$root"
  [ -z "$(gofmt -l tests/book/go)" ]
  for program in tests/book/go/*/main.go; do
    GO111MODULE=off GOENV=off GOFLAGS='' CGO_ENABLED=0 GOPATH=$root/build/go \
      GOCACHE=$root/build/go/cache HOME=$root/build/go go vet "$program"
  done
}
