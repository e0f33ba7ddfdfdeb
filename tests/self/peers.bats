#!/usr/bin/env bats
# The servers that ours are compared with work: what is fast because it does not
# do its job is no comparison.

load ../lib/helpers

teardown() {
  stop_server
}

works() { # NAME
  SERVER=$root/build/peers/$1
  [ -x "$SERVER" ] || skip "$1 is not built (make peers)"
  start_server
  client_does hello
  client_does drip 20
  client_does reset 20
  client_does half-close 8388608
  client_does unread 20
  # More than a socket takes: what is left has to wait, and comes in order.
  "$root/tests/crowd" -c 4 -s 16777216 -n 8 -d 20 --warm-up 0 "$port"
  "$root/tests/crowd" -c 50 -n 5000 -d 20 "$port"
}

@test "libevent echoes, whatever its clients do" { works libevent; }
@test "bufferevent echoes, whatever its clients do" { works bufferevent; }
@test "libuv echoes, whatever its clients do" { works libuv; }
@test "libev echoes, whatever its clients do" { works libev; }
@test "go echoes, whatever its clients do" { works go; }
@test "lean echoes, whatever its clients do" { works lean; }
