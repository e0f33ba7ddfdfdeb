#!/usr/bin/env bats
# The project around the servers: what make can do, and what the documents say.

load ../lib/helpers

setup() {
  cd "$root" || exit
  # Not those of the make that runs the tests.
  unset MAKEFLAGS MAKELEVEL STAGE SERVER
}

@test "make help fits a screen, and begins with five things that a reader does" {
  run make --no-print-directory help
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -le 22 ]
  [ "$(awk 'length > 78' <<<"$output" | wc -l)" -eq 0 ]
  [ "$(sed -n '/^$/q; s/^make \([a-z]*\).*/\1/p' <<<"$output" | xargs)" = \
    "tour watch exercise check torture" ]
  for target in bench diff book pictures test deps help-all; do
    contains "$output" "make $target "
  done
}

@test "make help-all names every target that is meant for people" {
  run make --no-print-directory help-all
  [ "$status" -eq 0 ]
  for target in tour watch test test-all check torture bench bench-peers bench-plots \
    pictures diff exercise exercises faults soak models fuzz beyond check-book \
    book test-book contents peers deps deps-all lint analyze memcheck coverage \
    verify cross container format clean help help-all; do
    contains "$output" "make $target "
  done
  # And names none that is not there.
  targets=$(make -pnq help 2>/dev/null | sed -n 's/^\([a-z-]*\):.*/\1/p')
  while IFS= read -r target; do
    grep -qx "$target" <<<"$targets" || saw "there is no make $target"
  done < <(sed -n 's/^make \([a-z][a-z-]*\).*/\1/p' <<<"$output" | sort -u)
}

@test "make diff shows what a stage changes in the one before" {
  run tests/tools/diff 04
  [ "${lines[0]}" = "--- 03-nonblocking/server.c" ]
  [ "${lines[1]}" = "+++ 04-epoll/server.c" ]
  contains "$output" "+#include \"poller.h\""
  contains "$output" "new here: 04-epoll/poller.c"
  run tests/tools/diff 5
  contains "$output" "+++ 05-kqueue/poller.c"
  in_a_line 2 "say which stage" tests/tools/diff 01
}

@test "make deps says in a line when all is there" {
  in_a_line 0 "all is there" tests/tools/deps basic
}

@test "on macOS, a cc that is only a stub is no compiler" {
  mkdir "$scratch/bin"
  printf '#!/bin/sh\necho Darwin\n' >"$scratch/bin/uname"
  printf '#!/bin/sh\nexit 2\n' >"$scratch/bin/xcode-select"
  chmod +x "$scratch/bin/"*
  PATH=$scratch/bin:$PATH run tests/tools/deps --missing compiler
  [ "$output" = compiler ]
}

@test "make tour ends with a table of six rows, 80 columns wide at most" {
  [ -x 04-epoll/server ] || skip "04 is not built here"
  tests/tools/tour >"$scratch/tour" 2>&1 3>&-
  cat "$scratch/tour"
  for row in 01-blocking 02-threads 03-nonblocking 04-epoll 05-kqueue 06-timeouts; do
    [ "$(grep -c "^$row " "$scratch/tour")" -eq 1 ]
  done
  [ "$(awk 'length > 80' "$scratch/tour" | wc -l)" -eq 0 ]
  run ! grep $'\033' "$scratch/tour" # this is no terminal
  run ! grep $'\r' "$scratch/tour"
}

@test "a tool that lacks a program names it, before it does anything else" {
  only_with bash env dirname sed awk gcc
  while read -r tool words; do
    PATH=$scratch/bin in_a_line 1 "$words" "tests/tools/$tool"
  done <<'END'
container podman or docker is missing
coverage gcovr is missing; `make deps-all`
END
}

@test "make analyze finds what is wrong with a file, and fails" {
  [ -n "$(tests/tools/taken gcc -fanalyzer)" ] || skip "gcc -fanalyzer is missing"
  cat >"$scratch/wrong.c" <<'EOF'
#include <stdlib.h>

int main(void) {
    char *byte = malloc(1);
    free(byte);
    return *byte;
}
EOF
  FILES=$scratch/wrong.c run tests/tools/analyze
  [ "$status" -eq 1 ]
  contains "$output" "gcc finds something: 1 read in"
}

# A place to build 01 in: what the other tests use stays as it is.
copy_aside() {
  mkdir "$scratch/aside"
  cp -R Makefile common tests 01-blocking "$scratch/aside"
  cd "$scratch/aside" || exit
  unset SAN CFLAGS HARDEN
}

@test "what is built is hardened" {
  only_linux "readelf reads ELF"
  needs readelf
  copy_aside
  make 01-blocking
  readelf -hdlsW 01-blocking/server >server.elf
  for sign in 'Type: *DYN' 'FLAGS.*BIND_NOW' GNU_RELRO __stack_chk_fail; do
    grep "$sign" server.elf
  done
  grep -- '-D_FORTIFY_SOURCE=3' build/flags
}

@test "HARDEN=no builds without hardening, and sanitizers without FORTIFY" {
  copy_aside
  for variable in HARDEN=no HARDEN=; do
    make "$variable" build/flags
    run ! grep -E 'FORTIFY|stack-protector|PIE|-pie|relro' build/flags
  done
  for variable in CFLAGS=-O0 SAN=address; do
    make "$variable" build/flags
    run ! grep FORTIFY build/flags
  done
}

@test "a flag that the compiler does not take is left out" {
  cd "$scratch"
  for _ in once again; do
    run "$root/tests/tools/taken" "${CC:-cc}" -fno-such-flag -O2 -Wl,--no-such-flag
    [ "$status" -eq 0 ]
    [ "$output" = -O2 ]
  done
}

# The first argument of about is a number of the contract, the second a chapter.
hints() {
  sed -n 's/^ *about \([^ ]*\) "\([^"]*\)".*/\1 \2/p' tests/*/*.bats | sort -u
}

@test "every line of the contract that a hint names is there" {
  hints | while read -r number _; do
    case $number in
      '"log"') ;;
      *) grep -q "^$number\. \*\*" tests/CONTRACT.md ||
        { saw "the contract has no $number"; exit 1; } ;;
    esac
  done
}

@test "every place in the book that a hint names is there" {
  hints | sed 's/^[^ ]* //' | while IFS= read -r place; do
    place=$(in_book "$place")
    grep -qiE "^(##+ |(- )?\*\*)([0-9]\. )?(The )?${place#*, }" "${place%%, *}" || {
      saw "nothing in ${place%%, *} begins with '${place#*, }'"
      exit 1
    }
  done
}

@test "what the README links to is there" {
  while read -r target; do
    [ -e "$target" ] || saw "$target is not there"
  done < <(grep -o '](.[^)#]*' README.md | cut -c 3- | grep -v '^https*:')
}
