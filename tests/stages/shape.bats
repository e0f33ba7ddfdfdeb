#!/usr/bin/env bats
# The shape of the code, which is what makes the diffs between stages lessons.

load ../lib/helpers

# A poller's code, without the word that makes it the stage's own.
poller_of() { # FILE
  sed -nE '/^(static )?int poller/,$p' "$1" | sed 's/^static //'
}

# Compares as many lines as the shared poller has.
same_poller() { # STAGE-FILE SHARED-FILE
  poller_of "$2" >"$BATS_TEST_TMPDIR/shared"
  poller_of "$1" | head -n "$(wc -l <"$BATS_TEST_TMPDIR/shared")" |
    diff - "$BATS_TEST_TMPDIR/shared"
}

# Everything below the poller, in 04 and 05.
below_poller() { # FILE
  sed -n '/^static void watch_listeners/,$p' "$1"
}

@test "the poller of 04 stands in common/ word for word" {
  same_poller "$root/04-epoll/server.c" "$root/common/poller_epoll.c"
}

@test "the poller of 05 stands in common/ word for word" {
  same_poller "$root/05-kqueue/server.c" "$root/common/poller_kqueue.c"
}

@test "04 and 05 are the same below the poller, byte for byte" {
  below_poller "$root/04-epoll/server.c" >"$BATS_TEST_TMPDIR/04"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/04")" -gt 60 ]
  below_poller "$root/05-kqueue/server.c" | cmp - "$BATS_TEST_TMPDIR/04"
}

@test "from 03 on the same functions stand in the same order" {
  for server in "$root"/0[3-6]-*/server.c; do
    found=$(sed -nE 's/^[a-z].* \**(accept_clients|close_client|advance_client|main)\(.*\{$/\1/p' "$server" | xargs)
    [ "$found" = "accept_clients close_client advance_client main" ]
  done
}

@test "no server.c is longer than its chapter can bear" {
  for size in 01:60 02:120 03:120 04:170 05:175 06:220; do
    length=$(cat "$root/${size%:*}"-*/server.c | wc -l)
    [ "$length" -le "${size#*:}" ]
  done
}

@test "no function is longer than 40 lines" {
  cd "$root"
  # A function ends at the first brace in the first column.
  find 0* common tests -name '*.c' -exec awk '
    /^[a-zA-Z_].*\) \{$/ { start = FNR; name = $0 }
    /^\}/ && start { if (FNR - start >= 40) { print FILENAME ": " name; bad = 1 }
                     start = 0 }
    END { exit bad }' {} +
}

@test "a stage includes from common/ and its own directory only" {
  cd "$root"
  run ! grep -nE '#include ".*/' 0*/*.[ch] common/*.[ch]
}
