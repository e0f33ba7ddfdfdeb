#!/usr/bin/env bats
# The servers that ours are compared with work: what is fast because it does not
# do its job is no comparison.

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || exit
}

teardown() {
  [ -z "${peer:-}" ] || kill "$peer"
}

# Started as the benchmark does it: port 0, and stderr says which one it is.
works() { # NAME
  local log=$BATS_TEST_TMPDIR/log end=$((SECONDS + 20)) task
  [ -x "build/peers/$1" ] || skip "$1 is not built (make peers)"
  "build/peers/$1" 0 >"$log" 2>&1 3>&- &
  peer=$!
  until grep -q '^listening on 127.0.0.1:' "$log"; do
    [ "$SECONDS" -lt "$end" ] || return
    sleep 0.02
  done
  port=$(sed 's/.*://' "$log")
  for task in hello 'drip 20' 'reset 20' 'half-close 8388608' 'unread 20'; do
    # shellcheck disable=SC2086  # a command and its argument
    build/tests/client -t 20 "$port" $task
  done
  # More than a socket takes: what is left has to wait, and comes in order.
  tests/crowd -c 4 -s 16777216 -n 8 -d 20 --warm-up 0 "$port"
  tests/crowd -c 50 -n 5000 -d 20 "$port"
}

@test "libevent echoes, whatever its clients do" { works libevent; }
@test "bufferevent echoes, whatever its clients do" { works bufferevent; }
@test "libuv echoes, whatever its clients do" { works libuv; }
@test "libev echoes, whatever its clients do" { works libev; }
@test "go echoes, whatever its clients do" { works go; }
@test "lean echoes, whatever its clients do" { works lean; }
