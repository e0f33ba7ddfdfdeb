#!/usr/bin/env bats
# Contract 13 and the command line: where a server listens, and for whom.

load ../lib/helpers

setup() {
  about 13 "chapter 1, the listener"
}

ipv6() {
  "$client" '[::1]:0' free-port >/dev/null 2>&1
}

# --- the port ----------------------------------------------------------------

@test "a second server on the same port is an error" {
  only_ours "exit status and message"
  start_server
  cannot_listen "Address (already )?in use" "127.0.0.1:$port"
}

@test "a restart on the same port works at once" {
  start_server
  if is_ours; then
    # On a port that no other test's client can be given meanwhile.
    end_server KILL
    start_server -- "$("$client" 0 free-port)"
  fi
  connect 5
  say 5 hello
  hears 5 hello
  end_server KILL # closes first, so that TIME_WAIT is on the server's side
  disconnect 5
  old=$port
  start_server -- "$old"
  client_does hello
}

# --- who may connect ---------------------------------------------------------

# bats test_tags=once
@test "a bare port lets no client in but over 127.0.0.1" {
  only_linux "other systems have no 127.0.0.2"
  start_server
  wait_for_log 'listening on 127\.0\.0\.1:[1-9][0-9]*$'
  client_does hello
  run ! "$client" -t "$PATIENCE" "127.0.0.2:$port" hello
  run ! "$client" -t "$PATIENCE" "[::1]:$port" hello
}

@test "without an address the server listens on 127.0.0.1:8080 only" {
  only_ours "the default address"
  : >"${server_log:=$scratch/server.log}"
  "$SERVER" >"$server_log" 2>&1 3>&- &
  server_pid=$!
  # Another server may have it: then the error says which address it was.
  wait_for_log 'listening on 127.0.0.1:8080$' || {
    server_pid=
    grep -E 'cannot listen on 127.0.0.1:8080: Address (already )?in use$' "$server_log"
    return
  }
}

# --- names and families ------------------------------------------------------

# bats test_tags=once
@test "a host name is looked up" {
  "$client" localhost:0 free-port >/dev/null 2>&1 || skip "there is no localhost"
  start_server -- localhost:0
  wait_for_log 'listening on \(127\.0\.0\.1\|\[::1\]\):[1-9][0-9]*$'
  client_does hello
}

# Runs a command in which the first look-up goes another way: WHAT is one of
# those in tests/harm/faults/faults.c.
with_lookup() { # WHAT COMMAND [ARGUMENT]...
  local faults=$root/build/tests/faults.so what=$1
  shift
  only_linux "elsewhere a library is preloaded another way"
  without_sanitizers "they want to be preloaded first"
  [ -e "$faults" ] || skip "faults.so is missing"
  : >"$scratch/report"
  LD_PRELOAD=$faults FAULT=getaddrinfo:1:$what FAULT_REPORT=$scratch/report "$@"
  grep -q '^hit getaddrinfo 1 ' "$scratch/report"
}

# Before 127.0.0.1 there is an address that no machine has.
# bats test_tags=once
@test "of a host's addresses the first that can be bound is listened on" {
  with_lookup foreign start_server -- 127.0.0.1:0
  wait_for_log 'listening on 127\.0\.0\.1:[1-9][0-9]*$'
  client_does hello
}

# Before 127.0.0.1 there is ::1.
# bats test_tags=once
@test "a second server on a host of two families does not start on the other" {
  ipv6 || skip "there is no IPv6 here"
  with_lookup both start_server -- 127.0.0.1:0
  wait_for_log 'listening on \[::1\]'
  with_lookup both cannot_listen "Address (already )?in use" "127.0.0.1:$port"
}

start_hanging() {
  server_log=$scratch/report
  "$SERVER" 127.0.0.1:0 3>&- 2>/dev/null &
  server_pid=$!
  wait_for_log '^hit getaddrinfo'
}

# bats test_tags=once
@test "a signal ends a server whose look-up hangs" {
  with_lookup hang start_hanging
  end_server TERM
  [ "$status" -gt 128 ]
}

# bats test_tags=once
@test "every IPv4 and every IPv6 address on one port go together" {
  from_stage 03 "01 and 02 take one address"
  ipv6 || skip "there is no IPv6 here"
  free=$("$client" 0 free-port)
  start_server -- "[::]:$free" "0.0.0.0:$free"
  wait_for_log "listening on \[::\]:$free"
  wait_for_log "listening on 0.0.0.0:$free"
  address=127.0.0.1:$free client_does hello
  address="[::1]:$free" client_does hello
  wait_for_log 'accepted \[::1\]:'
}

# bats test_tags=once
@test "an address and an interface that are not there cannot be listened on" {
  cannot_listen "(Cannot|Can.t) assign requested address|Address not available" \
    192.0.2.1:8080
  cannot_listen '.*' '[fe80::1%nowhere0]:0'
}

@test "as many listeners as there are addresses, TCP and Unix mixed, all serve" {
  from_stage 03 "01 and 02 take one address"
  only_ours "several addresses"
  start_server -- 0 0 "unix:$scratch/a" 0 "unix:$scratch/b"
  wait_for_log 'listening on' 5
  sed -n 's/.*listening on //p' "$server_log" >"$scratch/addresses"
  while read -r address; do client_does quick 3; done <"$scratch/addresses"
}
