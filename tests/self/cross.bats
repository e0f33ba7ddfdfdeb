#!/usr/bin/env bats
# What make cross shows: it builds and runs what it says, and says what it lacks.

load ../lib/helpers

setup() {
  cd "$root" || exit
  only_linux "make cross is for Linux"
}

# The whole of it takes long: here a stop, an echo and the poller do.
runs_on() { # TARGET
  local missing
  without_sanitizers "other machines have none here"
  SUITE='echo stop' run tests/tools/cross "$1" 3>&-
  echo "$output"
  missing=$(sed -n 's/.* \([^ ]* is missing\)$/\1/p' <<<"$output")
  [ -z "$missing" ] || skip "$missing"
  [ "$status" -eq 0 ]
  grep -E "^$1 +[^ ]+ +yes +[1-9][0-9]+ +0 +0\$" <<<"$output"
}

# bats test_tags=slow
@test "with musl the servers echo and stop" { runs_on musl; }
# bats test_tags=slow
@test "with 32 bits the servers echo and stop" { runs_on i386; }
# bats test_tags=slow
@test "on arm64 the servers echo and stop" { runs_on arm64; }
# bats test_tags=slow
@test "on a big-endian machine the servers echo and stop" { runs_on s390x; }

@test "a compiler that is missing is named, and costs no time" {
  only_with bash env dirname uname awk grep cat bats
  PATH=$scratch/bin run tests/tools/cross
  echo "$output"
  [ "$status" -eq 0 ]
  contains "$output" "musl-gcc is missing; \`make deps-all\` installs it"
  [ "$(grep -c ' is missing$' <<<"$output")" -eq 4 ]
}

@test "make cross names a target that there is not" {
  in_a_line 2 "cross: there is no target 'vax'" tests/tools/cross vax
}
