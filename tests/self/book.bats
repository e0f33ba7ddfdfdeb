#!/usr/bin/env bats
# The checks of the book find what is wrong in it, and nothing else. Each test
# makes one mistake in a small book that is right.
#
# shellcheck disable=SC2016  # backquotes are Markdown's here

load helpers

setup() {
  cd "$BATS_TEST_TMPDIR" || exit
  unset MAKEFLAGS MAKELEVEL STAGE SERVER
  export EXPLAINED="01-blocking/server.c 02-threads/server.c"
  mkdir -p 01-blocking 02-threads tests/book/results
  cp "$root/tests/diff" tests/diff
  for name in first other; do
    printf '%s\n' '// A server.' '' 'int main(void) {' "    $name();" \
      '    second();' '    third();' '    return 0;' '}' >"$name.c"
  done
  mv first.c 01-blocking/server.c
  mv other.c 02-threads/server.c
  echo '64 KiB | 01-blocking/server.c | return 0;' >tests/book/constants.txt
  printf '%s\n' '$ measure it' 'a machine' 'one    12.5 us' 'two    9.0 us' \
    'idle   2,000 B' >tests/book/results/it.txt
  touch picture.svg
  a_book >book.md
}

a_book() {
  cat <<'BOOK'
# A book

<!-- contents -->
- [0. One, and more](#0-one-and-more)
- [1. Two](#1-two)
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

What is between them:

*[01-blocking/server.c](01-blocking/server.c):*

```c
    second();
```

### The same

## 1. Two

### The same

*From [make diff STAGE=02](02-threads/server.c):*

```diff
 int main(void) {
-    first();
+    other();
...
     third();
```

A client took 12.5 us
and 2,000 bytes ([`measure it`](tests/book/results/it.txt)), and 64 KiB are set aside.

*From [`measure it`](tests/book/results/it.txt):*

```text
one    12.5 us
...
idle   2,000 B
```

See [the second](#the-same-1), [a file](01-blocking/server.c#L8), `a[4](nothing)`,
or [the directory](01-blocking/).
BOOK
}

change() { # WHAT-SED-DOES
  sed "$1" book.md >changed.md
  run ! cmp -s book.md changed.md
  mv changed.md book.md
}

check_it() {
  run "$root/tests/book/check" book.md
}

is_right() {
  check_it
  echo "$output"
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 1 ]
}

# The check says this of that line, and nothing else.
finds() { # TEXT-OF-THE-LINE MESSAGE
  local line
  check_it
  echo "$output"
  line=$(grep -n -F -e "$1" book.md | head -n 1)
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = "book.md:${line%%:*}: $2" ]
  [ "${#lines[@]}" -eq 2 ]
}

# The same, of another file than the book.
finds_in() { # FILE:LINE MESSAGE
  check_it
  echo "$output"
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = "$1: $2" ]
  [ "${#lines[@]}" -eq 2 ]
}

# --- a book that is right ----------------------------------------------------

@test "a book that is right is counted" {
  is_right
  [ "$output" = "book: 2 C blocks, 1 diffs and 0 other files verbatim; 12 of 12 lines explained; 2 figures from 1 results, 0 from sessions, 1 constants; 11 links; contents fresh" ]
}

@test "every awk comes to the same" {
  check_it
  expected=$output
  mkdir bin
  for awk in mawk gawk original-awk busybox; do
    command -v "$awk" >/dev/null || continue
    words=$awk
    [ "$awk" != busybox ] || words="busybox awk"
    printf '#!/bin/sh\nexec %s "$@"\n' "$words" >bin/awk
    chmod +x bin/awk
    PATH=$PWD/bin:$PATH check_it
    echo "$awk: $output"
    [ "$output" = "$expected" ]
  done
}

@test "what is in a list or a quotation is looked at like everything else" {
  printf '%s\n' '' '> *[01-blocking/server.c](01-blocking/server.c):*' '>' \
    '> ```c' '>     first();' '>     second();' '> ```' '' '- An item:' '' \
    '  *[01-blocking/server.c](01-blocking/server.c):*' '' '  ```c' \
    '      fourth();' '  ```' >>book.md
  finds 'fourth();' '`fourth();` does not stand in 01-blocking/server.c'
}

# --- code --------------------------------------------------------------------

@test "a changed word of code" {
  change 's/return 0;/return 1;/'
  check_it
  [ "${lines[0]}" = 'book.md:21: `return 1;` does not stand here in 01-blocking/server.c, whose line 7 is `return 0;`' ]
  [ "${lines[1]}" = '01-blocking/server.c:7: `return 0;` is not explained' ]
}

@test "changed blanks before code" {
  change 's/^    second();/  second();/'
  check_it
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'book.md:30: `second();` does not stand in 01-blocking/server.c' ]
}

@test "a line of code that is left out without a gap" {
  change 19d
  finds '    third();' '`third();` does not stand here in 01-blocking/server.c, whose line 5 is `second();`'
}

@test "code after a gap that stands above what is before it" {
  change '/^    second();/{
    i\
    third();
    i\
...
  }'
  finds '    second();' '`second();` is line 5 of 01-blocking/server.c, above what stands before the gap'
}

@test "a caption that names a file that is not there" {
  change '27s/01-blocking/01-talking/g'
  check_it
  [ "${lines[0]}" = 'book.md:29: the caption names 01-talking/server.c, and there is no such file' ]
  [ "${lines[1]}" = 'book.md:27: 01-talking/server.c is not there' ]
}

@test "a caption that says one file and leads to another" {
  change '27s/(01-blocking/(02-threads/'
  check_it
  [ "${lines[0]}" = 'book.md:29: the caption says 01-blocking/server.c and leads to 02-threads/server.c' ]
}

@test "code without a caption" {
  change '27d'
  check_it
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'book.md:28: C needs a caption: *[04-epoll/server.c](04-epoll/server.c):*' ]
}

@test "a caption is for one block only" {
  printf '%s\n' '' '*[01-blocking/server.c](01-blocking/server.c):*' '' \
    '```c' '    first();' '```' '' '```c' '    second();' '```' >>book.md
  check_it
  echo "$output"
  [ "$status" -eq 1 ]
  [[ ${lines[0]} = *'C needs a caption'* ]]
}

@test "a block without a language" {
  printf '%s\n' '' '```' 'text' '```' >>book.md
  check_it
  [ "$status" -eq 1 ]
  [[ ${lines[0]} = 'book.md:'*': a block without a language: c, diff, go, make, sh, console or text' ]]
}

@test "code that is only indented" {
  printf '%s\n' '' '- an item' '' '    and more of it' '' Text. >>book.md
  is_right
  printf '%s\n' '' '    $ ./server' >>book.md
  finds '$ ./server' 'an indented block: put it between ``` and say what it is'
}

@test "a block that does not end" {
  printf '%s\n' '' '```text' 'text' >>book.md
  check_it
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = "book.md:63: this block does not end" ]
}

@test "a Makefile's lines are compared as well" {
  printf 'all:\n\techo all\n' >Makefile
  printf '%s\n' '' '*[Makefile](Makefile):*' '' '```make' 'all: some' '```' >>book.md
  finds 'all: some' '`all: some` does not stand in Makefile'
}

# --- diffs -------------------------------------------------------------------

@test "a line that is not in the diff" {
  change 's/^-    first();/-    fifth();/'
  finds '-    fifth();' '`-    fifth();` does not stand here in `make diff STAGE=02`, whose line 7 is `-    first();`'
}

@test "a diff without a caption" {
  change '/^\*From \[make/d'
  check_it
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'book.md:40: a diff needs a caption: *From [make diff STAGE=04](04-epoll/server.c):*' ]
}

@test "a diff whose caption leads to another stage" {
  change 's/(02-threads/(01-blocking/'
  check_it
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'book.md:41: the caption says make diff STAGE=02 and leads to 01-blocking/server.c' ]
}

@test "a diff of stages that are not there" {
  change 's/=02](02-threads/=04](04-epoll/'
  check_it
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'book.md:41: make diff STAGE=04 prints nothing' ]
}

# --- every line --------------------------------------------------------------

@test "a line that is not explained" {
  printf '\nint more(void) {\n    return 5;\n}\n' >>01-blocking/server.c
  EXPLAINED=01-blocking/server.c
  check_it
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = '01-blocking/server.c:10: `int more(void) {` is not explained' ]
  [ "${lines[1]}" = '01-blocking/server.c:11: `return 5;` is not explained' ]
  [ "${#lines[@]}" -eq 3 ]
}

@test "of some files, some functions have to be explained, and what is above them" {
  printf '%s\n' 'int other(void) {' '    // more() is called here' '}' '' \
    '// Says five.' 'int more(void) {' '    return 5;' '}' >more.c
  EXPLAINED=more.c:more
  check_it
  [ "${lines[0]}" = 'more.c:5: `// Says five.` is not explained' ]
  [ "${lines[1]}" = 'more.c:6: `int more(void) {` is not explained' ]
  [ "${lines[2]}" = 'more.c:7: `return 5;` is not explained' ]
  [ "${#lines[@]}" -eq 4 ]
}

@test "what has to be explained has to be there" {
  EXPLAINED="01-blocking/server.c none.c"
  finds_in none.c:1 'should be explained, and is not there'
  EXPLAINED="01-blocking/server.c:main,lost"
  finds_in 01-blocking/server.c:1 'has no function lost(), which should be explained'
}

# --- figures -----------------------------------------------------------------

@test "a figure that is not in the result" {
  change 's/took 12.5 us/took 12.6 us/'
  finds 'took 12.6' '12.6 us: not in tests/book/results/it.txt '
}

@test "what a result says of its machine is no figure" {
  change 's/took 12.5 us/took 24 s/'
  sed '2s/.*/24 cores\nsince 2026-10-24 24:24/' tests/book/results/it.txt >it.txt
  mv it.txt tests/book/results/it.txt
  finds 'took 24' '24 s: not in tests/book/results/it.txt '
}

@test "a figure that comes from nowhere" {
  printf '\nIt takes 7 to 9 ms.\n' >>book.md
  check_it
  [ "$status" -eq 1 ]
  [[ ${lines[0]} = *': 9 ms: no link to the result that it comes from, and no constant' ]]
  [[ ${lines[1]} = *': 7 ms: no link '* ]]
}

@test "a figure without a unit, beside others that were measured" {
  change 's/^and 2,000 bytes/and 13.5, and 2,000 bytes/'
  finds 'and 13.5' '13.5: not in tests/book/results/it.txt '
}

@test "a table's figures come from the results linked before or after it" {
  printf '%s\n' '' '| | us |' '| --- | --- |' '| a | 9.0 |' '| b | 9.5 |' '' \
    '[`measure it`](tests/book/results/it.txt)' >>book.md
  finds '| b | 9.5 |' '9.5 us: not in tests/book/results/it.txt '
}

@test "a list's figures come from the results linked above it" {
  printf '%s\n' '' '[`measure it`](tests/book/results/it.txt):' '' \
    '- 12.5 us' '- 9.0 us' '- 9.5 us' >>book.md
  finds '9.5 us' '9.5 us: not in tests/book/results/it.txt '
}

@test "a figure may come from a session of the same section" {
  printf '%s\n' '' 'It took 4.9 s.' '' '```console' '$ ./it' '4.870 done' '```' >>book.md
  is_right
  printf '%s\n' '' '## 2. Three' '' 'It took 4.9 s.' >>book.md
  "$root/tests/book/contents" book.md
  check_it
  [[ ${lines[0]} = *': 4.9 s: no link '* ]]
}

@test "code and what is longer than a number are no figures" {
  printf '\n`sleep 7 s` of x7 s, B7 s.\n' >>book.md
  is_right
}

@test "a result that is not there" {
  change 's/^and 2,000 bytes (.*)),/and 2,000 bytes ([`measure it`](tests\/book\/results\/no.txt)),/'
  check_it
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'book.md:49: tests/book/results/no.txt is not there' ]
}

@test "a link that says another command than the one that measured" {
  change 's/^\(and 2,000 bytes ..\)`measure it`/\1`measure that`/'
  finds 'A client took' '`measure that` is not what tests/book/results/it.txt comes from: `measure it`'
}

@test "a text that is not in the result" {
  change 's/^one    12.5/one    12.6/'
  finds 'one    12.6' '`one    12.6 us` does not stand in tests/book/results/it.txt'
}

@test "a text that comes from no result" {
  change 's/^\(\*From ..measure it.*(\).*)/\1picture.svg)/'
  finds '```text' 'the caption names picture.svg, which is no file in tests/book/results/'
}

@test "a constant whose definition has changed" {
  echo '64 KiB | 01-blocking/server.c | return 64 * 1024;' >tests/book/constants.txt
  finds_in tests/book/constants.txt:1 '`return 64 * 1024;` does not stand in 01-blocking/server.c'
}

@test "a constant that nobody has defined" {
  echo '64 KiB' >tests/book/constants.txt
  check_it
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'tests/book/constants.txt:1: needs three fields: number | file | definition' ]
}

# --- links -------------------------------------------------------------------

@test "a link to a file that is not there" {
  change 's/01-blocking\/)/01-nothing\/)/'
  finds 'the directory' '01-nothing/ is not there'
}

@test "a link that goes over the end of a line" {
  printf '%s\n' '' 'One [link](picture.svg) and a [long' 'one](none.svg) and more.' >>book.md
  finds 'one](none.svg)' 'none.svg is not there'
}

@test "a link to a heading that is not there" {
  change 's/#the-same-1/#the-same-2/'
  finds '#the-same-2' 'there is no heading for #the-same-2'
}

@test "anchors are made as GitHub makes them" {
  printf '%s\n' '' '### `poller_wait()` & co.: "why?", 2/3 – [a link](picture.svg)' '' \
    '[up](#poller_wait--co-why-23--a-link)' >>book.md
  is_right
}

@test "a link to a heading or a line of another file" {
  printf '# One\n\n## Two\n' >other.md
  printf '%s\n' '' '[one](other.md#one), [two](other.md#two).' >>book.md
  is_right
  printf '%s\n' '' '[three](other.md#three).' >>book.md
  finds 'other.md#three' 'other.md has no heading for #three'
}

@test "a link past the end of a file" {
  change 's/#L8/#L9/'
  finds '#L9' '01-blocking/server.c has no line 9'
}

@test "a link that leads nowhere" {
  printf '\nSee [this]().\n' >>book.md
  finds 'See [this]' 'a link that leads nowhere'
}

@test "a picture without a text" {
  change 's/!\[Who waits where\]/![]/'
  finds '![]' 'a picture without a text that says what is on it'
}

@test "a picture in HTML without a text, or that is not there" {
  printf '%s\n' '' '<img src="picture.svg" alt="Who waits">' >>book.md
  is_right
  printf '%s\n' '' '<img src="picture.svg" alt="">' >>book.md
  finds 'alt=""' 'a picture without a text that says what is on it'
  change 's/"picture.svg" alt=""/"none.svg" alt="Nothing"/'
  finds 'none.svg' 'none.svg is not there'
}

# --- the contents ------------------------------------------------------------

@test "contents that are stale, and make contents" {
  printf '\n## 2. Three\n' >>book.md
  finds '<!-- end of contents -->' 'the contents are stale, `make contents` writes: - [2. Three](#2-three)'
  "$root/tests/book/contents" book.md
  is_right
  grep -Fx -e '- [2. Three](#2-three)' book.md
}

@test "contents of what is no more" {
  change '/^## 1. Two/d'
  check_it
  [[ $output = *'book.md:5: the contents are stale, `make contents` leaves this out'* ]]
}

@test "contents with sections" {
  change 's/<!-- contents -->/<!-- contents with sections -->/'
  check_it
  [ "$status" -eq 1 ]
  "$root/tests/book/contents" book.md
  is_right
  grep -Fx -e '  - [The same](#the-same-1)' book.md
}

@test "a book without a place for the contents" {
  change '/contents -->$/d'
  finds '# A book' 'there is no place for the contents: <!-- contents -->, <!-- end of contents -->'
  cp book.md before.md
  run ! "$root/tests/book/contents" book.md
  cmp book.md before.md
}

# --- results -----------------------------------------------------------------

@test "a result is recorded with its command and its machine" {
  export RESULTS=$PWD
  "$root/tests/book/record" said echo 12 us
  [ "$(sed -n 1p said.txt)" = '$ echo 12 us' ]
  [[ $(sed -n 2p said.txt) = *' cores, '*' GiB; '*"$(uname -s)"* ]]
  [ "$(sed -n '3,$p' said.txt)" = '12 us' ]
}

@test "a result of a command that fails is not kept" {
  export RESULTS=$PWD
  echo before >said.txt
  run ! "$root/tests/book/record" said sh -c 'echo half; exit 3'
  [ "$(cat said.txt)" = before ]
}

# --- the book itself ---------------------------------------------------------

@test "the tutorial is right" {
  unset EXPLAINED
  run "$root/tests/book/check"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "the tutorial's sessions go as it shows them" {
  cd "$root"
  [ -x build/tests/book/replay ] || skip "make tools builds the replay"
  # One after the other: other tests run beside this one.
  run build/tests/book/replay --jobs 1 TUTORIAL.md 3>&- 4>&-
  echo "$output"
  [ "$status" -eq 0 ]
}
