#!/usr/bin/env bats
# bats file_tags=slow
# What an echoed message costs in user instructions and system calls. Neither
# depends on how fast the machine is or what else it does, so unlike a time it
# can be held: valgrind and strace count, in the lockstep that
# tests/measure/scenes.bash describes, and two runs differ by less than 1 %.

# Prints why nothing can be held here. Another compiler or C library, other flags
# or another processor make other instructions.
obstacle() {
  local tool
  for tool in valgrind strace taskset chrt jq; do
    command -v "$tool" >/dev/null ||
      echo "$tool is missing (make deps-all)"
  done
  [ -x 04-epoll/server ] && [ -x tests/crowd ] || echo "04 is not built here"
  [ "$(uname -m)" = x86_64 ] && getconf GNU_LIBC_VERSION >/dev/null 2>&1 &&
    ! cc -dM -E -x c /dev/null | grep -q __clang__ ||
    echo "the limits are for gcc and glibc on x86-64"
  grep -q ' -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 ' build/flags &&
    ! grep -q -e -fsanitize build/flags ||
    echo "the limits are for the default CFLAGS, without sanitizers"
}

setup_file() {
  cd "$BATS_TEST_DIRNAME/../.." || exit
  why=$(obstacle | head -n 1)
  export why BENCH_OUT=$BATS_FILE_TMPDIR
  unset QUICK REFERENCE PEERS SERVER
  [ -n "$why" ] ||
    COUNTED=500 SCENE=instructions STAGES='04 06' tests/measure/bench
}

setup() {
  [ -z "$why" ] || skip "$why"
}

count() { # SERVER FIGURE
  jq -e --arg server "$1" ".rows[] | select(.server == \$server) | .$2" \
    "$BENCH_OUT/results.json"
}

at_most() { # FIGURE LIMIT
  echo "$1, and at most $2 were expected"
  awk -v figure="$1" -v limit="$2" 'BEGIN { exit !(figure > 0 && figure <= limit) }'
}

more_than_04() { # FIGURE
  awk -v a="$(count 06 "$1")" -v b="$(count 04 "$1")" 'BEGIN { print a - b }'
}

@test "04 takes 250 instructions for a message from one client, 160 with 50 clients" {
  at_most "$(count 04 instructions_1)" 250
  at_most "$(count 04 instructions_50)" 160
}

@test "a deadline costs 220 instructions with one client, 90 with 50 clients" {
  at_most "$(more_than_04 instructions_1)" 220
  at_most "$(more_than_04 instructions_50)" 90
}

@test "with 50 clients a message takes a read, a write and a fiftieth of a wait" {
  at_most "$(count 04 calls_50)" 2.05
  at_most "$(count 06 calls_50)" 2.05
}
