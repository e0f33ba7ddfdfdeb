#!/usr/bin/env bats
# Contract 7: with nothing to do, the server takes no CPU time.

load ../lib/helpers

setup() {
  about 7 "chapter 3, a second wall"
}

@test "with no traffic the server takes no CPU time" {
  ! spins || skip "03 asks all the time"
  start_server
  connect 5
  say 5 hello
  hears 5 hello
  [ "$stage" = 01 ] || start_crowd 7 20
  takes_no_cpu "an idle server"
}

# poll(2) refuses more descriptors than the limit allows (EINVAL), at once and
# whenever it is asked. A server that sees that may end, and say why.
@test "a limit that is lowered below what the server holds does not make it spin" {
  only_ours "limits"
  ! spins || skip "03 asks all the time"
  from_stage 02 "01 serves one client at a time"
  fits 20
  needs prlimit
  start_server
  start_crowd 7 20
  prlimit --pid "$server_pid" --nofile=8:
  tell_client 7 'hello 0 0' # so that it is in its loop again
  local idle=yes
  cpu_settles 5 || idle=no
  if has_ended "$server_pid"; then
    server_pid=
    tail -n 1 "$server_log" | grep -q 'error: '
  else
    [ "$idle" = yes ]
  fi
}
