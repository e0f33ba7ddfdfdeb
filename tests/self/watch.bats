#!/usr/bin/env bats
# make watch: what it shows, and that it leaves nothing behind.

load ../lib/helpers

setup() {
  needs ss
  case $(script --version 2>&1) in
    *util-linux*) ;;
    *) skip "script(1) of util-linux is missing, which makes a terminal" ;;
  esac
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL NO_COLOR # not those of the make that runs the tests
  dir=$BATS_TEST_TMPDIR
  mkfifo "$dir/keys"
}

teardown() {
  exec 9>&-
  stop_server # and clients
  [ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true
  [ -z "${terminal:-}" ] || wait "$terminal" || true
}

# Watches a server in a terminal of its own; descriptor 9 is its keyboard.
watch() { # STAGE [OPTION]...
  cat >"$dir/session" <<EOF
stty rows 24 cols 80
stty -g >$dir/before
sh -c 'echo \$\$ >$dir/watcher; SERVER="${watched:-}" exec tests/tools/watch $*'
echo \$? >$dir/status
stty -g >$dir/after
EOF
  TERM=xterm script -qefc "sh $dir/session" "$dir/screen" <"$dir/keys" \
    >/dev/null 2>&1 3>&- 4>&- &
  terminal=$!
  exec 9>"$dir/keys"
  shows 'on 127.0.0.1:[0-9]*: '
  watcher=$(cat "$dir/watcher")
  port=$(grep -ao 'on 127.0.0.1:[0-9]*: ' "$dir/screen" | tr -dc '0-9:\n' |
    cut -d : -f 2 | head -n 1)
  address=127.0.0.1:$port
}

shows() { # PATTERN
  local end=$((SECONDS + PATIENCE))
  until grep -aq -- "$1" "$dir/screen" 2>/dev/null; do
    [ "$SECONDS" -lt "$end" ] || { saw "the screen never showed '$1'"; return 1; }
    sleep 0.05
  done
}

# The watcher ended with STATUS, the terminal is as it was, the server is gone.
left_nothing() { # STATUS
  local end=$((SECONDS + PATIENCE))
  until [ -s "$dir/after" ]; do
    [ "$SECONDS" -lt "$end" ] || { saw "the watcher did not end"; return 1; }
    sleep 0.05
  done
  [ "$(cat "$dir/status")" -eq "$1" ] || saw "it ended with $(cat "$dir/status")"
  diff "$dir/before" "$dir/after"
  grep -aq $'\033\\[?25h\033\\[?1049l' "$dir/screen"
  [ -z "$(ss -tlnH "sport = :$port")" ] || saw "the server still listens"
  exec 9>&-
  wait "$terminal" || true
  terminal='' watcher=''
  rm -f "$dir/after" "$dir/screen"
}

@test "make watch shows a client, what it sent and that it left; q ends it" {
  watch 4 0
  connect 5
  shows '127.0.0.1:[0-9]* waiting to read  *0  *0'
  say 5 hello
  hears 5 hello
  shows 'waiting to read  *6  *6'
  disconnect 5
  shows 'closed  *6  *6'
  shows 'closed: client closed; echoed 6 bytes' # the log
  echo q >&9
  shows '04-epoll stopped: served 1 connection, echoed 6 bytes'
  left_nothing 0
}

@test "whatever ends make watch, the terminal is as it was and the server is gone" {
  watch 06 0
  printf '\003' >&9
  left_nothing 0
  watch 06 0
  kill -TERM "$watcher"
  left_nothing 143
  watch 06 0
  kill -HUP "$watcher"
  left_nothing 129
  watch 04 0
  kill -KILL "$(pgrep -P "$watcher" server)"
  shows 'signal 9 ended the server'
  left_nothing 1
}

@test "make watch shows what each client waits for" {
  watch 02 --workers 1 0
  connect 5
  shows 'waiting in read'
  connect 6
  shows 'has no thread'
  disconnect 6
  echo q >&9
  left_nothing 0
  watch 01 0
  connect 6
  shows 'of \[4\]'
  connect 5
  shows ' -  *127.0.0.1:[0-9]* in the backlog'
  echo q >&9
  left_nothing 0
  watch 06 --timeout 3 0
  connect 5
  shows ' 0  *0  *[12]\.[0-9] .*##'
  shows 'closed: idle for 3 s'
  echo q >&9
  left_nothing 0
}

@test "make watch shows any server, and which client does not read" {
  watched='04-epoll/server -q' watch
  start_client 7 no-read 67108864
  shows 'waiting to write'
  # Of the terminal that the watcher has.
  stty rows 8 cols 40 <"/proc/$watcher/fd/0"
  shows $'\033\\[8;1H'
  start_client 8 crowd 10
  shows 'and [0-9]* more'
  echo q >&9
  left_nothing 0
}

@test "make watch draws without colours where NO_COLOR says so" {
  NO_COLOR=1 watch 04 0
  echo q >&9
  shows stopped
  run ! grep -aq $'\033\\[[1-9][0-9]*m' "$dir/screen"
  left_nothing 0
}

@test "make watch says in a line why it can't show a server" {
  SERVER='' run tests/tools/watch 04 0
  [ "$status" -eq 1 ] && [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *terminal* ]]
  SERVER='' run tests/tools/watch 09
  [ "$status" -eq 2 ] && [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"which stage, 01 to 06"* ]]
  run env SERVER= TERM=xterm script -qefc "tests/tools/watch 02 --workers 0" /dev/null \
    </dev/null
  [ "$status" -eq 2 ]
  [[ "$output" == *"bad number of workers"* ]]
  start_server
  run env SERVER= TERM=xterm script -qefc "tests/tools/watch 04 $port" /dev/null </dev/null
  [ "$status" -eq 1 ]
  [[ "$output" == *"cannot listen on $port: Address already in use"* ]]
  [[ "$output" != *$'\033'* ]]
}
