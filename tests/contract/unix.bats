#!/usr/bin/env bats
# Contract 11: Unix sockets, and whose path it is.

load ../lib/helpers

setup() {
  about 11 "chapter 1, the listener"
  path=$scratch/socket
}

@test "a Unix socket echoes, and its client is called unix" {
  start_server -- "unix:$path"
  wait_for_log "listening on unix:$path$"
  client_does half-close 1048576
  wait_for_log '\] accepted unix$'
}

@test "a stale Unix socket is replaced" {
  start_server -- "unix:$path"
  end_server KILL
  [ -S "$path" ]
  start_server -- "unix:$path"
  client_does hello
}

@test "a Unix socket that a server listens on is an error and stays its own" {
  start_server -- "unix:$path"
  cannot_listen "Address (already )?in use" "unix:$path"
  client_does hello
}

backlog_is_full() {
  [ "$(grep -c "$path\$" /proc/net/unix)" -gt "$backlog" ]
}

# bats test_tags=once
@test "a Unix socket whose server has no time is an error and stays its own" {
  only_linux "the backlog is counted in /proc"
  only_ours "the backlog"
  backlog=$(cat /proc/sys/net/core/somaxconn)
  [ "$backlog" -le 5000 ] || skip "the backlog takes $backlog"
  has_descriptors $((backlog + 200))
  start_server -- "unix:$path"
  suspend_server
  all_descriptors
  start_client 7 crowd $((backlog + 100))
  eventually backlog_is_full || skip "the backlog does not fill"
  cannot_listen "Address (already )?in use" "unix:$path"
  resume_server
  client_says 7 "connected $((backlog + 100))"
  client_does hello
}

# bats test_tags=slow,once
@test "a Unix socket that cannot be asked for its server is an error and stays" {
  can_trace
  start_server -- "unix:$path"
  end_server KILL
  run limited strace -f -o /dev/null -e trace=ioctl \
    -e inject=ioctl:error=ENOMEM "$SERVER" "unix:$path"
  [ "$status" -eq 1 ]
  grep " error: cannot listen on unix:$path: $no_memory\$" <<<"$output"
  [ -S "$path" ]
}

# bats test_tags=once
@test "a path that is not a socket is an error and is left alone" {
  echo precious >"$path"
  cannot_listen "the path exists and is not a socket" "unix:$path"
  [ "$(cat "$path")" = precious ]
  path=$scratch/link
  ln -s nowhere "$path"
  cannot_listen "the path exists and is not a socket" "unix:$path"
  [ -L "$path" ]
}

# bats test_tags=once
@test "a Unix socket keeps other users out, whatever the umask" {
  for mask in 0 022 777; do
    path=$scratch/socket$mask
    umask "$mask"
    # The log's own file has to be writable.
    (umask 022 && : >"$scratch/server.log" && : >"$scratch/server.out")
    start_server -- "unix:$path"
    umask 022
    # shellcheck disable=SC2012  # stat differs between systems, ls does not
    mode=$(ls -l "$path" | cut -c 1-10)
    case $mask in
      777) [[ "$mode" == s*------ ]] ;;
      *) [ "$mode" = srw------- ] ;;
    esac || saw "with a umask of $mask the path is $mode"
    stop_server
  done
}

@test "a server that cannot listen on all addresses leaves no path behind" {
  from_stage 03 "01 and 02 take one address"
  run limited "$SERVER" "unix:$path" 192.0.2.1:8080
  [ "$status" -eq 1 ]
  [ ! -e "$path" ]
}

@test "the paths of Unix sockets are removed at the stop" {
  from_stage 04 "01 to 03 are ended by the signal"
  start_server -- "unix:$path" "unix:$scratch/b"
  client_does hello
  stops_with TERM 0
  [ ! -e "$path" ]
  [ ! -e "$scratch/b" ]
}

# bats test_tags=once,torture
@test "what another program has put in the place of its path is left alone" {
  from_stage 04 "01 to 03 remove no path"
  start_server -- "unix:$scratch/a" "unix:$scratch/b" "unix:$scratch/c" \
    "unix:$scratch/d"
  wait_for_log 'listening on' 4
  # The third is moved to where the fourth was, and a link to it takes its place.
  rm "$scratch/a" "$scratch/b" "$scratch/d"
  echo precious >"$scratch/a"
  mkdir "$scratch/b"
  mv "$scratch/c" "$scratch/d"
  ln -s d "$scratch/c"
  stops_with TERM 0
  [ "$(cat "$scratch/a")" = precious ]
  [ -d "$scratch/b" ]
  [ -L "$scratch/c" ]
  [ -S "$scratch/d" ]
}
