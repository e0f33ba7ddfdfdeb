# servers.bash: starts what is measured, and reads what the system knows of it.
#
# Sourced by bench, million and those of tests/book/beyond. Every server is a
# child of this shell and leads a process group of its own, so it is ended with
# all that it has started.

PATIENCE_S=${PATIENCE_S:-60} # after which something is broken
crowd=${CROWD:-tests/crowd}
client=build/tests/client
out=${BENCH_OUT:-build/bench}
dir=
server_pid=
hold_pid=
pin_server=()
pin_crowd=()

# shellcheck source=tests/lib/terminal.bash
. tests/lib/terminal.bash
# shellcheck source=tests/lib/measure.bash
. tests/lib/measure.bash
# shellcheck source=tests/lib/machine.bash
. tests/lib/machine.bash

# On the terminal also if the output goes to a file, to be kept.
progress() { # [TEXT]
  { : >/dev/tty; } 2>/dev/null || return 0
  printf '\r%-78.78s\r%.78s' '' "${1:-}" >/dev/tty
}

missing() { # TOOL...
  local tool
  for tool; do command -v "$tool" >/dev/null 2>&1 || printf ' %s' "$tool"; done
}

need() { # WHAT TOOL...
  local what=$1
  shift
  [ -z "$(missing "$@")" ] ||
    fail "$what needs$(missing "$@"); \`make deps-all\` installs what is missing"
}

# --- waiting and leaving -----------------------------------------------------

# What a program said last, without the time in front of it.
last_words() { # FILE
  tail -n 1 "$1" 2>/dev/null | sed 's/^ *[0-9.]* //'
}

# Fails if PID ends first, or if it takes too long.
await() { # PID COMMAND...
  local pid=$1 end=$((SECONDS + PATIENCE_S))
  shift
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || "$@" >/dev/null 2>&1 || return 1
    [ "$SECONDS" -lt "$end" ] || return 1
    pause 0.01
  done
}

# Ends a server with its group, politely first. A pid may have another owner by
# now, so it has to be in the list of this shell's children.
end_group() { # PID
  local end=$((SECONDS + 10))
  jobs -pr | grep -qx "$1" || return 0
  kill -TERM -- "-$1"
  while kill -0 "$1" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do
    sleep 0.01
  done
  kill -KILL -- "-$1" 2>/dev/null # what it has left behind
  wait "$1" 2>/dev/null
}

leave_nothing_behind() {
  clean_up_at_end
  trap 'leave_nothing 2>/dev/null' EXIT # bash would say which were killed
  trap 'exit 141' PIPE
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX") || exit
  dir=$scratch
}

# --- cores -------------------------------------------------------------------

# The first and the last core that this process may have: where cores are
# threads in pairs, these two are never a pair.
choose_cores() {
  local cores
  cores=$(taskset -cp $$ 2>/dev/null | sed 's/.*: //')
  first_core=${cores%%[-,]*}
  if [ -z "$cores" ] || [ "$first_core" = "${cores##*[-,]}" ]; then
    echo 'There is one core, or no taskset: server and crowd may share it.'
    return
  fi
  pin_server=(taskset -c "$first_core")
  pin_crowd=(taskset -c "${cores##*[-,]}")
}

# --- the server --------------------------------------------------------------

# Starts COMMAND in a group of its own. Our servers and the peers are given port
# 0 and say on stderr which one they got; a reader's is given a bare PORT.
host=127.0.0.1
launch() { # COMMAND...
  local any=0
  [ "$host" = 127.0.0.1 ] || any=$host:0
  [ -z "${foreign:-}" ] || any=$($client 0 free-port) || return 1
  rm -f "$dir/server.log" # in the old one, another has said the same
  set -m
  "$@" "$any" </dev/null >"$dir/server.out" 2>"$dir/server.log" &
  server_pid=$!
  set +m
  if [ -n "${foreign:-}" ]; then
    port=$any
    await "$server_pid" $client "$port" hello
  else
    await "$server_pid" grep -q 'listening on' "$dir/server.log" || return 1
    port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$dir/server.log" |
      head -n 1)
  fi
}

stop_server() {
  end_group "$server_pid"
  server_pid=
}

# CPU time of the server so far, in microseconds. The scheduler counts them
# thread by thread; where it doesn't, there are ticks of a hundredth of a second.
cpu_us() {
  if [ -r "/proc/$server_pid/schedstat" ]; then
    cat "/proc/$server_pid/task"/*/schedstat 2>/dev/null |
      awk '{ ns += $1 } END { printf "%.0f\n", ns / 1000 }'
  else
    echo "$(cpu_ms)000"
  fi
}

# --- the crowd ---------------------------------------------------------------

# Runs it to its end, and sets said to the JSON that it prints.
ask_crowd() { # OPTION...
  local pid status=0
  ${pin_crowd[@]+"${pin_crowd[@]}"} "$crowd" "$@" -j "$host:$port" \
    >"$dir/crowd.json" 2>"$dir/crowd.log" </dev/null &
  pid=$!
  wait "$pid" || status=$?
  # shellcheck disable=SC2034  # scenes.bash reads it
  said=$(cat "$dir/crowd.json")
  return "$status"
}

# Opens idle clients that stay until end_hold. Fails if they cannot all connect.
hold() { # CLIENTS [NAME]
  local name=${2:-hold}
  rm -f "$dir/$name.out"
  ${pin_crowd[@]+"${pin_crowd[@]}"} "$crowd" -c "$1" --hold 3600 \
    "$host:$port" >"$dir/$name.out" 2>"$dir/$name.log" &
  hold_pid=$!
  await "$hold_pid" grep -q '^holding' "$dir/$name.out"
}

# Each says one thing more before it leaves; fails if one is not answered.
end_hold() {
  kill -TERM "$hold_pid" 2>/dev/null
  wait "$hold_pid" 2>/dev/null
}

descriptors_limit() {
  ulimit -n | sed 's/unlimited/1000000/'
}

describe_machine() {
  echo "$(processor), $(cores) cores, $(memory_total); $(uname -sr)"
  echo "$(compiler) ${CFLAGS:-}; $(date '+%Y-%m-%d %H:%M')"
}
