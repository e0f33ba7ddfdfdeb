#!/usr/bin/env bats
# The benchmark's own arithmetic, on figures that were made up, and what it says
# about what it cannot do. How fast a server is, no test asks.

load lib/helpers

pieces=$root/tests/bench.d

setup() {
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL STAGE STAGES SCENE QUICK PEERS REFERENCE CLIENTS
  samples=$BATS_TEST_TMPDIR/samples
  scenes=$BATS_TEST_TMPDIR/scenes
  summary=$BATS_TEST_TMPDIR/summary
  printf 'busy\t50 clients, 64 B\techo\nmemory\tof 10,000\tcost\n' >"$scenes"
  : >"$samples"
}

sample() { # SCENE CANDIDATE FIGURES
  printf '%s\t%s\t%s\n' "$@" >>"$samples"
}

# Three rounds of 04, and of a 02 that is half as fast and costs twice as much.
made_up() {
  sample busy 04 '{"messages_per_s": 100000, "server_cpu_us": 4.5, "p99_us": 700}'
  sample busy 02 '{"messages_per_s": 50000, "server_cpu_us": 8.0, "p99_us": 900}'
  sample busy 01 '- serves one client at a time'
  sample busy 04 '{"messages_per_s": 110000, "server_cpu_us": 4.0, "p99_us": 800}'
  sample busy 02 '{"messages_per_s": 80000, "server_cpu_us": 8.2, "p99_us": 900}'
  sample busy 04 '{"messages_per_s": 90000, "server_cpu_us": 4.2, "p99_us": 600}'
  sample busy 02 '{"messages_per_s": 49000, "server_cpu_us": 9.0, "p99_us": 900}'
}

summarize() {
  awk -f "$pieces/summary.awk" "$samples" >"$summary"
  cat "$summary"
}

show() { # WHAT OPTION...
  local what=$1
  shift
  awk "$@" -f "$pieces/figures.awk" -f "$pieces/$what.awk" "$scenes" "$summary"
}

table() {
  summarize
  show table -v REFERENCE=04 -v MEMORY_CLIENTS=10000
}

has_line() { # FIELD...
  printf '%s\n' "$output" | grep -qx "$(printf '%s\t' "$@" | sed 's/.$//')"
}

@test "a median is the middle of the rounds, or between the two in the middle" {
  made_up
  sample busy 06 '{"messages_per_s": 10}'
  sample busy 06 '{"messages_per_s": 30}'
  sample busy 06 '{"messages_per_s": 20}'
  sample busy 06 '{"messages_per_s": 1000}'
  run summarize
  has_line busy 04 messages_per_s 3 100000 90000 110000
  has_line busy 04 server_cpu_us 3 4.2 4 4.5
  has_line busy 02 messages_per_s 3 50000 49000 80000
  has_line busy 06 messages_per_s 4 25 10 1000
}

@test "numbers are not cut or written with an exponent" {
  sample busy 04 '{"messages_per_s": 12345678.5, "small":0.000125, "nothing":0}'
  run summarize
  has_line busy 04 messages_per_s 1 12345678.5 12345678.5 12345678.5
  has_line busy 04 small 1 0.000125 0.000125 0.000125
  has_line busy 04 nothing 1 0 0 0
}

@test "rates are compared by medians, CPU time by its lowest round" {
  made_up
  run table
  echo "$output"
  # 50,000 of 100,000 messages; 8.0 us against 4.0.
  [[ "$output" == *"02 "*"50,000~"*"49k..80k"*"8.00"*"8.20"*"900"*" 0.50 "*" 2.00"* ]]
  [[ "$output" == *"04 "*"100,000 "*"90k..110k"*"4.00"*" 1.00 "*" 1.00"* ]]
}

@test "a wide spread is marked, a narrow one is not" {
  made_up
  run table
  [[ "$output" == *"50,000~"* ]]
  [[ "$output" != *"100,000~"* ]]
  [[ "$output" == *"~    more than 25 %"* ]]
}

@test "what cannot be measured is a dash with a note, never a zero" {
  made_up
  sample memory 04 '{"clients":10000,"user_bytes_per_client":20,"threads":1}'
  sample memory 02 '{"clients":2000,"user_bytes_per_client":8200,"threads":2001}'
  sample memory 01 '- serves one client at a time'
  run table
  echo "$output"
  [ "$(printf '%s\n' "$output" | grep -c '^01  *-\[a\]$')" -eq 1 ]
  [[ "$output" == *"[a]  serves one client at a time"* ]]
  [[ "$output" == *"8200[b]"*"2001[b]"* ]]
  [[ "$output" == *"[b]  with 2,000 clients, the others with 10,000"* ]]
  run ! grep -E ' 0( |$)' <<<"$output"
}

@test "who fails in one round has no figures from the others" {
  sample busy 04 '{"messages_per_s": 100000}'
  sample busy 04 '- a client was not served'
  run summarize
  [ "${#lines[@]}" -eq 1 ]
  has_line busy 04 - 'a client was not served'
}

@test "CPU time is not taken from a round in which hardly anything came back" {
  sample busy 04 '{"clients":50,"pipeline":16,"messages":700,"server_cpu_us":0.01}'
  sample busy 04 '{"clients":50,"pipeline":16,"messages":90000,"server_cpu_us":0.5}'
  run summarize
  has_line busy 04 server_cpu_us 1 0.5 0.5 0.5
  has_line busy 04 messages 2 45350 700 90000
}

@test "the JSON says what the table says" {
  command -v jq >/dev/null || skip "jq is not there"
  made_up
  sample busy 03 '- said "no" \ and went'
  summarize
  show json -v REFERENCE=04 -v HEAD='"machine": {}' >"$BATS_TEST_TMPDIR/json"
  jq -e '
    .reference == "04" and .scenes[0].name == "busy" and
    (.results | length) == 4 and
    (.results[] | select(.candidate == "02") |
      .cpu_ratio == 2 and .rate_ratio == 0.5 and .dash == null and
      .figures.server_cpu_us == {rounds: 3, median: 8.2, lowest: 8, highest: 9})
    and (.results[] | select(.candidate == "01") |
      .dash == "serves one client at a time" and .figures == {})
    and (.results[] | select(.candidate == "03") |
      .dash == "said \"no\" \\ and went")
  ' "$BATS_TEST_TMPDIR/json"
}

@test "ratios to peers say also how far the cheapest library is" {
  made_up
  sample busy libev '{"messages_per_s": 200000, "server_cpu_us": 3.2}'
  sample busy libuv '{"messages_per_s": 50000, "server_cpu_us": 5.0}'
  summarize
  run show ratios -v OURS=04 -v PEERS='libev|libuv' -v LIBRARIES='libev|libuv'
  echo "$output"
  [[ "$output" == *"libev"*"1.25"*"libuv"*"0.80"*"the cheapest"*"1.25"* ]]
  [[ "$output" == *"rate"*"libev"*"0.50"*"libuv"*"2.00"* ]]
}

@test "an unknown scene, stage or peer is refused with one line" {
  for wrong in 'SCENE=nothing' 'STAGES=07' 'STAGES=nothing' \
    'SCENE=million CLIENTS=many'; do
    # shellcheck disable=SC2086  # several variables
    run env $wrong QUICK=1 tests/bench
    echo "$wrong: $output"
    [ "$status" -ne 0 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == "bench: "*"${wrong##*=}"* ]]
  done
  run tests/bench nothing
  [ "$status" -eq 2 ]
}

@test "a short run ends with a table and leaves nothing behind" {
  [ -x tests/crowd ] || skip "tests/crowd is not built"
  TMPDIR=$BATS_TEST_TMPDIR BENCH_OUT=$BATS_TEST_TMPDIR/out QUICK=1 SCENE=ping \
    STAGES='06 01' REFERENCE=06 run tests/bench
  echo "$output"
  [ "$status" -eq 0 ]
  [[ "$output" == *"ping: 1 client"* ]]
  [[ "$output" == *"against 06"* ]]
  [ "$(printf '%s\n' "$output" | grep -c -e '^06 .* 1.00 ' -e '^01 ')" -ge 2 ]
  [ -s "$BATS_TEST_TMPDIR/out/results.csv" ]
  [ -z "$(find "$BATS_TEST_TMPDIR" -name 'bench.*')" ]
}

@test "interrupted, the bench leaves nothing behind" {
  [ -x tests/crowd ] || skip "tests/crowd is not built"
  mkdir "$BATS_TEST_TMPDIR/tmp"
  # A background job of a shell would ignore SIGINT.
  TMPDIR=$BATS_TEST_TMPDIR/tmp SCENE=busy STAGES=06 BENCH_OUT=$BATS_TEST_TMPDIR/out \
    tests/bench >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  bench=$!
  end=$((SECONDS + PATIENCE))
  until compgen -G "$BATS_TEST_TMPDIR/tmp/bench.*/crowd.json" >/dev/null; do
    [ "$SECONDS" -lt "$end" ]
    sleep 0.05
  done
  children=$(pgrep -P "$bench")
  [ -n "$children" ]
  kill -TERM "$bench"
  wait "$bench" || true
  [ -z "$(ls "$BATS_TEST_TMPDIR/tmp")" ]
  for child in $children; do run ! kill -0 "$child"; done
}
