#!/usr/bin/env bats
# Contract 1, 3, 4 and 9: what no other test does long or badly enough.
#
# Tests tagged "torture", here and elsewhere, are the rows of `make torture`.

load ../lib/helpers

CLIENT_PATIENCE=600
PATIENCE=60

setup() {
  about 1 "chapter 1, the whole server"
}

# bats test_tags=slow,torture
@test "1 GiB through one connection comes back, byte for byte" {
  start_server
  start_until 7 '^echoed 1073741824 bytes' bulk 1073741824
  end_client 7
}

# Half of the calls that write take one byte of what they are given.
# A server for which the library is not there (static, Go) can't be tried.
# bats test_tags=slow,torture
@test "a socket that takes less than it is given, again and again, loses nothing" {
  about 3 "chapter 3, a client that doesn't read"
  only_linux "the library that makes calls fail needs LD_PRELOAD"
  without_sanitizers "they want to be the first library"
  local faults=$root/build/tests/faults.so report=$scratch/report short
  [ -e "$faults" ] || skip "faults.so is missing"
  short=write:50%7:one,send:50%7:one
  printf '#!/bin/sh\nLD_PRELOAD=%s FAULT=%s FAULT_REPORT=%s exec %s "$@"\n' \
    "'$faults'" "$short" "'$report'" "'$SERVER'" >"$scratch/server"
  chmod +x "$scratch/server"
  SERVER=$scratch/server start_server
  grep -q loaded "$report" || skip "the library is not in this program"
  client_does half-close 8388608
  client_does drip 100
  start_until 7 'stuck' slow 1
  tell_client 7 go
  client_says 7 '^echoed'
  end_client 7
  # Those of the log, on descriptor 2, don't count.
  hits=$(grep '^hit ' "$report" | grep -vc ' \[2\]')
  [ "$hits" -ge 50 ] || saw "only $hits writes were short: nothing was tried"
}

# One call of each function, another one each time; make faults tries more.
# bats test_tags=slow,torture
@test "a call that fails, whichever and however, costs one client at most" {
  about 4 "what it survives"
  only_linux "the library that makes calls fail needs LD_PRELOAD"
  without_sanitizers "they want to be the first library"
  [ -e "$root/build/tests/faults.so" ] || skip "faults.so is missing"
  run env -u FAULT -u ONLY -u SEED STAGE="$stage" VARIANT="${VARIANT:-plain}" \
    SERVER="${FOREIGN:+$SERVER}" SAMPLE=1 "$root/tests/harm/faults/walk" 3>&-
  [ "$status" -eq 0 ] || saw "$output"
}

# Starts a client, waits until it is in full swing, and stops the server.
stop_in_the_midst() { # WHEN COUNT COMMAND [ARGUMENT]
  start_server
  start_client 7 "${@:3}"
  if [ "$1" = stuck ]; then
    client_says 7 stuck || return
  else
    wait_for_log "$1" "$2" || return
  fi
  hint="in the midst of '${*:3}'; $hint"
  stops_with TERM "$expected" || return
  [ "$expected" -ne 0 ] || tail -n 1 "$server_log" | grep -q ' stopped: served' || {
    saw "the last line of the log is not 'stopped'"
    return 1
  }
  exec 7>&-
  kill "$client_pid_7" 2>/dev/null || true
  wait "$client_pid_7" || true
}

# bats test_tags=slow,torture
@test "SIGTERM in the midst of any transfer ends the server as it should" {
  about 9 "chapter 4, Ctrl-C is an event"
  only_ours "the midst of a transfer is seen in the log"
  expected=0
  [ "$((10#$stage))" -ge 4 ] || expected=143
  stop_in_the_midst received 20 half-close 268435456
  stop_in_the_midst 'received 1 byte' 100 drip 1000000
  stop_in_the_midst received 100 flood
  stop_in_the_midst stuck 1 no-read 33554432
  stop_in_the_midst stuck 1 slow 5
  stop_in_the_midst accepted 20 reset 100000
  stop_in_the_midst accepted 20 unread 100000
  stop_in_the_midst accepted 20 quick 100000
  stop_in_the_midst accepted 20 burst 2000
  stop_in_the_midst accepted 1 silent
}
