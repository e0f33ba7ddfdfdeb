#!/usr/bin/env bats
# The checks of the book find what is wrong in it, and nothing else: each test
# makes mistakes, one at a time, in a small book that is right.
#
# shellcheck disable=SC2016  # backquotes are Markdown's here

bats_require_minimum_version 1.5.0

setup() {
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  cd "$BATS_TEST_TMPDIR" || exit
  unset MAKEFLAGS MAKELEVEL SECTION JOBS PATIENCE V
}

# --- code, figures, links and contents ---------------------------------------

a_book() {
  export EXPLAINED="01-blocking/server.c 02-threads/server.c"
  mkdir -p 01-blocking 02-threads tests/book/results tests/tools
  cp "$root/tests/tools/diff" tests/tools/diff
  for name in first other; do
    printf '%s\n' '// A server.' '' 'int main(void) {' "    $name();" \
      '    second();' '    third();' '    return 0;' '}' >"$name.c"
  done
  mv first.c 01-blocking/server.c
  mv other.c 02-threads/server.c
  printf '%s\n' '$ measure it' 'a machine with 24 cores' '        us  bytes' \
    'one   12.5     30' 'two    9.0  2,000' 'more:' 'one    7.5     31' \
    >tests/book/results/it.txt
  touch picture.svg
  cat >book.md <<'BOOK'
# A book

<!-- contents -->
- [0. One, and more](#0-one-and-more)
- [1. `two()` & co.: "why?"](#1-two--co-why)
<!-- end of contents -->

## 0. One, and more

![Who waits where](picture.svg)

*[01-blocking/server.c](01-blocking/server.c):*

```c
// A server.

int main(void) {
    first();
...
    third();
    return 0;
}
```

> - What is between them:
>
>   *[01-blocking/server.c](01-blocking/server.c):*
>
>   ```c
>       second();
>   ```

### The same

## 1. `two()` & co.: "why?"

### The same

*From [make diff STAGE=02](02-threads/server.c):*

```diff
 int main(void) {
-    first();
+    other();
...
     third();
```

A client took 12.5 us<!-- figure: it.txt one [us] -->, then 7.5<!-- figure: it.txt more: / one -->
and 2,000 bytes<!-- figure: it.txt two [bytes] --> ([`measure it`](tests/book/results/it.txt)).

It returns 0<!-- figure: 01-blocking/server.c return 0 -->, as usual<!-- figure: - C11 -->.

*From [`measure it`](tests/book/results/it.txt):*

```text
one   12.5     30
...
more:
```

See [the second](#the-same-1), [a
file](01-blocking/server.c), `a[4](nothing)`, [the directory](01-blocking/).
BOOK
}

is_right() { # FILE...
  run "$root/tests/book/check" "$@"
  echo "$output"
  [ "$status" -eq 0 ]
}

# After this change, the check says this, with the place.
finds() { # WHAT-SED-DOES MESSAGE
  sed "$1" book.md >changed.md
  run ! cmp -s book.md changed.md
  run "$root/tests/book/check" changed.md
  echo "$1: $output"
  [ "$status" -eq 1 ]
  grep -qE '^[a-z0-9./-]+:[0-9]+: ' <<<"$output"
  grep -qF -e "$2" <<<"$output"
}

@test "a book that is right is counted, and every awk comes to the same" {
  a_book
  mkdir bin
  for awk in awk mawk gawk original-awk "busybox awk"; do
    command -v "${awk% *}" >/dev/null || continue
    printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v "${awk% *}") ${awk#"${awk% *}"}" >bin/awk
    chmod +x bin/awk
    PATH=$PWD/bin:$PATH is_right book.md
    grep -Fx "book: 2 C blocks, 1 diffs and 0 other files verbatim; 12 of 12 lines explained; 3 figures from results, 1 from the code, 1 from others; 1 quotations of results; 11 links; contents fresh" <<<"$output"
  done
}

@test "every mistake in the code is found" {
  a_book
  # It is not what the file says.
  finds 's/return 0;/return 1;/' 'changed.md:21: `return 1;` does not stand here in 01-blocking/server.c, whose line 7 is `return 0;`'
  finds 's/      second();/    second();/' '`second();` does not stand in 01-blocking/server.c'
  finds 19d '`third();` does not stand here in 01-blocking/server.c, whose line 5 is `second();`'
  finds 's/^    first();/    third();/' '`third();` does not stand here'
  finds 's/^-    first/-    fifth/' 'does not stand here in `make diff STAGE=02`, whose line 7 is `-    first();`'
  finds 's/(02-threads/(01-blocking/' 'says make diff STAGE=02 and leads to 01-blocking/server.c'
  # It does not say what it is.
  finds '/^\*.01-blocking/d' 'C needs a caption'
  finds '/^\*From .make/d' 'a diff needs a caption'
  finds 's/(01-blocking\/server.c):/(02-threads\/server.c):/' 'says 01-blocking/server.c and leads to 02-threads/server.c'
  finds 's/01-blocking\/server.c\([])]\)/01-talking\/server.c\1/g' 'names 01-talking/server.c, and there is no such file'
  finds 's/^```text/```/' 'a block without a language'
  finds '$s/$/\n\n    .\/server/' 'an indented block'
  finds '$s/$/\n```text/' 'this block does not end'
  # It is not explained, or is not there.
  printf '\nint more(void) {\n    return 5;\n}\n' >>01-blocking/server.c
  finds 's/A client/The client/' '01-blocking/server.c:11: `return 5;` is not explained'
  EXPLAINED="01-blocking/server.c:main"
  is_right book.md
  EXPLAINED="01-blocking/server.c:more,lost none.c"
  finds 's/A client/The client/' '01-blocking/server.c:10: `int more(void) {` is not explained'
  grep -Fx '01-blocking/server.c:1: has no function lost(), which should be explained' <<<"$output"
  grep -Fx 'none.c:1: should be explained, and is not there' <<<"$output"
}

@test "every mistake in figures, results and links is found" {
  a_book
  finds 's/12.5 us</12.6 us</' 'changed.md:49: 12.6 at `one [us]` does not stand in tests/book/results/it.txt'
  finds 's/one .us./one [bytes]/' '12.5 at `one [bytes]`'
  finds 's/more: . one/two/' '7.5 at `two`'
  finds 's/2,000 bytes</24</' '24 at `two [bytes]`'
  finds 's/figure: it.txt one/figure: no.txt one/' 'tests/book/results/no.txt is not there'
  finds 's/server.c return 0 -/server.c return 1 -/' '`return 1` does not stand in 01-blocking/server.c'
  finds 's/figure: - C11/figure: C11/' 'a mark goes <!-- figure: FILE KEY -->'
  finds 's/<!--.*\[bytes\] -->//;s/<!-- .* one -->//' 'no figure from it is marked'
  finds 's/^one   12.5/one   12.6/' '`one   12.6     30` does not stand in tests/book/results/it.txt'
  finds 's/`measure it`/`measure that`/' '`measure that` is not what tests/book/results/it.txt comes from: `measure it`'
  finds 's/^\(\*From .`.*\)(.*)/\1(picture.svg)/' 'picture.svg, which is no file in tests/book/results/'
  finds 's/blocking\/)/nothing\/)/' 'changed.md:63: 01-nothing is not there'
  finds 's/#the-same-1/#the-same-2/' 'changed.md has no heading for #the-same-2'
  finds 's/(#the-same-1)/()/' 'a link that leads nowhere'
  finds 's/!\[.*\]/![]/' 'a picture without a text'
}

@test "contents that are stale, and what writes them" {
  a_book
  finds 's/^### The same/## 2. More/' 'the contents are stale'
  finds '/contents -->$/d' 'there is no place for the contents'
  sed -i.old 's/^### The same/## 2. More/' book.md
  sed -i.old 's/(#the-same-1)/(#2-more)/' book.md
  is_right --contents book.md
  grep -Fx -e '- [2. More](#2-more-1)' book.md
  is_right book.md
}

@test "a book of several files: chapters stand beside their servers" {
  a_book
  printf '\nint more;\n' >>01-blocking/server.c
  printf '%s\n' '# Blocking' '[up](../book.md#the-same-1)' '' \
    '*[server.c](server.c):*' '' '```c' 'int more;' '```' >01-blocking/README.md
  is_right book.md 01-blocking/README.md
  printf '<!-- chapters -->\n' >>book.md
  run ! "$root/tests/book/check" book.md 01-blocking/README.md
  grep -F 'stale, `make contents` writes: - [Blocking](01-blocking/README.md)' <<<"$output"
  is_right --contents book.md 01-blocking/README.md
  is_right book.md 01-blocking/README.md
  sed 's/more;/less;/; s/same-1/same-3/' 01-blocking/README.md >README.md
  mv README.md 01-blocking/README.md
  run ! "$root/tests/book/check" 01-blocking/README.md book.md
  grep -F '01-blocking/README.md:7: `int less;` does not stand' <<<"$output"
  grep -F '01-blocking/README.md:2: book.md has no heading for #the-same-3' <<<"$output"
}

@test "a result is recorded with its command and its machine, and only if it is whole" {
  export RESULTS=$PWD
  "$root/tests/book/record" said echo 12 us
  [ "$(sed -n 1p said.txt)" = '$ echo 12 us' ]
  sed -n 2p said.txt | grep -F "$(uname -s)"
  [ "$(sed -n '3,$p' said.txt)" = '12 us' ]
  run ! "$root/tests/book/record" said sh -c 'echo half; exit 3'
  [ "$(sed -n '3,$p' said.txt)" = '12 us' ]
}

@test "the tutorial is right" {
  is_right
}

# --- the sessions ------------------------------------------------------------

# A book of one section; its sessions come from stdin, "--" between them.
session() {
  command -v expect >/dev/null || skip "expect is missing"
  {
    printf '# A section\n```console\n'
    sed 's/^--$/```\n```console/'
    printf '```\n'
  } >book.md
}

goes_right() { # SESSIONS
  run "$root/tests/book/sessions" book.md 3>&- 4>&-
  echo "$output"
  [ "$status" -eq 0 ]
  grep -Fx "sessions: $1 replayed, 0 failed, 0 skipped" <<<"$output"
}

# The session on stdin goes wrong in this line, and this is said.
goes_wrong() { # LINE WORDS
  session
  PATIENCE=2 run "$root/tests/book/sessions" book.md 3>&- 4>&-
  echo "$output"
  [ "$status" -eq 1 ]
  grep -F "book.md:$1: " <<<"$output" | grep -F -e "$2"
  grep -F ' 1 failed, ' <<<"$output"
}

@test "sessions that go as the book shows them" {
  session <<'END'
A$ cat; echo "it ended"
A> one
one
B$ printf '50 %% done\r80 %%\r\033[Kthree\r\n'; printf ' two   words\nthree'; cat
three
two words
three
A> ^Z
[1]+  Stopped                 cat
A$ for i in one two three four; do echo $i; done
...
two
...
(0.2 s later)
B> ^D
B$ echo $?; cat
0
--
B> still there
still there
A$ cat
--
A$ echo 'no terminal: C:'
no terminal: C:
A$ sleep 30
END
  goes_right 3
  grep -F "book.md:3: A section (3)" <<<"$output"
}

@test "two sections, side by side, have port 8080 each" {
  [ -x "$root/01-blocking/server" ] || skip "make builds 01-blocking/server"
  session <<END
server\$ "$root/01-blocking/server"
   0.000 listening on 127.0.0.1:8080
A\$ exec 3<>/dev/tcp/127.0.0.1/8080; sleep 0.5
server:
   2.113 [4] accepted 127.0.0.1:53312
server> ^C
server\$ echo \$?
130
END
  cp book.md other.md
  cat other.md >>book.md
  goes_right 2
}

@test "what comes and is not shown, and what is shown and does not come" {
  goes_wrong 3 'something else comes' <<<$'A$ echo one; echo tow\none\ntwo'
  grep -Fx '  typed:  A$ echo one; echo tow' <<<"$output"
  grep -Fx '  both:   one' <<<"$output"
  grep -Fx '  book:   two' <<<"$output"
  grep -Fx '  came:   tow' <<<"$output"
  goes_wrong 3 'what the book shows does not come' <<<$'A$ echo one\none\ntwo'
  goes_wrong 5 'something else comes' <<<$'A$ echo one; echo two\none\nA$ echo three\nthree'
  goes_wrong 3 'something else comes' <<<$'A$ echo one; echo two\ntwo\none'
  goes_wrong 5 'it shows something' <<<$'A$ sleep 0.2; echo one\n(0.6 s later)\nA:'
  goes_wrong 3 'which terminal shows this?' <<<$'hello'
}

@test "a wait that is shorter than the book says" {
  goes_wrong 3 'something else comes' <<<$'A$ TIMEFORMAT="real %2R"; time sleep 0.3\nreal 1.00'
}

@test "a program that ends early, ends otherwise, or does not end" {
  goes_wrong 4 'no program runs there' <<<$'server$ true\nserver> hello'
  goes_wrong 5 'no program runs there' <<<$'server$ cat\nserver> ^D\nserver> hello'
  goes_wrong 5 'something else comes' <<<$'server$ (cat; exit 3)\nserver> ^D\nserver$ echo $?\n0'
  goes_wrong 4 'no prompt comes' <<<$'server$ cat\nserver$ echo one\none'
}

# One section for each line of stdin, SHOWN|CAME.
pairs() {
  session </dev/null
  sed -E 's/(.*)\|(.*)/# One\n```console\n$ echo "\2"\n\1\n```/' >book.md
}

@test "times, brackets, ports, counts and what is measured may differ" {
  pairs <<'END'
0.000 listening on [4]|  12.345 listening on [17]
at 127.0.0.1:53312 and [::1]:53312|at 127.0.0.1:40000 and [::1]:40001
process 48213 asked 903497 times|process 7 asked 12 times
real 2.00 user 0.49 sys 0.0|real 10.9 user 1.00 sys 1.0
accept(3, 0x7ffd8c5a7bb0)|accept(3, 0x55d1a2b3c4)
END
  goes_right 5
}

@test "nothing else may differ" {
  pairs <<'END'
0.000 listening|12.34 listening
[4] accepted|[x] accepted
4 accepted|5 accepted
at 127.0.0.1:8080|at 127.0.0.1:8081
at 127.0.0.1:53312|at 127.0.0.2:53312
at 127.0.0.1:53312|at 127.0.0.1:8080
echoed 64000 bytes|echoed 65000 bytes
real 2.00|real 1.59
real 2.00|real 11.01
real 2.00|real 2
real 0.49|real 1.01
0x1234|0x1235
one two|onetwo
one|one two
END
  run "$root/tests/book/sessions" book.md 3>&- 4>&-
  grep -Fx "sessions: 14 replayed, 14 failed, 0 skipped" <<<"$output"
}

@test "what cannot be played is skipped, visibly" {
  session <<<$'A$ echo x | (no-such-program -v)\nwhat it says\n--\nA$ echo\n'
  run "$root/tests/book/sessions" book.md 3>&- 4>&-
  [ "$status" -eq 0 ]
  grep -Fx 'sessions: 0 replayed, 0 failed, 2 skipped (no-such-program is not there)' <<<"$output"
  mkdir bin
  ln -s "$(command -v bash)" "$(command -v dirname)" bin
  PATH=$PWD/bin run "$root/tests/book/sessions" book.md
  [ "$status" -eq 0 ]
  grep 'all skipped, expect is not there: make deps-all' <<<"$output"
}

leaves_nothing_behind() {
  long=9$BASHPID # no other test sleeps so long
  session <<END
A\$ (trap '' INT HUP TERM; exec sleep $long)
B\$ sleep $long &
[1] 12345
C\$ sleep $long
C> ^Z
[1]+  Stopped                 sleep $long
END
  goes_right 1
  run ! pgrep -f "^sleep $long\$"
  session <<<"A\$ sleep $long"$'\n(100 s later)'
  "$root/tests/book/sessions" book.md 3>&- 4>&- &
  for _ in {1..500}; do
    ! pgrep -f "^sleep $long\$" || break
    sleep 0.02
  done
  kill "$!"
  status=0
  wait "$!" || status=$?
  [ "$status" -eq 143 ]
  run ! pgrep -f "^sleep $long\$"
}

@test "nothing is left behind, at the end or when it is interrupted" {
  leaves_nothing_behind
}

@test "nothing is left behind where there are no namespaces" {
  mkdir bin
  printf '#!/bin/sh\nexit 1\n' >bin/unshare
  chmod +x bin/unshare
  PATH=$PWD/bin:$PATH
  ! (: </dev/tcp/127.0.0.1/8080) 2>/dev/null || skip "port 8080 is in use"
  leaves_nothing_behind
}

# One after the other: other tests run beside this one.
sessions_go() { # FILE-OR-PATTERN
  command -v expect >/dev/null || skip "expect is missing"
  cd "$root" || exit
  # A reader's bats isn't the one that this bats has put in front of PATH.
  PATH=$(printf '%s' "$PATH" | sed 's,[^:]*/bats-core:,,g')
  # shellcheck disable=SC2086  # a pattern
  JOBS=1 run tests/book/sessions $1 3>&- 4>&-
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "the front's sessions go as it shows them" {
  sessions_go TUTORIAL.md
}

@test "the sessions of chapters 1 and 2 go as they show them" {
  sessions_go '0[12]-*/README.md'
}

@test "the sessions of chapters 3 and 4 go as they show them" {
  sessions_go '0[34]-*/README.md'
}

@test "the sessions of chapters 5 and 6 go as they show them" {
  sessions_go '0[56]-*/README.md'
}
