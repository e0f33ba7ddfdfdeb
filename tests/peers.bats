#!/usr/bin/env bats
# The servers that ours are compared with work: what is slow or small because
# it does not do its job is no comparison.

load lib/helpers

teardown() {
  stop_server
}

# Starts it as the benchmark does: port 0, and stderr says which one it is.
start_peer() { # NAME
  SERVER=$root/build/peers/$1
  [ -x "$SERVER" ] || skip "$1 is not built"
  server_log=$BATS_TEST_TMPDIR/server.log
  "$SERVER" 0 >"$server_log" 2>&1 3>&- 4>&- &
  server_pid=$!
  wait_for_log '^listening on 127.0.0.1:'
  address=$(sed -n 's/^listening on //p' "$server_log")
}

# As much as they promise who only pass the bytes on.
talks() { # NAME
  start_peer "$1"
  client_does hello
  client_does drip 20
  client_does reset 20
  client_does hello
}

serves() { # NAME
  talks "$1"
  client_does half-close 8388608
  client_does unread 20
  start_client 8 crowd 50
  tell_client 8 hello
  client_says 8 '^50 clients heard'
  end_client 8
}

works() { # NAME
  serves "$1"
  start_client 7 no-read 67108864
  client_says 7 'stuck after'
  tell_client 7 go
  client_says 7 'echoed 67108864 bytes'
  end_client 7
}

@test "of every peer it is said what it was given" {
  cd "$root"
  diff <(make --no-print-directory peer-names | tr ' ' '\n' | sort) \
    <(cut -f 1 tests/peers/peers.txt | sort)
}

@test "libevent echoes, whatever its clients do" { works libevent; }
@test "bufferevent echoes, whatever its clients do" { works bufferevent; }
@test "libuv echoes, whatever its clients do" { works libuv; }
@test "libev echoes, whatever its clients do" { works libev; }
@test "go echoes, whatever its clients do" { works go; }
@test "go-all echoes, whatever its clients do" { works go-all; }
@test "go-deadline echoes, whatever its clients do" { works go-deadline; }
@test "go-deadline-all echoes, whatever its clients do" { works go-deadline-all; }
# It stands still for ever, in one run of two, when a client that was stuck goes
# on: it writes into its pipe while nobody but itself could read from there.
@test "socat echoes, to clients that listen" { serves socat; }
@test "ncat echoes, to clients that listen and do not half-close" { talks ncat; }
@test "lean echoes, whatever its clients do" { works lean; }
@test "lean-threads echoes, whatever its clients do" { works lean-threads; }
