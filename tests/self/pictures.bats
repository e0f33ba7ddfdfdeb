#!/usr/bin/env bats
# The pictures: what is drawn is what happened, and a page can show them alone.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || exit
}

@test "every picture shows the recording that the book steps through" {
  command -v node >/dev/null || skip "node is missing"
  for picture in 0*/timeline.svg; do
    node tests/book/pictures/timeline.js \
      "tests/book/step/scenes/${picture%%-*}.json" | diff "$picture" -
  done
}

# The milliseconds of the first thing of this kind that a picture tells of.
told() { # NN WORDS
  tr '\n' ' ' <"$(echo "$1"-*/timeline.svg)" |
    sed -E "s/.*<desc[^>]*>([^<]*)<.*/\1/; s/.*$2 ([0-9]+).*/\1/"
}

@test "the pictures tell that B waits until A has left, and that 06 cuts A off" {
  a_leaves=$(told 01 'Client A [^)]*leaves at')
  [ "$(told 01 'Client B.*in the backlog from [0-9]+ to')" -ge "$a_leaves" ]
  [ "$(told 01 'sleeps in read from B from')" -ge "$a_leaves" ]
  cut_off=$(told 06 'Client A [^)]*is cut off at')
  [ "$((cut_off - $(told 06 'Client A [^)]*connects at')))" -ge 600 ]
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
