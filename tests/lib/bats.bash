# bats.bash: a run of bats that writes to a file, watched from outside.
# shellcheck disable=SC2154  # what sources this sets LIMIT, and sources terminal

# The test that it is at.
current_test() { # FILE
  sed -n 's/^begin [0-9]* //p' "$1" | tail -n 1
}

# Waits until bats has ended, and calls `hear` for each line as it comes. A test
# that takes longer than LIMIT seconds ends it, with all that it has started: bats
# has to be a process group.
follow() { # PID FILE
  local line part='' lives=yes since=$SECONDS
  : >>"$2" # it may not be there yet
  exec 4<"$2"
  while [ -n "$lives" ]; do
    kill -0 "$1" 2>/dev/null || lives=
    while IFS= read -r line <&4; do
      hear "$part$line"
      part=
      since=$SECONDS
    done
    part=$part$line
    [ -z "$lives" ] || pause 0.1
    [ $((SECONDS - since)) -gt "$LIMIT" ] || continue
    kill -KILL -- "-$1"
    printf 'not ok 0 %s\n# saw: it did not end within %d s, %s\n' \
      "$(current_test "$2")" "$LIMIT" 'and those after it were not run' >>"$2"
  done 2>/dev/null
  exec 4<&-
}
