#!/usr/bin/env bats
# The shape of the code, which is what makes the diffs between stages lessons.

load ../lib/helpers

setup() {
  cd "$root" || exit
}

# A server without the comment at its top.
code_of() { # FILE
  sed '1,/^$/d' "$1"
}

@test "04 and 05 are the same below their first comment, byte for byte" {
  code_of 04-epoll/server.c >"$scratch/04"
  [ "$(wc -l <"$scratch/04")" -gt 60 ]
  code_of 05-kqueue/server.c | diff "$scratch/04" -
}

@test "the two pollers have the same functions in the same order" {
  for poller in 04-epoll/poller.c 05-kqueue/poller.c; do
    found=$(sed -nE 's/^[a-z].* \**(poller_[a-z]*)\(.*\{$/\1/p' "$poller" | xargs)
    [ "$found" = "poller_open poller_add poller_change poller_wait" ] ||
      saw "$poller has $found"
  done
}

@test "from 03 on the same functions stand in the same order" {
  for server in 0[3-6]-*/server.c; do
    found=$(sed -nE 's/^[a-z].* \**(watch_listeners|pause_listeners|resume_listeners|accept_client|close_client|advance_client|main)\(.*\{$/\1/p' "$server" | xargs)
    [ "$found" = "watch_listeners pause_listeners resume_listeners accept_client close_client advance_client main" ] ||
      saw "$server has $found"
  done
}

@test "no server.c is longer than its chapter can bear" {
  for size in 01:60 02:100 03:120 04:110 05:110 06:175; do
    length=$(cat "${size%:*}"-*/server.c | wc -l)
    [ "$length" -le "${size#*:}" ] || saw "${size%:*} has $length lines"
  done
}

# A function ends at the first brace in the first column.
@test "no function is longer than 35 lines" {
  find 0* common tests -name '*.c' -exec awk '
    /^[a-zA-Z_].*\) \{$/ { start = FNR; name = $0 }
    /^\}/ && start { if (FNR - start >= 35) { print FILENAME ": " name; bad = 1 }
                     start = 0 }
    END { exit bad }' {} +
}

@test "no file of the servers or the tests is longer than 500 lines" {
  long=$(find 0*/*.[ch] common tests/run tests/lib tests/contract tests/stages \
    tests/self tests/tools -type f -exec wc -l {} + |
    awk '$1 > 500 && $2 != "total"')
  [ -z "$long" ] || saw "$long"
}

@test "a stage includes from common/ and its own directory only" {
  run ! grep -nE '#include ".*/' 0*/*.[ch] common/*.[ch]
}

# A deadline on the clock that shows the date is wrong as soon as it is set.
@test "no server looks at the clock that can be set" {
  run ! grep -nE 'CLOCK_REALTIME|gettimeofday|cond_timedwait|[^_a-z]time\(' \
    0*/*.[ch] common/*.[ch]
}
