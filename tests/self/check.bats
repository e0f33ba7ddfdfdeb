#!/usr/bin/env bats
# make check: what is right passes, what is wrong fails and is told why.
#
# The servers in check/ are in Python; each says what it does well or badly. The
# ones in Go are those that the book shows.

load ../lib/helpers

setup() {
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL STAGE SERVER
  mine=tests/self/check
}

teardown() {
  [ -z "${checker:-}" ] || kill -KILL -- "-$checker" 2>/dev/null || true
}

check() { # SERVER STAGE [TEST]
  needs "${1%% *}"
  run tests/tools/check "$@"
  echo "$output"
}

passes() { # SERVER STAGE [TEST]
  check "$@"
  [ "$status" -eq 0 ]
  contains "${lines[${#lines[@]} - 1]}" ' passed, 0 failed'
}

# The tests that failed, one per line, are those and no others.
fails() { # TEST...
  local expected found
  [ "$status" -eq 1 ]
  expected=$(printf '%s\n' "$@" | sort)
  found=$(echo "$output" | sed -n 's/^FAILED  //p' | sort)
  [ "$found" = "$expected" ] ||
    saw "what failed differs: $(diff <(echo "$expected") <(echo "$found") | grep '^[<>]')"
}

# --- what starts it ----------------------------------------------------------

@test "a copy of 04 passes, by a relative path with a space, and STAGE=4 is 04" {
  mkdir "$scratch/my servers"
  cp 04-epoll/server "$scratch/my servers/mine"
  cd "$scratch"
  run "$root/tests/tools/check" 'my servers/mine' 4 'hears what it says|SIGTERM'
  echo "$output"
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "ok      a client hears what it says" ]
  [ "${lines[2]}" = "2 passed, 0 failed" ]
}

@test "what cannot be checked is refused in a line" {
  touch "$scratch/mine.py"
  while read -r server stage reason; do
    in_a_line 2 "$reason" tests/tools/check "${server#-}" "${stage#-}"
  done <<END
- - say which program
04-epoll/server - say which stage
04-epoll/server 7 say which stage
./nothing 03 there is no program ./nothing
$scratch/mine.py 03 SERVER='python3 mine.py'
END
}

# A line or two and what it said last: no test.
stops_at_once() { # SERVER PATTERN
  check "$1" 4
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -le 3 ]
  echo "${lines[0]}" | grep -Eq "^FAILED  started as $1 [0-9]*; $2\$"
}

@test "a server that no client can use is told so once, and no test is run" {
  echo 'import nonsense' >"$scratch/typo.py"
  stops_at_once "python3 $scratch/typo.py" "it ended at once, with status 1"
  contains "${lines[1]}" "said last: ModuleNotFoundError: No module named 'nonsense'"
  printf '%s\n' 'import socket, sys, time' \
    's = socket.create_server(("127.0.0.1", int(sys.argv[1])))' \
    'time.sleep(60)' >"$scratch/silent.py"
  stops_at_once "python3 $scratch/silent.py" \
    "it listens, but a client that says 'hello' does not hear it back"
  sed 's/int(.*)))/0))/' "$scratch/silent.py" >"$scratch/elsewhere.py"
  stops_at_once "python3 $scratch/elsewhere.py" \
    "nothing listens there(, but on port [0-9]*)?"
}

# --- how it runs -------------------------------------------------------------

# Under `set -m` it has a process group, and SIGINT comes as from a terminal.
start_check() { # SERVER STAGE
  set -m
  tests/tools/check "$@" >"$scratch/out" 2>&1 </dev/null 3>&- 4>&- &
  checker=$!
  set +m
  eventually grep -q '^ok' "$scratch/out" || saw "no test is shown"
}

# The processes that have the scratch directory in their command.
of_this_test() {
  pgrep -fl "$scratch/" || true
}

@test "each test is shown as it ends, and Ctrl-C leaves no process behind" {
  [ -z "$(bash -c 'trap -p INT')" ] || skip "what runs this ignores Ctrl-C"
  cp 02-threads/server "$scratch/mine"
  start_check "$scratch/mine" 02
  kill -0 "$checker" # it has not ended yet
  kill -INT -- "-$checker"
  wait "$checker" || status=$?
  checker=
  [ "$status" -eq 130 ]
  [ -z "$(of_this_test)" ] || saw "there is still $(of_this_test)"
}

@test "a server's children end with it, even those that ignore SIGTERM" {
  cat >"$scratch/forks.py" <<'END'
import os, signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    if os.fork() == 0:
        while data := client.recv(65536):
            client.sendall(data)
        os._exit(0)
    client.close()
END
  passes "python3 $scratch/forks.py" 2 'a client hears|a hundred clients|suspended'
  contains "$output" "note: it does not end at SIGTERM"
  [ -z "$(of_this_test)" ] || saw "there is still $(of_this_test)"
}

# --- who is right ------------------------------------------------------------

# bats test_tags=slow
@test "passes as 06: our own, which closes silent clients after five seconds" {
  passes ./06-timeouts/server 06
}

in_python() { # NAME STAGE
  passes "python3 $mine/$1-careful.py" "$2"
}

# bats test_tags=slow
@test "passes as 02: a thread per client in Python" { in_python threads 02; }
# bats test_tags=slow
@test "passes as 04: selectors in Python" { in_python selectors 04; }
# bats test_tags=slow
@test "passes as 06: asyncio with deadlines" { in_python asyncio 06; }
# bats test_tags=slow
@test "passes as 04: a goroutine per client" { passes build/go/goroutines 04; }
# bats test_tags=slow
@test "passes as 04: epoll in Go" { passes build/go/epoll 04; }
# bats test_tags=slow
@test "passes as 06: deadlines in Go" { passes build/go/deadline 06; }

# --- and who is wrong --------------------------------------------------------

out_of_descriptors=("when descriptors run out clients wait, and are served when others disconnect"
  "every client in the backlog is served in the end"
  "while descriptors are out the CPU is idle and the log has one warning")

# Every time: it may go on for a while with the clients that it has.
# bats test_tags=slow
@test "a thread per client that dies of EMFILE fails each test about that" {
  for _ in 1 2 3; do
    check "python3 $mine/threads-careless.py" 02 'descriptors run|backlog is|descriptors are'
    fails "${out_of_descriptors[@]}"
    contains "$output" "said last: OSError: [Errno 24] Too many open files"
    contains "$output" "see 04-epoll/README.md, when descriptors run out"
  done
}

# bats test_tags=slow
@test "judged as 04, a thread per client is not met by 20,000" {
  check "python3 $mine/threads-careful.py" 04 'as many clients|SIGTERM closes'
  fails "as many clients as the hard limit allows, up to 20,000, are served" \
    "SIGTERM closes everything and the server exits with 0"
  contains "$output" "for 100 clients the server started 100 threads"
  contains "$output" "after SIGTERM the exit status is 143, not 0"
}

# bats test_tags=slow
@test "a loop that one client ends is told which chapter, and which exception" {
  check "python3 $mine/selectors-careless.py" 04 \
    'hears what|mid-transfer|slow reader loses|SIGTERM closes'
  fails "a hundred resets in mid-transfer end nothing but those connections" \
    "a slow reader loses nothing and no other client waits for it" \
    "SIGTERM closes everything and the server exits with 0"
  contains "$output" "the server said last: ConnectionResetError"
  contains "$output" "see 01-blocking/README.md, where it breaks"
  contains "$output" "the server said last: BlockingIOError"
  contains "$output" "after SIGTERM the server had not ended in 6 s"
}

# bats test_tags=slow
@test "forty lines with selectors are right, but for EMFILE" {
  check "python3 $mine/selectors-short.py" 04 \
    'slow reader|mid-transfer|descriptors run|backlog is|descriptors are|SIGTERM closes'
  fails "${out_of_descriptors[@]}" "it stops while descriptors are out"
  contains "$output" "said last: OSError: [Errno 24] Too many open files"
}

# bats test_tags=slow
@test "asyncio without drain() is told that it lets no client wait" {
  check "python3 $mine/asyncio-careless.py" 06 \
    'hears what|more memory than|does not read is|silent client is|SIGTERM closes'
  fails "a slow reader costs no more memory than one read buffer" \
    "a client that does not read is closed, too" \
    "SIGTERM closes everything and the server exits with 0"
  contains "$output" "a client that reads nothing was not made to wait"
}

# bats test_tags=slow
@test "judged as 02, the server of 01 makes other clients wait" {
  PATIENCE=2 check ./01-blocking/server 02 'a hundred clients|hears what'
  fails "a hundred clients at once all hear their own echo"
  contains "$output" "see contract 3; 02-threads/README.md"
}

# bats test_tags=slow
@test "with STRICT=1 a limit in KiB is asked for, and named when it is exceeded" {
  passes "python3 $mine/selectors-careful.py" 04 'at most 64 bytes of user|hears what'
  contains "$output" "1 only with STRICT=1"
  STRICT=1 check "python3 $mine/selectors-careful.py" 04 'at most 64 bytes of user|hears what'
  fails "an idle client costs at most 64 bytes of user memory"
  contains "$output" "bytes, allowed are "
}
