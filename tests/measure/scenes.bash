# scenes.bash: what a server can be made to do, and how that is measured.
#
# Sourced by bench. A scene is a line of this list: its name, its kind, how many
# clients are idle, what the crowd is told, and a title. The kind says what is
# compared:
#
#     echo, churn, bulk   messages or megabytes a second, CPU time a message
#     connect             how long all connects take
#     cost                what else it costs: memory, system calls, idle CPU
#
# The large ones come last: when time runs out, it is theirs. PLOT_SCENES are
# more points of what the plots show.

SCENES='
ping        echo     0     -c 1                       1 client, 64 B to and fro
busy        echo     0     -c 50                      50 clients, 64 B
deep        echo     0     -c 50 -p 16                50 clients, 64 B, 16 messages under way each
1000        echo     0     -c 1000                    1,000 clients, 64 B
bulk        bulk     0     -c 50 -s 65536             50 clients, 64 KiB
churn       churn    0     -c 50 --churn              50 clients connect, send 64 B, hear it and close, again and again
calls       cost     0     -c 50                      system calls a message
silent      cost     0     -c 1000                    CPU time beside 1,000 silent clients
memory      cost     0     -c 10000                   memory of 10,000 idle clients
idle        echo     10000 -c 50                      50 clients, 64 B, beside 10,000 idle ones
connect     connect  0     -c 10000                   10,000 clients connect as fast as they can
10000       echo     0     -c 10000                   10,000 clients, 64 B
'
PLOT_SCENES='
clients-10    echo   0     -c 10                      10 clients, 64 B
clients-200   echo   0     -c 200                     200 clients, 64 B
clients-3000  echo   0     -c 3000                    3,000 clients, 64 B
idle-100      echo   100   -c 50                      50 clients, 64 B, beside 100 idle ones
idle-1000     echo   1000  -c 50                      50 clients, 64 B, beside 1,000 idle ones
idle-3000     echo   3000  -c 50                      50 clients, 64 B, beside 3,000 idle ones
'
# What a plot shows: these and some of those above.
PLOTTED='ping busy 1000 10000 idle'

scene_names() { # LIST
  echo "$1" | awk 'NF { print $1 }'
}

# Sets kind, idle, clients, title and asks, what the crowd is told.
choose_scene() { # NAME
  local line
  line=$(printf '%s\n%s\n' "$SCENES" "$PLOT_SCENES" |
    awk -v name="$1" '$1 == name' | sed 's/   */|/g; s/|\([0-9]*\) -c/|\1|-c/')
  [ -n "$line" ] || return 1
  IFS='|' read -r scene kind idle asks title <<EOF
$line
EOF
  clients=${asks#-c }
  clients=${clients%% *}
}

# --- who can do what ---------------------------------------------------------

# Sets why, if it is known beforehand that a candidate cannot play a scene.
cannot() {
  local served=$((clients + idle))
  why=
  [ $((served + 100)) -le "$(descriptors_limit)" ] ||
    why="a process may have $(descriptors_limit) descriptors here (ulimit -Hn)"
  case $candidate in
    01*) [ "$served" -le 1 ] || why='serves one client at a time' ;;
    02*--workers*)
      workers=${candidate##*[ =]}
      [ "$served" -le "$workers" ] || why="$workers workers serve $workers clients at a time"
      ;;
    socat | ncat)
      [ "$served" -le 50 ] || why='starts a process for each client'
      [ "$kind" != cost ] || why='starts a process for each client'
      ;;
    go-all | go-deadline-all) is_small || why='measured where cores matter' ;;
  esac
  [ -n "$why" ]
}

# Go on all cores is a comparison aside.
is_small() {
  [ "$kind" != cost ] && [ "$kind" != connect ] && [ "$clients" -le 50 ] &&
    [ "$idle" -eq 0 ]
}

# --- one sample --------------------------------------------------------------

# Adds one line to the samples.
record() { # JSON or "- REASON"
  printf '%s\t%s\t%s\n' "$scene" "$candidate" "$1" >>"$samples"
}

# Nothing is measured of a candidate in a scene in which it has failed.
fails() { # WHAT FILE
  local words
  words=$(last_words "$2")
  record "- $1${words:+: $words}"
}

# The crowd speaks JSON; sets said to the line that it said.
ask_crowd() { # OPTION...
  local pid status=0
  # shellcheck disable=SC2054  # --server wants a process, and has one clock
  ${pin_crowd[@]+"${pin_crowd[@]}"} "$crowd" "$@" -j "127.0.0.1:$port" \
    >"$dir/crowd.json" 2>"$dir/crowd.log" </dev/null &
  pid=$!
  wait "$pid" || status=$?
  said=$(tail -n 1 "$dir/crowd.json")
  return "$status"
}

# A server in many processes has many clocks.
clock_of_server() {
  case $candidate in
    socat | ncat) clock=() ;;
    *) clock=(--server "$server_pid") ;;
  esac
}

measure_echo() {
  local clock seconds=$ROUND_S
  clock_of_server
  # 10,000 clients take a tenth of a second to be served once.
  [ "$clients" -lt 10000 ] || seconds=$LONG_ROUND_S
  # shellcheck disable=SC2086  # what the crowd is told is several words
  if ask_crowd $asks --warm-up "$WARM_UP_S" -d "$seconds" \
    ${clock[@]+"${clock[@]}"}; then
    record "$said"
  else
    fails 'a client was not served' "$dir/crowd.log"
  fi
}

# Beside idle ones, whose memory is counted as well: plots want it.
measure_beside_idle() {
  local before memory
  touch_all
  before=$(memory_kb "$server_pid")
  hold "$idle" || {
    fails "$idle idle clients cannot all connect" "$dir/hold.log"
    return
  }
  memory=$((($(memory_kb "$server_pid") - before) * 1024 / idle))
  measure_echo
  end_hold || fails 'an idle client was not served' "$dir/hold.log"
  record "{\"idle\":$idle,\"user_bytes_per_client\":$memory}"
}

# A client before the others makes the server touch what it needs itself.
touch_all() {
  ask_crowd -c 1 -n 0
}

measure_connect() {
  local before
  before=$(cpu_us "$server_pid")
  # shellcheck disable=SC2086  # what the crowd is told is several words
  ask_crowd $asks -n 0 || {
    fails 'not all could connect' "$dir/crowd.log"
    return
  }
  record "$said"
  record "{\"connect_cpu_us\":$(ratio_of $(($(cpu_us "$server_pid") - before)) "$clients")}"
}

ratio_of() { # A B
  awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f\n", a / b }'
}

# A thread a client is counted over fewer: each has a stack.
measure_memory() {
  local memory addresses
  case $candidate in 02*) clients=2000 ;; esac
  touch_all
  memory=$(memory_kb "$server_pid")
  addresses=$(address_space_kb "$server_pid")
  hold "$clients" || {
    fails "$clients idle clients cannot all connect" "$dir/hold.log"
    return
  }
  memory=$((($(memory_kb "$server_pid") - memory) * 1024 / clients))
  addresses=$((($(address_space_kb "$server_pid") - addresses) * 1024 / clients))
  record "{\"clients\":$clients,\"user_bytes_per_client\":$memory,\"address_bytes_per_client\":$addresses,\"threads\":$(count_threads "$server_pid")}"
  end_hold || fails 'an idle client was not served' "$dir/hold.log"
}

measure_silent() {
  local before
  hold "$clients" || {
    fails "$clients idle clients cannot all connect" "$dir/hold.log"
    return
  }
  before=$(cpu_us "$server_pid")
  pause "$SILENCE_S"
  record "{\"idle_cpu_percent\":$(ratio_of $(($(cpu_us "$server_pid") - before)) $((SILENCE_S * 10000)))}"
  end_hold || fails 'a silent client was not served' "$dir/hold.log"
}

# strace counts twice, and the difference is the messages: connecting and the
# first echo are in both.
measure_calls() {
  local without with
  command -v strace >/dev/null 2>&1 || {
    record '- strace is missing, which counts them'
    return
  }
  count_calls 0 || return
  without=$calls
  restart_server || return
  count_calls "$TRACED_MESSAGES" || return
  with=$calls
  record "{\"calls_per_message\":$(ratio_of $((with - without)) "$messages")}"
}

# Sets calls and messages. The server ends first: a strace that lets go in the
# middle of a call can make it fail.
count_calls() { # MESSAGES
  local strace_pid
  rm -f "$dir/strace.log"
  strace -f -c -o "$dir/calls" -p "$server_pid" 2>"$dir/strace.log" &
  strace_pid=$!
  await "$strace_pid" "$dir/strace.log" attached || {
    fails 'strace may not watch it' "$dir/strace.log"
    return 1
  }
  # shellcheck disable=SC2086  # what the crowd is told is several words
  ask_crowd $asks --warm-up 0 -n "$1" || {
    fails 'a client was not served' "$dir/crowd.log"
    return 1
  }
  messages=${said#*'"messages": '}
  messages=${messages%%,*}
  stop_server
  wait "$strace_pid"
  calls=$(awk '$NF == "total" { print $4 }' "$dir/calls")
}

restart_server() {
  stop_server
  start_server || {
    fails 'does not start' "$dir/server.log"
    return 1
  }
}

# One candidate in one scene, with a server of its own.
measure() {
  ! has_failed || return 0
  ! cannot || {
    record "- $why"
    return
  }
  start_server || {
    fails 'does not start' "$dir/server.log"
    return
  }
  case $kind:$scene in
    connect:*) measure_connect ;;
    cost:memory) measure_memory ;;
    cost:calls) measure_calls ;;
    cost:silent) measure_silent ;;
    *) if [ "$idle" -gt 0 ]; then measure_beside_idle; else measure_echo; fi ;;
  esac
  stop_server
}

has_failed() {
  grep -qF "$scene	$candidate	-" "$samples"
}
