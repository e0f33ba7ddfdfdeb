#!/usr/bin/env bats
# The soak finds nothing wrong with a server that is right, and finds out about
# one that is not.

load ../lib/helpers

setup() {
  only_linux "the soak reads /proc"
  without_sanitizers "they have memory of their own"
  cd "$root" || exit
}

teardown() {
  stop_server
}

# With this seed, kinds that read late, drip, half-close and reset are among the
# first. A client of a bad server has 6 s.
soak() { # STAGE [SERVER]
  MINUTES=0.07 SEED=7 PATIENCE=2 SERVER=${2:-} run tests/harm/soak/soak "$1"
  echo "$output"
}

# A server that is not right: what stands before its command, and what after.
spoil() { # STAGE BEFORE [AFTER]
  printf '#!/usr/bin/env bash\nexec %s %s/server "$@" %s\n' "$2" "$1"-* \
    "${3:-}" >"$BATS_TEST_TMPDIR/spoiled"
  chmod +x "$BATS_TEST_TMPDIR/spoiled"
  soak "$1" "$BATS_TEST_TMPDIR/spoiled"
  [ "$status" -eq 1 ]
}

# The first calls are made before there is a client.
with_strace() { # STAGE INJECTION
  needs strace
  strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
  spoil "$1" "strace -D -f -o /dev/null -e trace=${2%%:*} -e inject=$2"
}

@test "a short soak finds nothing wrong, and says what it has seen" {
  PATIENCE=20 soak 04
  [ "$status" -eq 0 ]
  [[ "$output" == *" clients, "*" bytes echoed, "*" descriptors, 1 threads, "* ]]
  [[ "${lines[${#lines[@]} - 1]}" == "04: "*" s, seed 7: "*"; 0 wrong" ]]
}

# 03 closes and forgets: nothing watches a descriptor that stays open.
@test "a soak sees that a descriptor stays open" {
  with_strace 03 close:retval=0:when=20+10
  [[ "$output" == *"WRONG: descriptors, threads were "*" 1, are "* ]]
}

# A write that says it has sent a byte and has not.
@test "a soak sees that a byte is lost" {
  with_strace 04 write:retval=1:when=60+50
  [[ "$output" == *"WRONG: client "*" came back as 0x"* ]]
}

@test "a soak sees that a line of the log is missing" {
  spoil 04 '' '2> >(exec sed -u 20d >&2)'
  [[ "$output" == *"WRONG: "*"; "[1-9]*" wrong" ]]
}

@test "a signal ends a soak early, with a verdict" {
  TMPDIR=$BATS_TEST_TMPDIR MINUTES=60 SEED=1 tests/harm/soak/soak 04 \
    >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  pid=$!
  background+=("$pid")
  end=$((SECONDS + PATIENCE))
  until grep -qs ' accepted ' "$BATS_TEST_TMPDIR"/soak.*/server.log; do
    [ "$SECONDS" -lt "$end" ] || saw "no client of the soak connects" || return
    sleep 0.05
  done
  kill -TERM "$pid"
  wait "$pid"
  cat "$BATS_TEST_TMPDIR/out"
  grep -q '^04: .*; 0 wrong$' "$BATS_TEST_TMPDIR/out"
}
