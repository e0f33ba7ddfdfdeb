#!/usr/bin/env bats
# The runner of the tests: it finds what is there, and ends what hangs.

load ../lib/helpers

# A small project with a runner, a matrix and one stage.
setup() {
  mkdir -p "$scratch/p/tests/contract" "$scratch/p/04-epoll" \
    "$scratch/p/build/tests"
  cd "$scratch/p" || exit
  cp -R "$root/tests/run" "$root/tests/lib" tests
  printf '#!/bin/sh\n' | tee 04-epoll/server >build/tests/client
  chmod +x 04-epoll/server build/tests/client
  echo '04 04 fast - - contract/*' >tests/matrix
  echo '04-edge 04 all - --edge contract/two' >>tests/matrix
  has 'one' true
  unset MAKEFLAGS MAKELEVEL STAGE SERVER SAN JOBS
}

# Adds a file with one test.
has() { # NAME COMMAND [TAG]
  {
    [ -z "${3:-}" ] || echo "# bats test_tags=$3"
    printf '@test "%s is right" { %s; }\n' "$1" "$2"
  } >"tests/contract/$1.bats"
}

runs() { # STATUS LAST-LINE [ARGUMENT]...
  run tests/run "${@:3}" 3>&-
  echo "$output"
  [ "$status" -eq "$1" ]
  [ "${lines[${#lines[@]} - 1]}" = "$2" ]
}

@test "a new file just runs, and the last line counts" {
  has two true
  runs 0 "2 passed, 0 failed"
  contains "$output" "04          two              1 passed"
}

@test "a test that fails is shown, and the exit status is 1" {
  has two 'echo words; false'
  runs 1 "1 passed, 1 failed"
  contains "$output" "# words"
}

@test "slow tests and variants that are not fast run with --all" {
  has two true slow
  runs 0 "1 passed, 0 failed"
  runs 0 "3 passed, 0 failed" --all
  runs 0 "1 passed, 0 failed" --all 04-edge
}

@test "a file that no line of the matrix runs is an error, and so is a line without one" {
  mkdir tests/elsewhere
  echo '@test "x" { true; }' >tests/elsewhere/lost.bats
  in_a_line 2 "tests/matrix names contract/two" tests/run
  has two true
  in_a_line 2 "tests/elsewhere/lost.bats is in no suite" tests/run
}

@test "a stage that does not exist is an error in one line, and 4 is 04" {
  has two true
  in_a_line 2 07 tests/run 07
  runs 0 "2 passed, 0 failed" 4
}

@test "a test that hangs is ended, and named" {
  has two 'sleep 1000'
  LIMIT=5 runs 1 "1 passed, 1 failed"
  contains "$output" "two is right"
}

@test "tests that lack a program are counted, with its name" {
  has two 'skip "no-such-program is missing"'
  runs 0 "1 passed, 0 failed"
  contains "$output" "1 skipped, for these are missing: no-such-program"
}

@test "with AGAIN=1 a suite that fails has a second chance" {
  has two "mkdir $scratch/once && false; true"
  AGAIN=1 runs 0 "2 passed, 0 failed"
  contains "$output" "1 suites failed, and run again"
}

@test "an old bats is told apart, in one line" {
  mkdir bin
  printf '#!/bin/sh\necho Bats 1.2.1\n' >bin/bats
  chmod +x bin/bats
  PATH=$PWD/bin:$PATH in_a_line 2 "1.8 or newer is needed, and this is 1.2.1" tests/run
}

@test "an interrupt ends all that it has started" {
  has two "echo \$\$ >$scratch/pid; exec -a endless sleep 1000"
  mkdir "$scratch/tmp"
  TMPDIR=$scratch/tmp tests/run >"$scratch/out" 2>&1 3>&- &
  runner=$!
  eventually [ -s "$scratch/pid" ]
  kill -TERM "$runner"
  status=0
  wait "$runner" || status=$?
  [ "$status" -eq 143 ]
  eventually has_ended "$(cat "$scratch/pid")" || saw "the test goes on"
  run ! ls -d "$scratch"/tmp/echo.*
}
