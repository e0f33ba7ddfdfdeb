#!/usr/bin/env bats
# make torture: that it finds what is wrong, and nothing else.

load ../lib/helpers

setup() {
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL STAGE SERVER DISASTER VARIANTS FOREIGN
  torture=tests/harm/torture/run
}

# A row that has one cell, without the blanks at its end.
row() { # DISASTER
  echo "$output" | sed -n "s/^\\($1 .*[^ ]\\) *\$/\\1/p"
}

@test "a server that holds out is said to, in a row a disaster" {
  STAGE=03,--poll DISASTER=urgent run "$torture"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(row urgent)" = "urgent             + went on" ]
  [[ "$output" == *"1 as the contract says, 0 not"* ]]
  STAGE=04 DISASTER=half-close run "$torture"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(row half-close)" = "half-close         + served" ]
}

@test "a reader's server that dies of SIGPIPE is found out" {
  SERVER=./build/tests/torture/broken STAGE=02 DISASTER=half-close run "$torture"
  echo "$output"
  [ "$status" -eq 0 ]
  SERVER=./build/tests/torture/broken STAGE=02 DISASTER=end-then-reset PATIENCE=5 run "$torture"
  echo "$output"
  [ "$status" -eq 1 ]
  [ "$(row end-then-reset)" = "end-then-reset     ! failed" ]
  [[ "$output" == *"cannot connect"* ]]
  [[ "$output" == *"again: make torture SERVER=./build/tests/torture/broken STAGE=02 DISASTER=end-then-reset"* ]]
}

@test "a table is 100 columns wide at most, and plain where it is no terminal" {
  STAGE=01 DISASTER=urgent run "$torture"
  [ "$(echo "$output" | awk 'length > 100' | wc -l)" -eq 0 ]
  [[ "$output" != *$'\033'* ]]
  [[ "$output" != *$'\r'* ]]
}

@test "a disaster or a stage that there is not is refused in one line" {
  DISASTER=earthquake run "$torture"
  [ "$status" -eq 2 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"no disaster earthquake"* ]]
  STAGE=07 run "$torture"
  [ "$status" -eq 2 ]
  [ "${#lines[@]}" -eq 1 ]
  SERVER=./README.md STAGE=04 run "$torture"
  [ "$status" -eq 2 ]
  [ "${#lines[@]}" -eq 1 ]
  SERVER=./tests/harm/torture/run run "$torture"
  [ "$status" -eq 2 ]
  [ "${#lines[@]}" -eq 1 ]
}

@test "every disaster has a function, and every function a description" {
  run diff <(sed -n 's/^\([a-z][a-z0-9-]*\)   *[^ ].*/\1/p' tests/harm/torture/disasters.bash | tr - _ | sort) \
    <(sed -n '/^# --- clients that break/,$s/^\([a-z0-9_]*\)() {.*/\1/p' tests/harm/torture/disasters.bash |
      grep -v -e ^slow_readers -e ^descriptors_out -e ^flood_conn -e ^session_with -e ^fails_in -e ^fault_ -e ^closes_ \
        -e ^end_slow_client -e ^only_ | sort)
  echo "$output"
  [ "$status" -eq 0 ]
}
