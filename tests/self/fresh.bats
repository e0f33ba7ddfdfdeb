#!/usr/bin/env bats
# A machine with nothing but what `make deps` brings.

load ../lib/helpers

# What every system has, and what the parts of `deps basic` are made of.
programs='awk basename bash cat chmod cmp comm cp cut date dd diff dirname
  echo env expr false find getconf grep head hostname id kill ln ls mkdir mkfifo
  mktemp mv nl od paste printf prlimit ps pgrep pkill pwd readlink realpath rm
  rmdir sed seq sh sleep sort stat stty tail tee test timeout touch tr true tty
  umask uname uniq wc which xargs
  cc gcc as ld ar cpp make nc bats'

# A copy of the project, in a place with a blank in its name.
setup() {
  unset MAKEFLAGS MAKELEVEL STAGE SERVER SAN JOBS CC CFLAGS
  mkdir "$scratch/bin" "$scratch/a place"
  for program in $programs; do
    # bats puts its own parts first.
    file=$(PATH=${PATH##*bats-core:} type -P "$program") || continue
    ln -s "$file" "$scratch/bin/$program"
  done
  cp -R "$root/Makefile" "$root/common" "$root/tests" "$root"/0[1-9]-* \
    "$scratch/a place"
  cd "$scratch/a place" || exit
  rm -f tests/crowd 0*/server
}

# Runs the default tests of a stage there, in an environment that says little.
bare_tests() { # STAGE
  run env -i PATH="$scratch/bin" HOME="$scratch" TERM=dumb LC_ALL=C \
    TMPDIR="${TMPDIR:-/tmp}" make test STAGE="$1" 3>&-
  echo "$output"
}

@test "the default tests need nothing but what make deps brings" {
  bare_tests 04
  [ "$status" -eq 0 ]
  contains "$output" " passed, 0 failed"
  [ "$(echo "$output" | grep -c skipped)" -eq 0 ]
}

@test "64 descriptors are enough for them" {
  ulimit -n 64
  bare_tests 03
  [ "$status" -eq 0 ]
  contains "$output" " passed, 0 failed"
}

@test "where nothing can be written, make says so in a line" {
  if [ "$(id -u)" -eq 0 ]; then
    needs unshare
    unshare -m true 2>/dev/null || skip "no mount of our own is to be had"
    # shellcheck disable=SC2016  # for that shell
    run unshare -m sh -c \
      'mount --bind "$PWD" "$PWD" && mount -o remount,ro,bind "$PWD" && cd "$PWD" && make' 3>&-
  else
    chmod -R a-w .
    run make 3>&-
    chmod -R u+w .
  fi
  echo "$output"
  [ "$status" -ne 0 ]
  contains "$output" "copy the project to a place of your own"
  [ "${#lines[@]}" -le 2 ]
}
