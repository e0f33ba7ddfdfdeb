#!/usr/bin/env bats
# The replay of the book's sessions: what it lets pass and what it does not.
#
# shellcheck disable=SC2016  # backquotes are Markdown's here

load lib/helpers

setup() {
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL STAGE SERVER
  book=$BATS_TEST_TMPDIR/book.md
  : >"$book"
  # Nobody else sleeps so long.
  long=9$BASHPID
}

# A section with one session, which is read from stdin.
section() { # HEADING
  printf '## %s\n\n```console\n%s\n```\n\n' "$1" "$(cat)" >>"$book"
}

section_goes_on() {
  printf '```console\n%s\n```\n\n' "$(cat)" >>"$book"
}

replay() { # [OPTION]...
  run build/tests/book/replay "$@" "$book" 3>&- 4>&-
  echo "$output"
  [[ "$output" != *"port 8080 is in use"* ]] || skip "port 8080 is in use"
}

passes() { # [OPTION]...
  replay "$@"
  [ "$status" -eq 0 ]
  [[ "$output" == *" 0 failed, 0 skipped" ]]
}

# Fails once, and says so.
fails() { # WORDS [OPTION]...
  local words=$1
  shift
  replay "$@"
  [ "$status" -eq 1 ]
  [[ "$output" == *"$words"* ]]
  [[ "$output" == *" 1 failed, "* ]]
}

sleeps() {
  pgrep -f "^sleep $long\$" >/dev/null
}

await_sleep() {
  local end=$((SECONDS + PATIENCE))
  until sleeps; do
    [ "$SECONDS" -lt "$end" ] || saw "nothing slept"
    sleep 0.02
  done
}

# --- what is shown -----------------------------------------------------------

@test "what comes as it is shown passes" {
  section one <<'END'
$ echo hello; echo; echo '  two   words'
hello
 two words
END
  passes
  [ "$output" = "sessions: 1 replayed, 0 failed, 0 skipped" ]
}

@test "a word that differs fails at once, and both lines are shown with their place" {
  section one <<'END'
A$ echo one

A$ echo one; echo two; echo three
one
tow
three
END
  fails "$book:6: terminal A: something else came"
  [[ "$output" == *"A\$ echo one; echo two; echo three"* ]]
  : >"$book"
  section one <<'END'
A$ echo one; echo two
one
tow
END
  fails "$book:4: terminal A: something else came"
  [[ "$output" == *"    one"$'\n'"  - tow"$'\n'"  + two"* ]]
}

@test "a line that is not shown fails at the next stanza" {
  section one <<'END'
A$ echo one; echo two
one

A$ echo three
three
END
  fails "$book:7: "
  [[ "$output" == *"  + two"* ]]
}

@test "a line that does not come fails" {
  section one <<'END'
A$ echo one
one
two
END
  fails "what is shown did not come" --patience 0.3
  [[ "$output" == *"  - two"* ]]
}

@test "what comes after a terminal's last stanza is not looked at" {
  section one <<'END'
A$ echo one; echo two
one

B$ echo three
END
  passes
}

@test "three dots stand for any lines, or for none" {
  section one <<'END'
A$ for i in one two three four; do echo $i; done
...
two
...
three
...

A$ echo five
five
END
  passes
}

@test "a line that the program has not ended is a line" {
  section one <<'END'
A$ printf one
one

A$ printf two; cat
two
A> three
three
END
  passes
}

@test "a line that is written over is the last that stands there" {
  section one <<'END'
A$ printf '50 %% done\r80 %%\r\033[Kthree\r\n'; printf 'one\rtwo\n'
three
two
END
  passes
}

@test "what looks like a stanza of an unknown terminal is output" {
  section one <<'END'
A$ echo 'B:'; echo 'B> c'
B:
B> c
END
  passes
}

@test "a block in a list is indented like the list" {
  printf '## one\n- a list\n\n  ```console\n  $ echo one\n  one\n  ```\n' >"$book"
  passes
}

# --- what is left open -------------------------------------------------------

# One section for each line of stdin, SHOWN|CAME.
pairs() {
  local shown came
  count=0
  while IFS='|' read -r shown came; do
    section "$shown" <<END
\$ echo '$came'
$shown
END
    count=$((count + 1))
  done
}

@test "times, brackets, ports, long integers and what is measured are left open" {
  pairs <<'END'
0.000 listening|  12.345 listening
[4] accepted|[17] accepted
[4]|[12345]
at 127.0.0.1:53312 and [::1]:53312|at 127.0.0.1:40000 and [::1]:40001
process 48213|process 7
asked 903497 times|asked 12 times
real 2.00|real 1.60
real 2.00|real 10.9
real 0.49|real 1.00
0.0|1.0
echoed 4112896 bytes|echoed 99 bytes
accept(3, 0x7ffd8c5a7bb0)|accept(3, 0x55d1a2b3c4)
END
  passes
}

@test "everything else is compared as it stands" {
  pairs <<'END'
0.000 listening|12.34 listening
0.000 listening|listening
[4] accepted|[x] accepted
4 accepted|5 accepted
4096|4097
at 127.0.0.1:8080|at 127.0.0.1:8081
at 127.0.0.1:53312|at 127.0.0.1:8080
at 127.0.0.1:53312|at 127.0.0.2:53312
process 48213|process x
echoed 64000 bytes|echoed 65000 bytes
real 2.00|real 1.59
real 2.00|real 11.01
real 0.49|real 1.01
real 2.00|real 2
0x1234|0x1235
one two|onetwo
one|one two
END
  replay
  [ "$status" -eq 1 ]
  [[ "$output" == *"$count replayed, $count failed"* ]]
}

@test "a wait that was shorter than the text says fails" {
  section one <<'END'
A$ time -p sleep 0.5
real 1.00
...
END
  fails '- real 1.00'
}

# --- what is typed -----------------------------------------------------------

@test "text goes to the program, and Ctrl-D ends it" {
  section one <<'END'
A$ cat; echo "it ended"
A> one
one
A> two
two
A> ^D
it ended
END
  passes
}

@test "Ctrl-C ends a program" {
  section one <<'END'
A$ cat
A> ^C

A$ echo $?
130
END
  passes
}

@test "Ctrl-Z stops a program, and fg goes on with it" {
  section one <<'END'
A$ cat
A> ^Z
[1]+  Stopped                 cat

A$ fg
cat
A> one
one
END
  passes
}

@test "text for a program fails where none runs" {
  section one <<'END'
A$ true
A> one
END
  fails "no program runs there"
}

@test "a command fails where a program still runs" {
  section one <<'END'
A$ cat

A$ echo one
one
END
  fails "no prompt comes" --patience 0.3
}

@test "two terminals are two" {
  section one <<'END'
A$ ./01-blocking/server
   0.000 listening on 127.0.0.1:8080

B$ nc 127.0.0.1 8080

A:
   0.100 [4] accepted 127.0.0.1:53312

B> one
one

C$ nc 127.0.0.1 8080
C> two

C:

B> ^C

C:
two
END
  passes
}

@test "the reader waits, and so does the replay" {
  section one <<'END'
A$ sleep 0.5; echo one

(1 s later)

A:
END
  fails "it shows something"
  : >"$book"
  section one <<'END'
A$ sleep 20; echo one

(0.2 s later)

A:
END
  passes
}

@test "a terminal that is shown with nothing has shown nothing" {
  section one <<'END'
A$ echo one
one

A:

B$ cat
B> two

B:
END
  fails "$book:12: terminal B: it shows something"
  [[ "$output" == *"  + two"* ]]
}

@test "a later session in the section goes on with the terminals" {
  printf '## one\n```console\nA$ cat\n```\n```console\nA> one\none\n```\n' >"$book"
  passes
  [[ "$output" == "sessions: 2 replayed"* ]]
  # But not one in the next section.
  printf '## two\n```console\nA$ echo two\ntwo\n```\n' >>"$book"
  passes
}

@test "after a session that fails, the rest of its section is not reached" {
  printf '## one\n```console\n$ echo one\ntwo\n```\n```console\n$ echo\n```\n' >"$book"
  section two <<<'$ echo two'
  fails "2 replayed, 1 failed, 0 skipped, 1 not reached"
}

# --- a server, and what is around it -----------------------------------------

@test "a server and its clients have port 8080" {
  section one <<'END'
server$ ./01-blocking/server
   0.000 listening on 127.0.0.1:8080

A$ nc 127.0.0.1 8080
A> hello
hello

server:
   2.113 [4] accepted 127.0.0.1:53312
   3.870 [4] received 6 bytes: "hello\n"

A> ^C

server:
   6.020 [4] closed: client closed; echoed 6 bytes
END
  passes
}

@test "sections that are replayed side by side are not in each other's way" {
  unshare -rn true 2>/dev/null || unshare -n true 2>/dev/null ||
    skip "there are no network namespaces here"
  for each in one two three; do
    section "$each" <<'END'
server$ ./01-blocking/server
   0.000 listening on 127.0.0.1:8080

(0.5 s later)

server> ^C
END
  done
  passes --jobs 3
  [ "$output" = "sessions: 3 replayed, 0 failed, 0 skipped" ]
}

@test "what fails is told in the order of the book" {
  section one <<<$'$ sleep 0.5; echo a\nb'
  section two <<<$'$ echo c\nd'
  replay --jobs 2
  [[ "$output" == *"+ a"*"+ c"* ]]
}

@test "a session begins anew where something still runs" {
  section one <<'END'
A$ sleep 60

B$ cat
END
  section_goes_on <<'END'
A$ echo here
here

B$ echo there
there
END
  passes
}

@test "a redirection is no program" {
  section one <<'END'
A$ exec 3<>/dev/null; echo 3 >&3; exec 3>&-

A$ echo done
done
END
  passes
}

@test "a session that needs a program that is not there is skipped" {
  section one <<<$'$ echo x | (no-such-program -v)\nwhat it says'
  section two <<<$'$ echo "no-such-program | no" >/dev/null; echo $HOME $((1 + 2)) | wc -l\n1'
  section three <<<'$ time -p sudo not-this-one-either'
  replay
  [ "$status" -eq 0 ]
  [[ "$output" == "sessions: 1 replayed, 0 failed, 2 skipped (no-such-program is not there, "*"not"*"there)" ]]
}

@test "the sections are listed, and one is picked by number or by heading" {
  section 'First of all' <<<$'$ echo one\nx'
  section 'Second thoughts' <<<$'$ echo two\ntwo'
  run build/tests/book/replay --list "$book"
  [ "$output" = "  1  First of all (1)
  2  Second thoughts (1)" ]
  passes --section 2
  passes --section thoughts
  fails "- x" --section 1
  run build/tests/book/replay --section 3 "$book"
  [ "$status" -eq 2 ]
}

@test "all that is typed and comes is shown with --verbose" {
  section one <<<$'A$ cat\nA> one\none'
  passes --verbose
  [[ "$output" == *$'A$ cat\nA> one\nA| one'* ]]
}

@test "a session that no terminal shows is refused with its place" {
  section one <<<'hello'
  replay
  [ "$status" -eq 1 ]
  [ "$output" = "$book:4: which terminal shows this?" ]
}

# --- nothing is left behind --------------------------------------------------

@test "nothing is left behind at the end of a section, nor when it fails" {
  section one <<END
A\$ (trap '' INT HUP TERM; exec sleep $long)

B\$ sleep $long &
[1] 12345

C\$ sleep $long
C> ^Z
[1]+  Stopped                 sleep $long
END
  passes
  run ! sleeps
  printf 'D$ echo one\ntwo\n' | section two
  fails '- two'
  run ! sleeps
}

@test "nothing is left behind when the replay is interrupted" {
  section one <<<"A\$ sleep $long"$'\n\n(100 s later)'
  for signal in INT TERM; do
    build/tests/book/replay "$book" 3>&- 4>&- &
    background=("$!")
    await_sleep
    kill -"$signal" "$!"
    status=0
    wait "$!" || status=$?
    [ "$status" -gt 128 ]
    run ! sleeps
  done
}
