#!/usr/bin/env bats
# Beyond one loop: one loop per core, completion, and a proxy in front.

load ../lib/helpers

teardown() {
  stop_server
}

beyond() { # NAME
  SERVER=$root/build/tests/beyond/$1
  [ -x "$SERVER" ] || skip "$1 is not built: make beyond says why"
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

# --- one loop per core -------------------------------------------------------

loop_pid() { # NUMBER
  sed -n "s/.*loop $1 is process //p" "$server_log"
}

@test "cores echoes, whatever its clients do" {
  beyond cores
  start_server -q --workers 2
  echoes
  end_server TERM
  [ "$status" -eq 0 ]
}

@test "cores has one listener per loop, all on one port, and all get clients" {
  beyond cores
  only_linux "elsewhere the listener that came last may get all"
  start_server --workers 3
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
  beyond cores
  only_linux "strace is Linux's"
  start_server --workers 1
  server_pid=$(loop_pid 1) trace_server ioctl "ioctl:error=ENOMEM:when=1"
  run ! "$client" -t "$PATIENCE" "$address" hello
  [ "$(count_log 'closed: Cannot allocate memory; echoed 0 bytes')" -eq 1 ]
  client_does hello
  end_trace
}

@test "a loop without descriptors pauses, and accepts when a client disconnects" {
  beyond cores
  only_linux "CPU time is read from /proc"
  limit=40 start_server --workers 1
  server_pid=$(loop_pid 1)
  start_client 9 crowd 60
  wait_for_log 'warning: cannot accept: Too many open files; pausing'
  cpu=$(cpu_percent)
  [ "$cpu" -lt 20 ] || saw "it takes $cpu % of a core while descriptors are out"
  end_client 9
  client_does hello
}

@test "a loop that ends resets its backlog, and the others go on" {
  beyond cores
  only_linux "elsewhere the listener that came last may get all"
  [ "$(cat /proc/sys/net/ipv4/tcp_migrate_req 2>/dev/null || echo 0)" -eq 0 ] ||
    skip "the kernel hands a backlog over: net.ipv4.tcp_migrate_req is set"
  start_server --workers 2
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
  beyond cores
  start_server --workers 2
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

start_uring() { # [OPTION]...
  beyond uring
  run "$SERVER" 256.0.0.1:0 # says so before it looks for the address
  case $output in *'io_uring is missing'*) skip "$output" ;; esac
  start_server "$@"
}

@test "uring echoes, whatever its clients do" {
  start_uring -q
  echoes
  end_server TERM
  [ "$status" -eq 0 ]
}

@test "uring takes many CQEs from one system call" {
  start_uring --verbose
  "$root/tests/crowd" -c 50 -n 2000 --warm-up 0 "$address" >"$scratch/crowd"
  calls=$(count_log ' CQEs\{0,1\}$')
  # A message has two CQEs: it was received, it was sent.
  [ "$calls" -gt 0 ] && [ "$calls" -lt 2000 ] ||
    saw "2000 messages took $calls system calls"
}

@test "uring pauses when descriptors run out, and goes on" {
  only_linux "CPU time is read from /proc"
  beyond uring
  limit=40 start_uring
  start_client 9 crowd 60
  wait_for_log 'warning: cannot accept'
  cpu=$(cpu_percent)
  [ "$cpu" -lt 20 ] || saw "it takes $cpu % of a core while descriptors are out"
  end_client 9
  client_does hello
}

@test "clients of uring that do not read keep their buffers, and stop no others" {
  start_uring -q
  start_client 7 slow 300
  client_says 7 'stuck'
  client_does hello
  client_does half-close 8388608
  tell_client 7 go
  client_says 7 'echoed'
  end_client 7
}

@test "uring closes a client when there is no memory for a buffer, and goes on" {
  needs prlimit
  without_sanitizers "they need more memory"
  start_uring
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
  start_uring -q
  start_crowd 7 1000 # the pool has grown
  before=$(memory_kb)
  start_crowd 8 1000
  bytes=$((($(memory_kb) - before) * 1024 / 1000))
  [ "$bytes" -lt 200 ] || saw "a silent client costs $bytes bytes"
}

@test "uring says so where io_uring is forbidden" {
  beyond uring
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
