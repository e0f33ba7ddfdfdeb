#!/usr/bin/env bats
# The programs of the book's last chapter: one loop per core, completion, a
# proxy in front, and echo servers in Go. (check.bats lets the contract judge
# goroutines, deadline and epoll, too.)

load ../lib/helpers

teardown() {
  stop_server
}

find_program() { # NAME
  SERVER=$root/build/tests/beyond/$1
  [ -x "$SERVER" ] || SERVER=$root/build/go/$1
  [ -x "$SERVER" ] || return
  # It asks the kernel before it looks for the address.
  [ "$1" != uring ] ||
    ! "$SERVER" 256.0.0.1:0 2>&1 | grep -q 'io_uring is missing'
}

start() { # NAME [OPTION]... [-- ADDRESS...]
  find_program "$1" || skip "$1 is not built or can't run: see make beyond"
  shift
  start_server "$@"
}

loop_pid() { # NUMBER
  sed -n "s/.*loop $1 is process //p" "$server_log"
}

echoes() {
  client_does hello
  client_does half-close 8388608
  client_does drip 20
  client_does reset 20
  client_does unread 20
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  client_does hello
  tell_client 7 go
  client_says 7 'echoed 67108864 bytes'
  end_client 7
  start_client 8 crowd 50
  tell_client 8 hello
  client_says 8 '^50 clients heard'
  end_client 8
}

@test "each of them echoes, whatever its clients do" {
  local program
  for program in 'cores -q --workers 2' 'uring -q' goroutines readers epoll \
    'channels -workers 50' 'deadline -timeout 60s'; do
    echo "$program"
    find_program "${program%% *}" || continue
    # shellcheck disable=SC2086  # a name and its options
    start $program
    echoes
    case $program in
      *-q*)
        end_server TERM
        [ "$status" -eq 0 ]
        ;;
    esac
    stop_server
  done
}

@test "each that has no descriptors pauses, and goes on" {
  only_linux "CPU time is read from /proc"
  local program
  for program in 'cores --workers 1' uring goroutines epoll; do
    echo "$program"
    find_program "${program%% *}" || continue
    # shellcheck disable=SC2086  # a name and its options
    limit=40 start $program
    [ "$program" != 'cores --workers 1' ] || server_pid=$(loop_pid 1)
    start_client 9 crowd 60
    wait_for_log '[Tt]oo many open files'
    cpu=$(cpu_percent)
    [ "$cpu" -lt 20 ] || saw "it takes $cpu % of a core while descriptors are out"
    end_client 9
    client_does hello
    stop_server
  done
}

# --- one loop per core -------------------------------------------------------

@test "cores has one listener per loop, all on one port, and all get clients" {
  only_linux "elsewhere the listener that came last may get all"
  start cores --workers 3
  listening=$(awk -v port="$(printf ':%04X$' "$port")" \
    '$2 ~ port && $4 == "0A"' /proc/net/tcp | wc -l)
  [ "$listening" -eq 3 ]
  start_client 8 crowd 60
  tell_client 8 hello
  client_says 8 '^60 clients heard'
  for loop in 1 2 3; do
    [ "$(count_log "belongs to loop $loop")" -ge 1 ]
  done
  end_client 8
}

@test "a loop that has no memory for a client closes it, says why and goes on" {
  only_linux "strace is Linux's"
  start cores --workers 1
  server_pid=$(loop_pid 1) trace_server ioctl "ioctl:error=ENOMEM:when=1"
  run ! "$client" -t "$PATIENCE" "$address" hello
  [ "$(count_log 'closed: Cannot allocate memory; echoed 0 bytes')" -eq 1 ]
  client_does hello
  end_trace
}

@test "a loop that ends resets its backlog, and the others go on" {
  only_linux "elsewhere the listener that came last may get all"
  [ "$(cat /proc/sys/net/ipv4/tcp_migrate_req 2>/dev/null || echo 0)" -eq 0 ] ||
    skip "the kernel hands a backlog over: net.ipv4.tcp_migrate_req is set"
  start cores --workers 2
  kill -STOP "$(loop_pid 1)"
  start_client 8 crowd 40
  client_says 8 connected
  kill -KILL "$(loop_pid 1)"
  wait_for_log "process $(loop_pid 1) has ended"
  tell_client 8 hello
  run ! client_says 8 '^40 clients heard'
  client_does hello
}

@test "no loop outlives the process that started it" {
  start cores --workers 2
  kill -KILL "$server_pid"
  wait "$server_pid" 2>/dev/null || true
  server_pid=$(loop_pid 2) # teardown ends this one, should it live on
  end=$((SECONDS + PATIENCE))
  until [ "$(count_log 'stopped: served 0 connections')" -eq 2 ]; do
    [ "$SECONDS" -lt "$end" ]
    sleep 0.01
  done
  server_pid=
}

# --- completion --------------------------------------------------------------

@test "uring takes many CQEs from one system call" {
  start uring --verbose
  "$root/tests/crowd" -c 50 -n 2000 --warm-up 0 "$address" >"$scratch/crowd"
  calls=$(count_log ' CQEs\{0,1\}$')
  # A message has two CQEs: it was received, it was sent.
  [ "$calls" -gt 0 ] && [ "$calls" -lt 2000 ] ||
    saw "2000 messages took $calls system calls"
}

@test "clients that do not read have the buffers of uring, and stop no others" {
  start uring -q
  start_client 7 slow 300
  client_says 7 'stuck'
  client_does hello
  client_does half-close 8388608
  tell_client 7 go
  client_says 7 'echoed'
  end_client 7
}

@test "without memory for a buffer uring closes the client, and goes on" {
  needs prlimit
  without_sanitizers "they need more memory"
  start uring
  prlimit --pid "$server_pid" --as=$((($(address_space_kb) + 1024) * 1024))
  start_client 7 slow 300
  wait_for_log 'closed: No buffer space available'
  eval "exec 7>&-"
  client_does hello
}

@test "a silent client costs uring less than 200 bytes" {
  only_linux "memory is read from /proc"
  without_sanitizers "they have memory of their own"
  has_descriptors 2100
  start uring -q
  start_crowd 7 1000 # the pool has grown
  before=$(memory_kb)
  start_crowd 8 1000
  bytes=$((($(memory_kb) - before) * 1024 / 1000))
  [ "$bytes" -lt 200 ] || saw "a silent client costs $bytes bytes"
}

@test "uring says so where io_uring is forbidden" {
  find_program uring || skip "uring is not built or can't run here"
  needs strace
  without_sanitizers "they and strace exclude each other"
  run strace -qq -o "$scratch/trace" -e inject=io_uring_setup:error=EPERM \
    "$SERVER" 0
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  contains "$output" 'io_uring is missing (before Linux 6.1) or forbidden: '
}

# --- a proxy in front --------------------------------------------------------

@test "behind haproxy two servers are one, and one may stop" {
  command -v haproxy >/dev/null || skip "haproxy is missing"
  SERVER=$root/04-epoll/server
  [ -x "$SERVER" ] || skip "04 is not built here"
  ports=()
  for name in one two; do
    server_log=$scratch/$name.log
    "$SERVER" 0 >/dev/null 2>"$server_log" </dev/null 3>&- 4>&- &
    server_pid=$!
    background+=("$server_pid")
    wait_for_log 'listening on'
    ports+=("$(sed -n 's/.*listening on .*://p' "$server_log")")
  done
  one=${background[0]}
  port=$("$client" 0 free-port)
  address=127.0.0.1:$port
  sed "s/:8080/:$port/; s/:8081/:${ports[0]}/; s/:8082/:${ports[1]}/" \
    "$root/tests/book/beyond/haproxy.cfg" >"$scratch/haproxy.cfg"
  server_log=$scratch/haproxy.log
  haproxy -f "$scratch/haproxy.cfg" >"$server_log" 2>&1 3>&- 4>&- &
  server_pid=$!
  await_listening
  echoes
  for name in one two; do
    grep -q accepted "$scratch/$name.log"
  done
  kill -TERM "$one"
  wait "$one"
  for _ in 1 2 3 4; do client_does hello; done
}

# --- in Go -------------------------------------------------------------------

@test "channels serves as many as there are workers, and the next one waits" {
  start channels -workers 1
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
  start channels -workers 4
  before=$(descriptors)
  client_does reset 50
  # io.Copy has a pipe for each that copies, and keeps some for the next.
  descriptors_return_to $((before + 2 * 4))
}

goes_away_in_mid_echo() {
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  end_client 7
}

@test "readers leaves no goroutine at a channel" {
  start readers
  goes_away_in_mid_echo
  goes_away_in_mid_echo
  client_does hello
  wait_for_log '^accepted; goroutines so far: 1$' 3
}

@test "readers, if it is careless, leaves one each time" {
  start readers -careless
  goes_away_in_mid_echo
  goes_away_in_mid_echo
  client_does hello
  wait_for_log '^accepted; goroutines so far: 3$'
}

@test "epoll asks again after a second, also beside a client who is busy" {
  limit=40 start epoll
  start_client 7 flood
  client_says 7 flooding
  start_client 8 crowd 60
  client_says 8 connected
  wait_for_log 'accept: ' 2
  end_client 8
  end_client 7
}

@test "addresses echoes on TCP and on a Unix socket, and removes its path" {
  start addresses -- 127.0.0.1:0 127.0.0.1:0 "unix:$scratch/echo"
  wait_for_log '^listening on' 3
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
