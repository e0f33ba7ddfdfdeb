#!/usr/bin/env bats
# "Spot the bug": the broken servers that the book gives to its readers, and
# the patches behind the fold.

load ../lib/helpers

setup() {
  cd "$root" || exit
  without_sanitizers "what is broken is broken on purpose"
  # Not those of the make that runs the tests.
  unset MAKEFLAGS MAKELEVEL STAGE SERVER PATIENCE CLIENT_PATIENCE
}

all_names() {
  for test in tests/book/exercises/*/test.bash; do
    name=$(basename "$(dirname "$test")")
    [ ! -x "build/tests/exercises/$name/broken" ] || echo "$name"
  done
}

build_fixed() {
  needs patch
  make -s exercises-fixed
}

@test "each broken server fails its test, and each fixed one passes" {
  build_fixed
  # shellcheck disable=SC2046 # they are words
  run tests/book/exercises/all $(all_names)
  echo "$output"
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -ge 20 ]
}

@test "every chapter has a bug to spot" {
  chapters="00 01 02 03 05 06 07"
  [ ! -x 04-epoll/server ] || chapters="$chapters 04"
  for chapter in $chapters; do
    all_names | grep "^$chapter-"
  done
}

@test "a fix is a few lines" {
  for name in $(all_names); do
    changed=$(grep -c '^[-+][^-+]' "tests/book/exercises/$name/fix.patch")
    echo "$name: $changed"
    [ "$changed" -ge 1 ]
    [ "$changed" -le 10 ]
  done
}

@test "make exercise runs a server of your own" {
  build_fixed
  run tests/book/exercises/run 01-gone build/tests/exercises/01-gone/fixed
  [ "$status" -eq 0 ]
  [[ "$output" == *"ok      01-gone"* ]]
}

@test "make exercise shows the fix to a reader who gives up" {
  run tests/book/exercises/run 01-gone fix
  [ "$status" -eq 0 ]
  [[ "$output" == *"+++ fixed.c"* ]]
}

@test "make exercise wants the name of one, and a program" {
  run tests/book/exercises/run
  [ "$status" -eq 2 ]
  [[ "$output" == *"03-truncated"* ]]
  in_a_line 2 "no program ./nothing" tests/book/exercises/run 01-gone ./nothing
}
