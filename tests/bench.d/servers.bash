# servers.bash: starts what is measured, and reads what the system knows of it.
#
# Sourced by bench and million, which set dir, a directory of their own, and
# stage, a name for messages. Whoever is started is a child of this shell, so
# that leave_nothing finds it, whatever ends the script.

PATIENCE_S=60 # after which something is broken

server_pid=
hold_pid=
pin_server=()
pin_crowd=()

# --- what the reader sees ----------------------------------------------------

# Colour goes around a text that is padded already.
bold=
plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\033[1m'
  plain=$'\033[0m'
fi

# One line that is written over again and again; without TEXT it goes.
progress() { # [TEXT]
  [ -t 1 ] || return 0
  printf '\r%-78.78s\r' ''
  [ $# -eq 0 ] || printf '%.78s' "$1"
}

fail() { # REASON
  progress
  echo "bench: $1" >&2
  exit 1
}

# --- waiting and leaving -----------------------------------------------------

# A signal would have to wait for a sleep in the foreground.
pause() { # SECONDS
  sleep "$1" &
  wait $!
}

# What a program said last, without the time in front of it.
last_words() { # FILE
  tail -n 1 "$1" 2>/dev/null | sed 's/^ *[0-9.]* //'
}

# Fails if PID ends first, or if it takes too long.
await() { # PID FILE PATTERN
  local end=$((SECONDS + PATIENCE_S))
  until grep -q "$3" "$2" 2>/dev/null; do
    kill -0 "$1" 2>/dev/null || grep -q "$3" "$2" 2>/dev/null || return 1
    [ "$SECONDS" -lt "$end" ] || return 1
    pause 0.01
  done
}

# The pid of one that has ended may have another owner by now. bash reports who
# was killed, but only on stderr.
end_process() { # PID SIGNAL
  ! jobs -pr | grep -qx "$1" || { kill -"$2" "$1" && wait "$1"; } 2>/dev/null
}

# All that runs was started by this shell, so it is in the shell's own list.
leave_nothing() {
  local pid
  trap '' INT TERM HUP PIPE
  for pid in $(jobs -p); do end_process "$pid" KILL; done
  [ -z "$dir" ] || rm -rf "$dir"
  progress
}

leave_nothing_behind() {
  trap leave_nothing EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# --- cores -------------------------------------------------------------------

# The first and the last core that this process may have: where cores are
# threads in pairs, these two are never a pair.
choose_cores() {
  local cores first last
  command -v taskset >/dev/null 2>&1 || {
    echo "taskset is missing (util-linux): server and crowd may share a core"
    return
  }
  cores=$(taskset -cp $$ 2>/dev/null | sed 's/.*: //')
  first=${cores%%[-,]*}
  last=${cores##*[-,]}
  if [ -z "$cores" ] || [ "$first" = "$last" ]; then
    echo "there is one core only: server and crowd share it"
    return
  fi
  pin_server=(taskset -c "$first")
  pin_crowd=(taskset -c "$last")
}

# --- the server --------------------------------------------------------------

# COMMAND is given port 0 on $host, and says on stderr which one it got; a bare
# port is what everybody takes. Sets server_pid and port. A new file each time: in
# the old one, another has said the same.
host=127.0.0.1
launch() { # COMMAND...
  local any=0
  [ "$host" = 127.0.0.1 ] || any=$host:0
  rm -f "$dir/server.log"
  "$@" "$any" </dev/null >"$dir/server.out" 2>"$dir/server.log" &
  server_pid=$!
  await "$server_pid" "$dir/server.log" 'listening on' || return 1
  port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$dir/server.log" |
    head -n 1)
}

stop_server() {
  end_process "$server_pid" TERM
  server_pid=
}

# CPU time of a process so far, in microseconds. The scheduler counts them
# thread by thread; where it does not, there are ticks of a hundredth of a second.
cpu_us() { # PID
  local line
  if [ -r "/proc/$1/schedstat" ]; then
    cat "/proc/$1/task"/*/schedstat 2>/dev/null |
      awk '{ ns += $1 } END { printf "%.0f\n", ns / 1000 }'
  elif [ -r "/proc/$1/stat" ]; then
    read -r line <"/proc/$1/stat"
    # shellcheck disable=SC2086  # the fields after the name in parentheses
    set -- ${line##*) }
    echo $(((${12} + ${13}) * 1000000 / $(getconf CLK_TCK)))
  else
    ps -o time= -p "$1" |
      awk -F '[:.]' '{ print (($1 * 60 + $2) * 100 + $3) * 10000 }'
  fi
}

# What the program holds for itself, code and libraries aside where the system
# counts them apart. It comes in whole pages.
memory_kb() { # PID
  if [ -r "/proc/$1/smaps_rollup" ]; then
    awk '$1 == "Anonymous:" { print $2 }' "/proc/$1/smaps_rollup"
  else
    ps -o rss= -p "$1" | tr -d ' '
  fi
}

address_space_kb() { # PID
  ps -o vsz= -p "$1" | tr -d ' '
}

count_threads() { # PID
  local count
  if [ -d "/proc/$1/task" ]; then
    count=$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l)
  else # the BSDs know nlwp, macOS prints a line for each thread
    count=$(ps -o nlwp= -p "$1" 2>/dev/null ||
      ps -M -p "$1" 2>/dev/null | sed 1d | wc -l)
  fi
  echo $((count))
}

# --- the crowd ---------------------------------------------------------------

# Opens idle clients that stay until end_hold. Fails if they cannot all come.
hold() { # CLIENTS [NAME]
  local name=${2:-hold}
  rm -f "$dir/$name.out"
  ${pin_crowd[@]+"${pin_crowd[@]}"} "$crowd" -c "$1" --hold 3600 \
    "$host:$port" >"$dir/$name.out" 2>"$dir/$name.log" &
  hold_pid=$!
  await "$hold_pid" "$dir/$name.out" '^holding'
}

# They all say one thing more before they leave; fails if one is not answered.
end_hold() {
  kill -TERM "$hold_pid" 2>/dev/null
  wait "$hold_pid" 2>/dev/null
}

# --- the machine -------------------------------------------------------------

# shellcheck source=tests/lib/machine.bash
. tests/lib/machine.bash

descriptors_limit() {
  local limit
  limit=$(ulimit -n)
  [ "$limit" != unlimited ] || limit=1000000
  echo "$limit"
}

describe_machine() {
  echo "$(processor), $(cores) cores, $(memory_total);" \
    "$(uname -s) $(uname -r)"
  echo "$(compiler) ${CFLAGS:-}; $(date '+%Y-%m-%d %H:%M')"
}
