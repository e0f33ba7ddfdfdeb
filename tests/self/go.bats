#!/usr/bin/env bats
# The echo servers in Go that the book shows: they do what is said of them. What
# goroutines, epoll and deadline do for their clients, check.bats sees.

load ../lib/helpers

teardown() {
  stop_server
}

start_go() { # NAME [OPTION]... [-- ADDRESS...]
  SERVER=$root/build/go/$1
  [ -x "$SERVER" ] || skip "$1 is not built: make beyond says why"
  start_server "${@:2}"
}

echoes() {
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
  start_crowd 8 50
  end_client 8
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

# Two clients leave in the middle of their echo, and a third one comes.
left_in_mid_echo() { # [OPTION]
  start_go readers "$@"
  for _ in 1 2; do
    start_client 7 no-read 67108864
    client_says 7 'stuck after'
    end_client 7
  done
  client_does hello
}

@test "readers leaves no goroutine at a channel" {
  left_in_mid_echo
  wait_for_log '^accepted; goroutines so far: 1$' 3
}

@test "readers, if it is careless, leaves one each time" {
  left_in_mid_echo -careless
  wait_for_log '^accepted; goroutines so far: 3$'
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

@test "addresses echoes on TCP and on a Unix socket, and removes its path" {
  start_go addresses -- 127.0.0.1:0 127.0.0.1:0 "unix:$scratch/echo"
  wait_for_log 'listening on' 3
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
  needs go
  cd "$root"
  [ -z "$(gofmt -l tests/book/go)" ]
  for program in tests/book/go/*/main.go; do
    GO111MODULE=off GOENV=off GOFLAGS='' CGO_ENABLED=0 GOPATH=$root/build/go \
      GOCACHE=$root/build/go/cache HOME=$root/build/go go vet "$program"
  done
}
