#!/usr/bin/env bats
# The edition to read: what can be said of it without the tools that make it.
# With them, make test-book looks at it.

load lib/helpers

setup() {
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL STAGE SERVER CHROMIUM
  mkdir "$BATS_TEST_TMPDIR/bin"
}

have() { # TOOL...
  local tool
  for tool; do
    ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin/$tool"
  done
}

# pandoc and the browsers are not on this path.
with_what_is_there() { # COMMAND...
  PATH=$BATS_TEST_TMPDIR/bin run "$@"
  echo "$output"
}

@test "without pandoc, make book says how to get it, and fails" {
  have bash env dirname
  with_what_is_there tests/edition/book
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *pandoc*"apt-get install pandoc"* ]]
}

@test "without Chromium, make book says that there is no PDF, and makes the rest" {
  have bash env dirname mkdir cat rm grep
  # A pandoc that makes nothing.
  printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/pandoc"
  chmod +x "$BATS_TEST_TMPDIR/bin/pandoc"
  cp -R tests TUTORIAL.md "$BATS_TEST_TMPDIR"
  [ ! -e '/Applications/Google Chrome.app' ] || skip "Chromium is there"
  with_what_is_there "$BATS_TEST_TMPDIR/tests/edition/book"
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 3 ]
  [[ "${lines[2]}" == "no PDF: "*"apt-get install chromium"* ]]
}

@test "without Chromium, make test-book says how to get it, and fails" {
  [ ! -e '/Applications/Google Chrome.app' ] || skip "Chromium is there"
  have bash env dirname
  with_what_is_there tests/edition/test
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"apt-get install chromium"* ]]
}

@test "the page asks for nothing from anywhere" {
  run ! grep -nE '://|@import|url\(|fetch\(|XMLHttpRequest|sendBeacon' \
    tests/edition/*.css tests/edition/script.js tests/edition/page.html
}
