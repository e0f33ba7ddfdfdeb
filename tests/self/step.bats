#!/usr/bin/env bats
# The recordings that the book steps through, and the page that shows them.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || exit
  pieces=tests/book/step
  here=$BATS_TEST_TMPDIR
}

needs() { # PROGRAM...
  local each
  for each; do command -v "$each" >/dev/null || skip "$each is missing"; done
}

record() { # SCENE
  needs strace addr2line unshare ip ss node
  unshare -rn true || skip "no network of its own is to be had here"
  [ -z "${SAN:-}" ] || skip "sanitizers and strace exclude each other"
  SCENES=$here "$pieces/record" "$@" 3>&-
}

# What has to be the same in all recordings of a stage: the lines from which it
# calls, with what they answered; and what the clients did, in their order.
shape() { # FILE
  jq -r '. as $scene | (.files | keys) as $paths |
    (.steps[] | select(.[1] | type == "number") |
      ($scene.texts[.[2]] | "\(split("(")[0]) \(scan("E[A-Z]+ \\(") // "")") as $call |
      $scene.stacks[.[3]][] | "\($call) \($paths[.[0]]) \(.[2])"),
    ([.steps[] | select(.[1] == "A" or .[1] == "B") | "\(.[1]) \(.[2]) \(.[4])"] |
      group_by(.[0:1])[] | join(", "))' "$1" | sort -u
}

@test "without strace, make record says how to get it, and fails" {
  mkdir "$here/bin"
  ln -s "$(command -v bash)" "$(command -v dirname)" "$here/bin"
  PATH=$here/bin run -1 bash "$pieces/record"
  [ "$output" = "no recording: what is missing is strace addr2line unshare ip ss node; on Linux, make deps-all brings it" ]
}

@test "every scene is small, and says by what command on which machine it was recorded" {
  needs jq
  for scene in "$pieces"/scenes/*.json; do
    [ "$(wc -c <"$scene")" -lt 61440 ]
    jq -e '(.command | test("0[1-6]-.*/server")) and (.machine | length > 10) and
      (.compared | add > 50) and (.steps | length > 50)' "$scene"
  done
  [ "$(cat "$pieces"/scenes/*.json | wc -c)" -lt 1000000 ]
}

@test "the code in the scenes is the code of the stages: else, make record" {
  needs jq
  for scene in "$pieces"/scenes/*.json; do
    change=$(jq -r .change "$scene")
    for file in $(jq -r '.files | keys[]' "$scene"); do
      jq -j --arg file "$file" '.files[$file]' "$scene" >"$here/recorded"
      cp "$file" "$here/now"
      [[ -z "$change" || "$file" != */server.c ]] || sed "$change" "$file" >"$here/now"
      cmp "$here/recorded" "$here/now"
    done
  done
}

# bats test_tags=slow
@test "a new recording of 04 has the shape of the one in the book" {
  needs jq
  record 04
  shape "$here/04.json" >"$here/new"
  shape "$pieces/scenes/04.json" >"$here/old"
  diff "$here/old" "$here/new"
  grep -q '^epoll_wait .*poller_wait$' "$here/new"
  grep -q 'B connect null, B send hello, B hear hello, B send hello' "$here/new"
}

# bats test_tags=slow
@test "a recording with which the kernel does not agree is refused" {
  mkdir "$here/bin"
  printf '#!/bin/sh\n%s "$@" | sed "s/^LISTEN 0 /LISTEN 7 /"\n' "$(command -v ss)" >"$here/bin/ss"
  chmod +x "$here/bin/ss"
  TRIES=1 PATH=$here/bin:$PATH run record 04
  [ "$status" -eq 1 ]
  [[ "$output" == *"backlog: the kernel has 7, derived is"* ]]
  [ ! -e "$here/04.json" ]
}

# bats test_tags=slow
@test "the page steps forth and back, obeys keys and links, and is accessible" {
  needs chromium npm node
  run -0 tests/book/edition/book test-step
  [[ "$output" == *"ok      the console is silent"* ]]
}
