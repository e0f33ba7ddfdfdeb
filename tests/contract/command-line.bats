#!/usr/bin/env bats
# Options, addresses, exit statuses: what every stage's command line takes.
# STAGE says which stage is under test.

load ../lib/helpers

setup() {
  hint="README.md, options"
}

teardown() {
  stop_server
}

# Wrong usage: status 2, nothing on stdout, a line that says why, the usage.
refuses() { # PATTERN ARGUMENT...
  local pattern=$1
  shift
  run --separate-stderr timeout "$PATIENCE" "$SERVER" "$@"
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  # shellcheck disable=SC2154  # set by run
  [[ "${stderr_lines[0]}" == *"$pattern"* ]] ||
    saw "the reason is '${stderr_lines[0]}', not '$pattern'"
  [[ "${stderr_lines[1]}" == "usage: "* ]]
}

# It could not listen: status 1 and one line that says what, where and why.
cannot_listen() { # REASON ADDRESS
  # KILL: a server that hangs before its loop does not hear of TERM.
  run timeout -s KILL "$PATIENCE" "$SERVER" "$2"
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  # The reasons are the system's words, and systems have different ones.
  echo "$output" | grep -Eq " error: cannot listen on [^ ]+: ($1)\$" ||
    saw "the line is '$output'"
  [[ "$output" == *" on $2: "* ]]
}

@test "--help and -h print the usage on stdout and exit with 0" {
  for option in --help -h; do
    run --separate-stderr "$SERVER" "$option"
    [ "$status" -eq 0 ]
    [[ "${lines[0]}" == "usage: "* ]]
    # shellcheck disable=SC2154
    [ -z "$stderr" ]
  done
}

@test "the usage names the options that this stage takes, and no others" {
  run "$SERVER" --help
  expected="help quiet verbose"
  case $stage in
    02) expected="$expected workers" ;;
    03) expected="$expected poll" ;;
    04 | 05) expected="$expected edge" ;;
    06) expected="$expected timeout" ;;
  esac
  found=$(echo "$output" | sed -n 's/^  -., --\([a-z]*\).*/\1/p' | xargs)
  [ "$found" = "$expected" ]
  for option in --workers=1 --poll --edge --timeout=1; do
    name=${option#--}
    [[ "$expected" == *${name%=*}* ]] || refuses "unknown option '$option'" "$option"
  done
}

@test "unknown options are refused" {
  refuses "unknown option '-x'" -x
  refuses "unknown option '--nonsense'" --nonsense
  refuses "unknown option '-x'" -qx
  refuses "unknown option '-x'" -xv
  refuses "unknown option '-x'" --quiet -xv
  refuses "unknown option '--quiet=1'" --quiet=1
}

@test "a bad number is refused" {
  case $stage in
    02)
      for n in 0 -1 1.5 four "" 99999999999999999999 "3 " 0x10; do
        refuses "bad number of workers '$n'" --workers "$n"
      done
      refuses "needs a value" --workers
      ;;
    06)
      for s in 0 -1 inf nan INF "" 5s 1e400 0x5 1e-400 "1 " .; do
        refuses "bad number of seconds '$s'" --timeout "$s"
      done
      refuses "needs a value" -t
      ;;
    *) skip "only 02 and 06 take numbers" ;;
  esac
}

@test "a bad port is refused" {
  for port in 65536 99999 123456 4294967377; do
    refuses "bad address '$port': PORT must be" "$port"
  done
  refuses "bad address '127.0.0.1:': PORT must be" 127.0.0.1:
  refuses "bad address '127.0.0.1:http': PORT must be" 127.0.0.1:http
  refuses "bad address '127.0.0.1:-1': PORT must be" 127.0.0.1:-1
  refuses "bad address '[::1]:65536': PORT must be" '[::1]:65536'
}

@test "what is no address is refused" {
  refuses "bad address 'localhost': it is neither" localhost
  refuses "bad address '': it is neither" ""
  refuses "bad address '[::1]': write it as [IPV6]:PORT" '[::1]'
  refuses "bad address '[::1': write it as [IPV6]:PORT" '[::1'
  refuses "bad address '[localhost]:80': there is no IPv6" '[localhost]:80'
  refuses "bad address '[]:80': there is no IPv6" '[]:80'
  refuses "longer than 255" "$(printf '%0256d' 0):80"
}

@test "a port without a host is refused, with a hint" {
  refuses "write 127.0.0.1:PORT, or 0.0.0.0:PORT" :8080
}

@test "IPv6 without brackets is refused, with a hint" {
  refuses "write an IPv6 address as [IPV6]:PORT" ::1:8080
  refuses "write an IPv6 address as [IPV6]:PORT" fe80::1
}

@test "a Unix path that is missing or too long is refused" {
  refuses "the path after unix: is missing" unix:
  refuses "the path is too long" "unix:/tmp/$(printf '%0120d' 0)"
}

@test "two addresses: 01 and 02 refuse them and say why, the others take them" {
  if [ "$((10#$stage))" -le 2 ]; then
    refuses "one ADDRESS only: one thread can wait in one accept" 0 0
  else
    start_server -- 0 "unix:$BATS_TEST_TMPDIR/second"
    wait_for_log "listening on unix:$BATS_TEST_TMPDIR/second"
    client_does hello
    address=unix:$BATS_TEST_TMPDIR/second client_does hello
    client_does hello
  fi
}

@test "the default address is 127.0.0.1:8080" {
  : >"${server_log:=$BATS_TEST_TMPDIR/server.log}"
  "$SERVER" >"$server_log" 2>&1 3>&- &
  server_pid=$!
  # Somebody else may have it: then the error says which address it was.
  wait_for_log 'listening on 127.0.0.1:8080$' ||
    grep -E 'cannot listen on 127.0.0.1:8080: Address (already )?in use$' "$server_log"
  kill -0 "$server_pid" || server_pid=
}

@test "a bare port listens on loopback only" {
  start_server
  wait_for_log 'listening on 127\.0\.0\.1:[1-9][0-9]*$'
}

@test "a host name is looked up" {
  start_server -- localhost:0
  wait_for_log 'listening on \(127\.0\.0\.1\|\[::1\]\):[1-9][0-9]*$'
  client_does hello
}

@test "of a host's addresses the first that can be bound is listened on" {
  only_linux "elsewhere a library is preloaded another way"
  without_sanitizers "they want to be preloaded first"
  local faults=$root/build/tests/faults.so
  [ -e "$faults" ] || skip "$faults is not built"
  # Before 127.0.0.1 it finds an address that no machine has.
  LD_PRELOAD=$faults FAULT=getaddrinfo:1:foreign \
    FAULT_REPORT=$BATS_TEST_TMPDIR/report start_server -- 127.0.0.1:0
  grep -q '^hit getaddrinfo 1 ' "$BATS_TEST_TMPDIR/report"
  wait_for_log 'listening on 127\.0\.0\.1:[1-9][0-9]*$'
  client_does hello
}

@test "an IPv6 address listens on IPv6 only" {
  ipv6 || skip "there is no IPv6 here"
  start_server -- '[::1]:0'
  wait_for_log 'listening on \[::1\]:[1-9][0-9]*$'
  client_does hello
  wait_for_log 'accepted \[::1\]:'
}

ipv6() {
  "$client" '[::1]:0' free-port >/dev/null 2>&1
}

@test "every IPv4 and every IPv6 address on one port go together" {
  from_stage 03 "01 and 02 take one address"
  ipv6 || skip "there is no IPv6 here"
  free=$("$client" 0 free-port)
  start_server -- "[::]:$free" "0.0.0.0:$free"
  wait_for_log "listening on \[::\]:$free"
  wait_for_log "listening on 0.0.0.0:$free"
  address=127.0.0.1:$free client_does hello
  address="[::1]:$free" client_does hello
}

@test "an address that is not ours cannot be listened on" {
  cannot_listen "(Cannot|Can.t) assign requested address|Address not available" 192.0.2.1:8080
}

@test "an interface that is not there cannot be listened on" {
  run "$SERVER" '[fe80::1%nowhere0]:0'
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"error: cannot listen on [fe80::1%nowhere0]:0: "* ]]
}

@test "a Unix socket echoes, and its client is called unix" {
  start_server -- "unix:$BATS_TEST_TMPDIR/socket"
  wait_for_log "listening on unix:$BATS_TEST_TMPDIR/socket$"
  client_does half-close 1048576
  wait_for_log '\] accepted unix$'
}

@test "a Unix socket keeps other users out" {
  start_server -- "unix:$BATS_TEST_TMPDIR/socket"
  # shellcheck disable=SC2012  # stat differs between systems, ls does not
  mode=$(ls -l "$BATS_TEST_TMPDIR/socket" | cut -c 1-10)
  [ "$mode" = srw------- ]
}

@test "a stale Unix socket is replaced" {
  start_server -- "unix:$BATS_TEST_TMPDIR/socket"
  end_server KILL
  [ -S "$BATS_TEST_TMPDIR/socket" ]
  start_server -- "unix:$BATS_TEST_TMPDIR/socket"
  client_does hello
}

@test "a Unix socket that somebody listens on is an error and stays theirs" {
  start_server -- "unix:$BATS_TEST_TMPDIR/socket"
  cannot_listen "Address (already )?in use" "unix:$BATS_TEST_TMPDIR/socket"
  client_does hello
}

@test "a Unix socket whose server has no time is an error and stays theirs" {
  only_linux "the backlog is counted in /proc"
  from_stage 02 "01 has one client at a time, and the backlog would stay full"
  path=$BATS_TEST_TMPDIR/socket
  start_server -- "unix:$path"
  suspend_server
  start_client 7 crowd 4200 # more than a backlog takes
  until [ "$(grep -c "$path\$" /proc/net/unix)" -ge 4097 ]; do
    kill -0 "$client_pid_7" || saw "$(cat "$BATS_TEST_TMPDIR/client7.out")"
    sleep 0.05
  done
  cannot_listen "Address (already )?in use" "unix:$path"
  resume_server
  client_says 7 'connected 4200'
  end_client 7
  client_does hello
}

@test "a Unix socket that cannot be asked who listens is an error and stays" {
  only_linux "strace is Linux's"
  command -v strace >/dev/null || skip "strace is not there"
  without_sanitizers "they and strace exclude each other"
  path=$BATS_TEST_TMPDIR/socket
  start_server -- "unix:$path"
  end_server KILL
  run timeout "$PATIENCE" strace -f -o /dev/null -e trace=ioctl \
    -e inject=ioctl:error=ENOMEM "$SERVER" "unix:$path"
  [ "$status" -eq 1 ]
  [[ "$output" == *" error: cannot listen on unix:$path: Cannot allocate memory" ]]
  [ -S "$path" ]
}

@test "a path that is no socket is an error and is left alone" {
  echo precious >"$BATS_TEST_TMPDIR/file"
  cannot_listen "the path exists and is no socket" "unix:$BATS_TEST_TMPDIR/file"
  [ "$(cat "$BATS_TEST_TMPDIR/file")" = precious ]
  ln -s nowhere "$BATS_TEST_TMPDIR/link"
  cannot_listen "the path exists and is no socket" "unix:$BATS_TEST_TMPDIR/link"
  [ -L "$BATS_TEST_TMPDIR/link" ]
}

@test "a Unix path in a directory that is not there cannot be listened on" {
  cannot_listen "No such file or directory" "unix:$BATS_TEST_TMPDIR/no/socket"
}

@test "a server that cannot listen on all addresses leaves no path behind" {
  from_stage 03 "01 and 02 take one address"
  run "$SERVER" "unix:$BATS_TEST_TMPDIR/socket" 192.0.2.1:8080
  [ "$status" -eq 1 ]
  [ ! -e "$BATS_TEST_TMPDIR/socket" ]
}

@test "the last of -q and -v counts" {
  start_server -v -q
  client_does hello
  [ "$(wc -l <"$server_log")" -eq 1 ]
  stop_server
  start_server -q -v
  client_does hello
  wait_for_log received
  wait_for_log 'waiting in\|would block'
}

@test "a server that is started without descriptors 0, 1 and 2 serves" {
  port=$("$client" 0 free-port)
  address=127.0.0.1:$port
  : >"${server_log:=$BATS_TEST_TMPDIR/server.log}"
  "$SERVER" "$port" <&- >&- 2>&- 3>&- &
  server_pid=$!
  await_listening
  client_does half-close 1048576
  client_does hello
  # What would be written to descriptor 2 must not end up with a client.
  from_stage 02 "01 serves one client at a time"
  start_client 7 crowd 5
  tell_client 7 hello
  client_says 7 '^5 clients heard'
  end_client 7
}

@test "a log that nobody reads any more harms nothing" {
  port=$("$client" 0 free-port)
  address=127.0.0.1:$port
  : >"${server_log:=$BATS_TEST_TMPDIR/server.log}"
  mkfifo "$BATS_TEST_TMPDIR/log"
  "$SERVER" "$port" 2>"$BATS_TEST_TMPDIR/log" 3>&- &
  server_pid=$!
  head -n 1 "$BATS_TEST_TMPDIR/log" >/dev/null
  await_listening
  client_does half-close 1048576
  client_does hello
}

@test "SIGINT and SIGTERM end 01 to 03 as signals do, 04 to 06 in order" {
  for signal in INT TERM; do
    # bash starts background jobs with SIGINT ignored; this one shall have it.
    start_server
    if [ "$((10#$stage))" -ge 4 ]; then
      end_server "$signal"
      [ "$status" -eq 0 ]
    elif [ "$signal" = TERM ]; then
      end_server "$signal"
      [ "$status" -eq 143 ]
    else
      stop_server
    fi
  done
}

@test "as many listeners as there are addresses, TCP and Unix mixed, all serve" {
  from_stage 03 "01 and 02 take one address"
  start_server -- 0 0 "unix:$BATS_TEST_TMPDIR/a" 0 "unix:$BATS_TEST_TMPDIR/b"
  wait_for_log 'listening on' 5
  sed -n 's/.*listening on //p' "$server_log" >"$BATS_TEST_TMPDIR/addresses"
  while read -r address; do client_does quick 3; done \
    <"$BATS_TEST_TMPDIR/addresses"
}
