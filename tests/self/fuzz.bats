#!/usr/bin/env bats
# The models and the fuzz targets of tests/harm/fuzz, for a few seconds.
#
# Each run has a seed of its own. What fails is a defect of the code, or of a
# model, also when the next run passes: the last line says how to see it again.

load ../lib/helpers

steps=200000

setup() {
  cd "$root" || exit
}

# Runs one of the programs, and shows what it says when that is not "all well".
holds() { # PROGRAM [FILE]...
  local program=build/tests/fuzz/$1
  shift
  run "$program" --steps "$steps" "$@"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "a connection does what its model does, whatever the system does" {
  holds connection_model
}

@test "the queue of deadlines names the client that a search would find" {
  holds deadlines_model
}

@test "listeners pause and resume, and none starves by it" {
  holds listener_model
}

@test "the loop of 06 sleeps, expires, pauses and stops when it has to" {
  holds server_model
}

@test "between threads nothing is lost, doubled or reordered" {
  holds channel_stress
}

@test "any text is an address or refused, and keeps its parts" {
  holds fuzz_address tests/harm/fuzz/corpus/address/*
}

@test "any command line is usable or refused in the agreed form" {
  holds fuzz_options tests/harm/fuzz/corpus/options/*
}

@test "any bytes are one printable line in the log, which tells them" {
  holds fuzz_log tests/harm/fuzz/corpus/log/*
}

sum_of() { # SEED
  run -0 build/tests/fuzz/connection_model --seed "$1" --steps 1000
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

@test "a wrong option of a model is refused" {
  run -2 build/tests/fuzz/connection_model --seed
  run -2 build/tests/fuzz/connection_model --walks 1
}
