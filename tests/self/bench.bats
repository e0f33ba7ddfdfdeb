#!/usr/bin/env bats
# What the benchmark makes of samples that are made up, and what it says when it
# can't do what it was asked. How fast a server is, no test asks.

load ../lib/helpers

setup() {
  cd "$root" || exit
  needs jq
  unset MAKEFLAGS MAKELEVEL STAGE STAGES SCENE QUICK PEERS REFERENCE CLIENTS SERVER
  export TMPDIR=$BATS_TEST_TMPDIR/tmp BENCH_OUT=$BATS_TEST_TMPDIR/out
  mkdir "$TMPDIR" "$BENCH_OUT"
}

# From samples, one per line, to rows.json and the table.
report() {
  jq -r -s -L tests/measure --arg machine m --arg reference 04 --argjson scenes \
    '[{"scene": "busy", "kind": "echo", "title": "50 clients"}]' --argjson \
    servers '["02 --workers 50", "04", "01", "06"]' 'include "report"; rows | json' \
    >"$BENCH_OUT/rows.json"
  jq -r -L tests/measure 'include "report"; tables' "$BENCH_OUT/rows.json"
}

sample() { # SERVER RATE CPU
  echo "{\"scene\": \"busy\", \"server\": \"$1\", \"clients\": 50, \"pipeline\": 1,
    \"messages\": $2, \"messages_per_s\": $2, \"server_cpu_us\": $3, \"p99_us\": 700}"
}

# Three rounds of 04, and of a 02 that is half as fast and costs twice as much.
made_up() {
  sample 04 100000 4.5
  sample '02 --workers 50' 50000 8.0
  echo '{"scene": "busy", "server": "01", "dash": "serves one client at a time"}'
  sample 04 110000 4.0
  sample '02 --workers 50' 80000 8.2
  sample 04 90000 4.2
  sample '02 --workers 50' 49000 9.0
  sample '02 --workers 50' 50 0.1 # too few to say what a message takes
  sample 06 100000 4.0 # and in the next round it is gone
  echo '{"scene": "busy", "server": "06", "dash": "a client was not served"}'
}

@test "rates are medians, CPU time is the lowest round, and what failed has a note" {
  made_up | report >"$BENCH_OUT/table"
  cat "$BENCH_OUT/table"
  diff - "$BENCH_OUT/table" <<'EOF'

busy: 50 clients
server           messages/s  lowest..most  CPU us  p99 us  rate/04  CPU/04
02 --workers 50      49,500       50..80k    8.00     700     0.50    2.00
04                  100,000     90k..110k    4.00     700     1.00    1.00
01                     -[b]             -       -       -        -       -
06                     -[a]             -       -       -        -       -

[a]  a client was not served
[b]  serves one client at a time
EOF
  jq -e '.rows[] | select(.server == "04") | .rate == 100000 and .cpu_ratio == 1
    and .server_cpu_us == 4 and .rounds == 3' "$BENCH_OUT/rows.json"
}

@test "what it can't do is said in one line, before anything is measured" {
  only_with bash env dirname awk sed grep tr uniq jq cat tail head rm
  PATH=$scratch/bin
  for wrong in 'SCENE=nothing=nothing' 'SCENE=instructions=valgrind' \
    'SCENE=million CLIENTS=many=many' 'SERVER=gone SCENE=ping=gone'; do
    # shellcheck disable=SC2086  # several variables
    in_a_line 1 "${wrong##*=}" env ${wrong%=*} tests/measure/bench
  done
  run tests/measure/bench plots
  [ "$status" -eq 1 ]
  [[ "$output" == *"needs gnuplot"*"make deps-all"* ]]
  STAGES=07 SCENE=ping run tests/measure/bench
  [ "$status" -eq 1 ]
  [[ "$output" == "skipped 07"*"stages are 01 to 06"* ]]
}

@test "a server of yours, of several processes, is measured and ended" {
  [ -x tests/crowd ] && [ -x 01-blocking/server ] || skip "it is not built"
  printf '#!/bin/sh\n%s/01-blocking/server "$@" &\nwait\n' "'$PWD'" >"$TMPDIR/mine"
  chmod +x "$TMPDIR/mine"
  QUICK=1 SCENE=ping SERVER="env $TMPDIR/mine" STAGES=06 REFERENCE=06 \
    run tests/measure/bench
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(printf '%s\n' "$output" | grep -c '^06 .* 1.00  *1.00$')" -eq 1 ]
  printf '%s\n' "$output" | grep '^yours  *[0-9]'
  [ "$(sed 1,2d <<<"$output" | awk 'length > most { most = length } END { print most }')" -le 80 ]
  [ "$(ls "$TMPDIR")" = mine ]
  left=$(pgrep -f "$PWD/01-blocking/server [0-9]") || true
  for pid in $left; do kill "$pid"; done # what is left would keep bats waiting
  [ -z "$left" ]
}

@test "interrupted, it leaves no process and no file behind" {
  [ -x tests/crowd ] || skip "it is not built"
  SCENE=busy STAGES=06 tests/measure/bench >"$BENCH_OUT/log" 2>&1 3>&- &
  bench=$!
  eventually compgen -G "$TMPDIR/bench.*/crowd.json"
  children=$(pgrep -P "$bench")
  [ -n "$children" ]
  kill -TERM "$bench"
  wait "$bench" || true
  [ -z "$(ls "$TMPDIR")" ]
  for child in $children; do run ! kill -0 "$child"; done
}
