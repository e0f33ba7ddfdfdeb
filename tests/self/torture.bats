#!/usr/bin/env bats
# make torture: that it finds what is wrong, and nothing else.
#
# bats file_tags=slow

load ../lib/helpers

setup() {
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL SERVER VARIANT FOREIGN DISASTER
  torture=tests/harm/torture/run
  one="less than it is given"
}

# The last line of a row, where its marks are.
marks() { # WORDS
  echo "$output" | grep -m 1 -- "$1" | sed 's/.*  //; s/ *//g'
}

@test "a server that holds out has a plus in each of its rows" {
  without_sanitizers "faults.so, in that row, wants to be loaded first"
  STAGE=04 DISASTER=$one run "$torture"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(marks 'loses nothing')" = + ]
  contains "$output" "1 as the contract says, 0 not"
}

@test "a reader's server that loses bytes is found out, and how is shown" {
  without_sanitizers "faults.so, in that row, wants to be loaded first"
  local broken=build/tests/exercises/03-truncated/broken
  STAGE=03 SERVER=$broken DISASTER=$one run "$torture"
  echo "$output"
  [ "$status" -eq 1 ]
  [ "$(marks 'loses nothing')" = '!' ]
  contains "$output" "came back as"
  contains "$output" "make torture SERVER=$broken STAGE=03 "
}

@test "the table is 80 columns wide at most, and plain where it is no terminal" {
  STAGE=01 DISASTER=$one run "$torture"
  [ "$(echo "$output" | awk 'length > 80' | wc -l)" -eq 0 ]
  [ "$(echo "$output" | grep -c "[$(printf '\033\r')]")" -eq 0 ]
}

# In one line, with the words that say what is wrong.
refuses() { # WORDS VARIABLE=VALUE...
  local words=$1
  shift
  run env "$@" "$torture"
  [ "$status" -eq 2 ]
  [ "${#lines[@]}" -eq 1 ]
  contains "$output" "$words"
}

@test "a disaster, a stage or a program that is not there is refused in one line" {
  refuses "no disaster 'earthquake'" STAGE=04 DISASTER=earthquake
  refuses "no stage '07'" STAGE=07
  refuses "README.md is no program" STAGE=04 SERVER=./README.md
  refuses "say which stage" -u STAGE SERVER=./01-blocking/server
}

@test "interrupted, it ends what it started and leaves nothing behind" {
  mkdir "$BATS_TEST_TMPDIR/own"
  STAGE=04 DISASTER="1 GiB" TMPDIR=$BATS_TEST_TMPDIR/own \
    "$torture" >/dev/null 2>&1 3>&- &
  local pid=$! end=$((SECONDS + PATIENCE))
  until grep -qs received "$BATS_TEST_TMPDIR"/own/*/*/*/*/server.log; do
    if [ "$SECONDS" -ge "$end" ]; then saw "no test begins"; return 1; fi
    sleep 0.05
  done
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 143 ]
  [ -z "$(ls "$BATS_TEST_TMPDIR/own")" ]
}
