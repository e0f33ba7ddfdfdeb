#!/usr/bin/env bats
# The pictures: what is drawn is what happened, and a page can show them alone.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || exit
  pieces=tests/book/pictures
  table=$BATS_TEST_TMPDIR/spans
}

record() { # NN-STAGE POLLER [OPTION]...
  command -v strace >/dev/null || skip "strace is missing"
  [ -z "${SAN:-}" ] || skip "sanitizers and strace exclude each other"
  "$pieces/record" "$@" >"$table" 3>&-
}

# In tenths of a millisecond: when such a span first begins, or last ends.
edge() { # ROW WHAT TEXT FROM-OR-TO
  awk -F '\t' -v row="$1" -v what="$2" -v text="$3" -v edge="$4" '
    $1 == row && $4 == what && $5 ~ text {
      if (edge == "from" && !found++) time = $2
      if (edge == "to") time = $3
    }
    END { if (time == "") exit 1; printf "%d\n", time * 10 }' "$table"
}

@test "in a recording of 01, B is in the backlog until A has left" {
  record 01-blocking none
  a_leaves=$(edge A mark leaves from)
  [ "$(edge B backlog '' from)" -lt "$(edge A mark hello from)" ]
  [ "$(edge B backlog '' to)" -ge "$a_leaves" ]
  [ "$(edge 'one thread' wait 'read from B' from)" -ge "$a_leaves" ]
}

@test "in a recording of 06, the silent client is cut off when its fuse has burned down" {
  record 06-timeouts epoll_wait --timeout 0.6
  cut_off=$(edge A mark 'is cut off' from)
  [ "$((cut_off - $(edge A mark connects from)))" -ge 6000 ]
  edge A fuse '^0$' to
  run ! edge B fuse '^0$' to
}

@test "every picture is well-formed, says in words what it shows, and brings all it needs" {
  for picture in 0*/*.svg; do
    ! command -v xmllint >/dev/null || xmllint --noout "$picture"
    [ "$(wc -c <"$picture")" -lt 61440 ]
    tr '\n' ' ' <"$picture" |
      grep -q '<title[^>]*>[^<]\{20,\}</title>.*<desc[^>]*>[^<]\{100,\}</desc>'
    grep -q 'prefers-color-scheme: dark' "$picture"
    run ! grep -E "href=['\"][^#]|@import|font-face|<script|<image" "$picture"
  done
}

@test "without strace, make pictures says how to get it, and fails" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  ln -s "$(command -v bash)" "$(command -v dirname)" "$BATS_TEST_TMPDIR/bin"
  PATH=$BATS_TEST_TMPDIR/bin run -1 bash "$pieces/pictures"
  [ "$output" = "no pictures: strace is missing; on Linux, make deps-all brings it" ]
}
