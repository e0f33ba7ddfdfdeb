#!/usr/bin/env bats
# The pictures: what they are drawn from is what has happened, and whoever looks
# at them can read them.

load lib/helpers

setup() {
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL STAGE SERVER COMMIT
}

record() { # STAGE POLLER [OPTION]...
  only_linux "strace is Linux's"
  command -v strace >/dev/null || skip "strace is not there"
  without_sanitizers "they and strace exclude each other"
  table=$BATS_TEST_TMPDIR/$1.spans
  tests/pictures/record "$@" >"$table" 3>&-
  cat "$table"
}

# In tenths of a millisecond: the first, or the last, time of such a span.
edge() { # ROW WHAT TEXT FROM-OR-TO
  awk -F '\t' -v row="$1" -v what="$2" -v text="$3" -v edge="$4" '
    $1 == row && $4 == what && $5 ~ text {
      if (edge == "from" && !found++) time = $2
      if (edge == "to") time = $3
    }
    END { if (time == "") exit 1; printf "%d\n", time * 10 }' "$table"
}

@test "in a run of 01, B waits in the backlog while A is served" {
  record 01 none
  a_leaves=$(edge A mark leaves from)
  [ "$(edge B backlog '' from)" -lt "$(edge A mark hello from)" ]
  [ "$(edge B backlog '' to)" -ge "$a_leaves" ]
  [ "$(edge C backlog '' to)" -ge "$(edge B mark leaves from)" ]
  # The thread sleeps in read from A meanwhile, and then serves B.
  [ "$(edge 'one thread' wait 'read from A' to)" -le "$(edge B mark echo from)" ]
  [ "$(edge 'one thread' wait 'read from B' from)" -ge "$a_leaves" ]
}

@test "in a run of 06, the one who is silent is cut off at its deadline" {
  record 06 epoll_wait --timeout 0.6
  run ! edge B backlog ''
  connected=$(edge A mark connects from)
  cut_off=$(edge A mark 'is cut off' from)
  [ "$((cut_off - connected))" -ge 6000 ]
  # Its fuse has burned down, B's has not.
  [ "$(awk -F '\t' '$1 == "A" && $4 == "fuse" { print $5 }' "$table")" = 0 ]
  awk -F '\t' '$1 == "B" && $4 == "fuse" && $5 < 0.1 { exit 1 }' "$table"
}

@test "a picture that is drawn anew from the same spans is the same" {
  printf 'A\t%d\t%d\t%s\t%s\n' 100 200 backlog '' 100 100 mark 'a < b & "c"' \
    >"$BATS_TEST_TMPDIR/spans"
  for copy in one two; do
    awk -v name=test -v lesson='a < b' -v note='%d of %d' \
      -f tests/pictures/style.awk -f tests/pictures/timeline.awk \
      "$BATS_TEST_TMPDIR/spans" >"$BATS_TEST_TMPDIR/$copy.svg"
  done
  cmp "$BATS_TEST_TMPDIR/one.svg" "$BATS_TEST_TMPDIR/two.svg"
  grep -q 'a &lt; b &amp; &quot;c&quot;' "$BATS_TEST_TMPDIR/one.svg"
  grep -q 'in the backlog from 100 to 200 ms' "$BATS_TEST_TMPDIR/one.svg"
}

@test "the drawings in the stages' directories are those of the scripts" {
  for picture in 01-blocking/socket 03-nonblocking/connection 04-epoll/epoll \
    06-timeouts/deadlines; do
    awk -v name="${picture#*/}" -f tests/pictures/style.awk \
      -f tests/pictures/drawing.awk "tests/pictures/${picture#*/}.drawing" |
      cmp - "$picture.svg"
  done
}

# What make bench-plots draws of figures, with gnuplot.
plots="02-threads/memory.svg 04-epoll/idle.svg"

drawings() {
  # shellcheck disable=SC2086 # two names
  printf '%s\n' 0*/*.svg | grep -vxF "$(printf '%s\n' $plots)"
}

@test "every picture is well-formed, small, and brings all that it needs" {
  count=0
  for picture in $(drawings); do
    echo "$picture"
    count=$((count + 1))
    ! command -v xmllint >/dev/null || xmllint --noout "$picture"
    [ "$(tail -n 1 "$picture")" = '</svg>' ]
    [ "$(wc -c <"$picture")" -lt 61440 ]
    # Nothing but the name space is an address.
    [ "$(grep -o '://[^"]*' "$picture")" = ://www.w3.org/2000/svg ]
    run ! grep -E 'href|@import|font-face|<script|<image' "$picture"
  done
  [ "$count" -eq 10 ]
}

@test "every picture says in words what it shows, in light and in dark" {
  for picture in $(drawings); do
    echo "$picture"
    grep -q '<title [^>]*>[^<]\{20,\}</title>' "$picture"
    grep -q '<desc [^>]*>[^<]\{100,\}</desc>' "$picture"
    awk -f tests/pictures/contrast.awk "$picture"
  done
}

@test "the plots of the book say in words what they show, and bring all they need" {
  for picture in $plots; do
    echo "$picture"
    [ "$(grep -v '^$' "$picture" | tail -n 1)" = '</svg>' ]
    [ "$(wc -c <"$picture")" -lt 61440 ]
    grep -q '<title>[^<]\{20,\}</title>' "$picture"
    grep -q '<desc>[^<]\{100,\}</desc>' "$picture"
    grep -q 'prefers-color-scheme: dark' "$picture"
    run ! grep -E "href='[^#]|@import|font-face|<script|<image" "$picture"
  done
}

@test "make pictures says what is missing, and draws the rest" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  for tool in bash env dirname mkdir awk sed cat; do
    ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin/$tool"
  done
  PATH=$BATS_TEST_TMPDIR/bin run tests/pictures/pictures
  echo "$output"
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 2 ]
  [[ "${lines[0]}" == *strace*"apt-get install strace"* ]]
}
