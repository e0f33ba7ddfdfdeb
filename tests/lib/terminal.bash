# terminal.bash: what a tool shows while it works, and what it leaves behind.
#
# A tool that sources this calls clean_up_at_end, and may set scratch to a
# directory that goes with it. Colour and the line of progress are for terminals
# only; NO_COLOR and TERM=dumb go without colour.
# shellcheck disable=SC2034,SC2119,SC2120  # the tool uses them

bold='' mark='' good='' bad='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\033[1m'
  mark=$'\033[1;33m'
  good=$'\033[32m'
  bad=$'\033[1;31m'
  plain=$'\033[0m'
fi

# How wide the terminal is when the tool starts, 80 at most.
columns=80
if [ -t 1 ]; then
  { columns=$(stty size 2>/dev/null <&9); } 9<&1
  columns=${columns#* }
  [ "${columns:-0}" -gt 0 ] && [ "$columns" -le 80 ] || columns=80
fi

# One line that is written over again and again; without TEXT it goes.
progress() { # [TEXT]
  local width=$((columns - 2))
  [ -t 1 ] || return 0
  printf '\r%-*.*s\r' "$width" "$width" ''
  [ $# -eq 0 ] || printf '%.*s' "$width" "$1"
}

# Ends the tool with one line: what is wrong, and where that was found.
fail() { # SENTENCE [STATUS]
  progress
  echo "${0##*/}: $1" >&2
  exit "${2:-1}"
}

# All that runs was started by this shell, so it is in the shell's own list.
# Under `set -m` each job is a process group, and all of it ends. The pid of one
# that has ended may have another owner by now. bash reports what was killed, but
# only on stderr.
leave_nothing() {
  local pid
  ignore_signals
  for pid in $(jobs -p); do
    kill -KILL -- "-$pid"
    ! jobs -pr | grep -qx "$pid" || kill -KILL "$pid"
    wait "$pid"
  done 2>/dev/null
  [ -z "${scratch:-}" ] || rm -rf "$scratch"
  progress
}

# Calls leave_nothing, or a FUNCTION that does. A terminal that goes away sends
# several signals, and at its end a tool is to clean up, and not to end again.
clean_up_at_end() { # [FUNCTION]
  # shellcheck disable=SC2064
  trap "ignore_signals; ${1:-leave_nothing}" EXIT
  trap 'ignore_signals; exit 129' HUP
  trap 'ignore_signals; exit 130' INT
  trap 'ignore_signals; exit 143' TERM
}

ignore_signals() {
  trap '' INT TERM HUP PIPE
}

# A signal would have to wait for a sleep in the foreground.
pause() { # SECONDS
  sleep "$1" &
  wait $!
}
