#!/usr/bin/env bats
# The models and the fuzz targets of tests/harm/fuzz, for a few seconds.
#
# Each run has a seed of its own. What fails is a bug in the code or in a model,
# even if the next run passes: the last line says how to see it again.

load ../lib/helpers

setup() {
  cd "$root" || exit
}

@test "the loop of 06 does what its model says, whatever the system does" {
  build/tests/server_model 200000
}

@test "between threads nothing is lost, doubled or reordered" {
  build/tests/channel_stress 200000
}

@test "no address, command line or payload breaks what reads it" {
  run -0 tests/harm/fuzz/fuzz 3
  case $output in skipped:*) skip "${output#skipped: }" ;; esac
  [ "$(grep -c 'no input fails' <<<"$output")" -eq 3 ]
}

sum_of() { # SEED
  run -0 build/tests/server_model 1000 "$1"
  sum=${output##* }
}

@test "the same seed takes the same steps, a different one takes others" {
  sum_of 1
  first=$sum
  sum_of 1
  [ "$sum" = "$first" ]
  sum_of 2
  [ "$sum" != "$first" ]
}
