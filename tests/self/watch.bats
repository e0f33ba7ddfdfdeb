#!/usr/bin/env bats
# make watch: what it shows, and that it leaves nothing behind.

load ../lib/helpers

setup() {
  case $(script --version 2>&1) in
    *util-linux*) ;;
    *) skip "script(1) of util-linux is not there, which makes a terminal" ;;
  esac
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL NO_COLOR # not those of the make that runs the tests
  screen=$BATS_TEST_TMPDIR/screen
  keys=$BATS_TEST_TMPDIR/keys
  mkfifo "$keys"
}

teardown() {
  exec 9>&-
  stop_server # and clients
  [ -z "${watched:-}" ] || kill "$watched" 2>/dev/null || true
  [ -z "${terminal:-}" ] || wait "$terminal" || true
}

# Watches the server of a stage in a terminal of its own, on a free port unless
# the OPTIONs name one; descriptor 9 is its keyboard.
watch() { # STAGE [OPTION]...
  local stage=$1
  shift
  set -- "$stage"-*/server "${@:-0}"
  # The shell in the terminal tells about the watcher, while it runs and after.
  cat >"$BATS_TEST_TMPDIR/session" <<END
stty rows 24 cols 80
stty -g >$BATS_TEST_TMPDIR/before
sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/watcher; exec build/tests/watch/watch $*'
echo \$? >$BATS_TEST_TMPDIR/status
stty -g >$BATS_TEST_TMPDIR/after
END
  TERM=xterm script -qefc "sh $BATS_TEST_TMPDIR/session" "$screen" \
    <"$keys" >/dev/null 2>&1 3>&- 4>&- &
  terminal=$!
  exec 9>"$keys"
  shows 'on 127.0.0.1:[0-9]*: '
  watcher=$(cat "$BATS_TEST_TMPDIR/watcher")
  port=$(grep -ao 'on 127.0.0.1:[0-9]*: ' "$screen" | tr -dc '0-9:' |
    cut -d : -f 2 | head -n 1)
  address=127.0.0.1:$port
  watched=$(pgrep -P "$watcher")
}

# In the order in which rows are drawn; codes for colour may stand between.
shows() { # PATTERN
  local end=$((SECONDS + PATIENCE))
  until grep -aq -- "$1" "$screen"; do
    [ "$SECONDS" -lt "$end" ] || saw "the screen never showed '$1'"
    sleep 0.02
  done
}

# The watcher has ended like that, the terminal is as it was and the server is
# gone.
left_nothing() { # STATUS
  local end=$((SECONDS + PATIENCE))
  until [ -s "$BATS_TEST_TMPDIR/after" ]; do
    [ "$SECONDS" -lt "$end" ] || saw "the watcher did not end"
    sleep 0.02
  done
  wait "$terminal" || true
  terminal=
  [ "$(cat "$BATS_TEST_TMPDIR/status")" -eq "$1" ] ||
    saw "the watcher ended with $(cat "$BATS_TEST_TMPDIR/status")"
  diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
  # Out of the alternate screen, and the cursor is back.
  grep -aq $'\033\\[?25h\033\\[?1049l' "$screen"
  run ! kill -0 "$watched"
  watched=
}

@test "make watch shows a client, what it sent and that it left; q ends it" {
  watch 04
  connect 5
  shows '127.0.0.1:[0-9]* .*waiting to read  *0  *0 epoll_wait'
  say 5 hello
  hears 5 hello
  shows 'waiting to read  *6  *6 epoll_wait'
  disconnect 5
  shows 'closed  *6  *6 client closed'
  echo q >&9
  left_nothing 0
  grep -aq 'stopped: served 1 connection, echoed 6 bytes' "$screen"
}

@test "make watch ends with Ctrl-C, too" {
  watch 04
  printf '\003' >&9
  left_nothing 0
}

@test "make watch leaves the terminal as it was when it is terminated" {
  watch 06
  kill -TERM "$watcher"
  left_nothing 143
}

@test "make watch leaves the terminal as it was when the line is cut" {
  watch 06
  kill -HUP "$watcher"
  left_nothing 129
}

@test "make watch leaves the terminal as it was when the server dies" {
  watch 04
  kill -KILL "$watched"
  left_nothing 1
  grep -aq 'watch: signal 9 ended the server' "$screen"
}

@test "make watch shows how much time a client of 06 has left" {
  watch 06 --timeout 1.5 0
  connect 5
  shows ' 0\.[0-9]  *1\.[0-9] #'
  shows 'closed  *0  *0 idle for 1.5 s'
  disconnect 5
  echo q >&9
  left_nothing 0
}

@test "make watch shows a client of 02 that no worker has time for" {
  watch 02 --workers 1 0
  connect 5
  shows 'waiting to read .* read'
  connect 6
  shows 'in the channel'
  disconnect 5
  shows "1 client,"
  disconnect 6
  echo q >&9
  left_nothing 0
}

@test "make watch shows that 03 asks every client, and that one has sent" {
  watch 03
  shows 'asks every client in turn, and never waits'
  connect 5
  say 5 hello
  hears 5 hello
  shows 'waiting to read  *6  *6 read'
  disconnect 5
  shows 'closed  *6  *6 client closed'
  echo q >&9
  left_nothing 0
}

@test "make watch shows a client that does not read" {
  watch 04
  start_client 7 no-read 67108864
  shows 'waiting to write .*+write'
  echo q >&9
  left_nothing 0
}

@test "make watch follows the terminal's size, and counts who has no row" {
  watch 04
  # Of the terminal that the watcher has.
  stty rows 8 cols 40 <"/proc/$watcher/fd/0"
  kill -WINCH "$watcher"
  shows $'\033\\[8;1H'
  start_client 7 crowd 10
  shows 'and [67] more'
  echo q >&9
  left_nothing 0
}

@test "make watch says in a line that it needs a terminal" {
  run build/tests/watch/watch 04-epoll/server 0
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *terminal* ]]
}

# Without anybody at the keyboard.
alone() { # SERVER [ARGUMENT]...
  run env TERM=xterm script -qefc "build/tests/watch/watch $*" /dev/null \
    </dev/null
}

@test "make watch says why the server could not start" {
  alone 02-threads/server --workers 0
  [ "$status" -eq 2 ]
  [[ "$output" == *"bad number of workers"* ]]
  start_server
  alone 04-epoll/server "$port"
  stop_server
  echo "$output"
  [ "$status" -eq 1 ]
  [[ "$output" == *"cannot listen on $port: Address already in use"* ]]
  [[ "$output" != *$'\033'* ]]
}

@test "make watch draws without colours where NO_COLOR says so" {
  NO_COLOR=1 watch 04
  connect 5
  shows 'waiting to read'
  echo q >&9
  left_nothing 0
  run ! grep -aq $'\033\\[[1-9][0-9]*m' "$screen"
}

@test "make watch asks which stage" {
  run make --no-print-directory watch STAGE=09
  [ "$status" -ne 0 ]
  [[ "$output" == *"which stage, 01 to 06"* ]]
}
