#!/usr/bin/env bats
# What a server does not let happen even when nobody asks for it: strangers, a
# terminal that clients write to, memory without a bound. STAGE says which one
# is under test.

load ../lib/helpers

setup() {
  hint="CONTRACT: loopback, log, Unix sockets, size"
}

teardown() {
  stop_server
}

# --- who may connect ---------------------------------------------------------

# The local addresses of all sockets that listen on the port, as Linux has them:
# 0100007F is 127.0.0.1 where bytes are little-endian.
listening_on_port() {
  awk -v port=":$(printf '%04X' "$port")" '
    $4 == "0A" && index($2, port) { sub(/:.*/, "", $2); print $2 }' \
    /proc/net/tcp /proc/net/tcp6
}

@test "a bare port lets nobody in but over 127.0.0.1" {
  only_linux "other systems have no 127.0.0.2"
  start_server
  client_does hello
  run ! "$client" -t "$PATIENCE" "127.0.0.2:$port" hello
  run ! "$client" -t "$PATIENCE" "[::1]:$port" hello
  found=$(listening_on_port)
  [ "$found" = 0100007F ] || [ "$found" = 7F000001 ] ||
    saw "it listens on $found"
}

@test "without an address the server listens on 127.0.0.1 only" {
  only_linux "it is looked up in /proc"
  : >"${server_log:=$BATS_TEST_TMPDIR/server.log}"
  "$SERVER" >"$server_log" 2>&1 3>&- &
  server_pid=$!
  wait_for_log 'listening on 127.0.0.1:8080$' || {
    server_pid=
    skip "somebody else has port 8080"
  }
  port=8080
  found=$(listening_on_port)
  [ "$found" = 0100007F ] || [ "$found" = 7F000001 ] ||
    saw "it listens on $found"
}

@test "a Unix socket keeps other users out, whatever the umask" {
  for mask in 0 022 777; do
    path=$BATS_TEST_TMPDIR/socket$mask
    umask "$mask"
    # The log's own file has to be writable.
    (umask 022 && : >"$BATS_TEST_TMPDIR/server.log" && : >"$BATS_TEST_TMPDIR/server.out")
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

# --- whose path it is --------------------------------------------------------

@test "a Unix socket whose server is suspended is alive, and stays" {
  start_server -- "unix:$BATS_TEST_TMPDIR/socket"
  suspend_server
  run timeout "$PATIENCE" "$SERVER" "unix:$BATS_TEST_TMPDIR/socket"
  resume_server
  [ "$status" -eq 1 ]
  client_does hello
}

@test "a path that another server has taken meanwhile stays that server's" {
  from_stage 04 "01 to 03 remove no path"
  start_server -- "unix:$BATS_TEST_TMPDIR/socket"
  first_pid=$server_pid
  rm "$BATS_TEST_TMPDIR/socket"
  start_server -- "unix:$BATS_TEST_TMPDIR/socket"
  kill -TERM "$first_pid"
  wait "$first_pid"
  [ -S "$BATS_TEST_TMPDIR/socket" ] || saw "the path is gone"
  client_does hello
  end_server TERM
  [ ! -e "$BATS_TEST_TMPDIR/socket" ]
}

@test "what somebody else has put in the place of its path is left alone" {
  from_stage 04 "01 to 03 remove no path"
  start_server -- "unix:$BATS_TEST_TMPDIR/a" "unix:$BATS_TEST_TMPDIR/b" \
    "unix:$BATS_TEST_TMPDIR/c"
  wait_for_log 'listening on' 3
  # The last one is moved away, and a link to it stands in its place.
  rm "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
  echo precious >"$BATS_TEST_TMPDIR/a"
  mkdir "$BATS_TEST_TMPDIR/b"
  mv "$BATS_TEST_TMPDIR/c" "$BATS_TEST_TMPDIR/moved"
  ln -s moved "$BATS_TEST_TMPDIR/c"
  end_server TERM
  [ "$status" -eq 0 ] || saw "the exit status is $status"
  [ "$(cat "$BATS_TEST_TMPDIR/a")" = precious ]
  [ -d "$BATS_TEST_TMPDIR/b" ]
  [ -L "$BATS_TEST_TMPDIR/c" ]
  [ -S "$BATS_TEST_TMPDIR/moved" ]
}

# --- what reaches the terminal -----------------------------------------------

# Every byte from FIRST on, COUNT of them, in octal escapes as printf reads them.
bytes() { # FIRST COUNT
  local i
  for ((i = $1; i < $1 + $2; i++)); do printf '\\%03o' "$i"; done
}

# From a file: bash would write to a pipe line by line.
say_at_once() { # FILE
  nc_client 127.0.0.1 "$port" <"$1" >/dev/null
}

log_is_plain() {
  run ! env LC_ALL=C grep -n '[^ -~]' "$server_log"
}

@test "no byte that a client sends reaches the terminal as a control character" {
  start_server -v
  for first in 0 64 128 192; do
    # shellcheck disable=SC2059  # the format is what is to be printed
    printf "$(bytes "$first" 64)" >"$BATS_TEST_TMPDIR/bytes"
    say_at_once "$BATS_TEST_TMPDIR/bytes"
  done
  wait_for_log 'closed: ' 4
  log_is_plain
  # They are all there: what C has no letter for is in octal digits.
  wait_for_log 'received 64 bytes: "\\000\\001.*\\010\\t\\n\\013\\014\\r\\016.*\\033.* !\\"#.*?"$'
  wait_for_log 'received 64 bytes: "@A.*\[\\\\]^.*~\\177"$'
  wait_for_log 'received 64 bytes: "\\200\\201.*\\233.*\\277"$'
  wait_for_log 'received 64 bytes: "\\300.*\\376\\377"$'
}

@test "bytes beyond those that are shown do not reach the terminal either" {
  start_server -v
  {
    printf '%063d' 0
    for ((i = 0; i < 200; i++)); do printf '\033]0;title\007\033[2J\233'; done
  } >"$BATS_TEST_TMPDIR/bytes"
  say_at_once "$BATS_TEST_TMPDIR/bytes"
  wait_for_log 'closed: '
  log_is_plain
  wait_for_log 'received [0-9]* bytes: "0\{63\}\\033"\.\.\.$'
}

# --- how much memory they take -----------------------------------------------

# The bound in the header of common/connection.h, in KiB.
bound_kb() { # HIGHEST-DESCRIPTOR SLOW-READERS
  local connection=32 inbox=65536 unsent=16
  echo $(((($1 * 9 / 8 + 64) * connection + \
    ($2 + 2) * (inbox + unsent)) / 1024))
}

@test "a hundred slow readers take no more memory than the bound that is stated" {
  from_stage 03 "01 and 02 keep nothing: they wait in write"
  without_sanitizers "they have memory of their own"
  if [ "$stage" = 06 ]; then start_server -q -t 60; else start_server -q; fi
  client_does half-close 1048576
  before=$(resident_kb)
  mkfifo "$BATS_TEST_TMPDIR/never"
  for n in {1..100}; do
    # Opened to read and write, a pipe does not end when nobody writes.
    "$client" -t "$CLIENT_PATIENCE" "$address" no-read 67108864 3>&- 4>&- \
      <>"$BATS_TEST_TMPDIR/never" >"$BATS_TEST_TMPDIR/client$n.out" 2>&1 &
    background+=("$!")
    eval "client_pid_$n=\$!"
  done
  for n in {1..100}; do client_says "$n" 'stuck after'; done
  grown=$(($(resident_kb) - before))
  [ "$grown" -le "$(bound_kb 120 100)" ] ||
    saw "100 slow readers cost $grown KiB, and not $(bound_kb 120 100) at most"
  # They do cost something: else this has measured nobody.
  [ "$grown" -ge 400 ] || saw "100 slow readers cost $grown KiB only"
}
