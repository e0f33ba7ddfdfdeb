# scenes.bash: what a server can be made to do, and how that is measured.
#
# Sourced by bench. A scene is a line of this list: its name, its kind, how many
# clients are idle, what the crowd is told, and a title. The kind says what is
# compared:
#
#     echo, churn, bulk   messages or megabytes a second, CPU time per message
#     connect             how long all connects take
#     cost                memory, threads and CPU time beside idle clients
#     count               instructions and system calls, which do not vary
#
# The large ones come last: when time runs out, it is theirs.

SCENES='
ping         echo    0     -c 1                 1 client, 64 B to and fro
busy         echo    0     -c 50                50 clients, 64 B
deep         echo    0     -c 50 -p 16          50 clients, 64 B, 16 messages under way each
1000         echo    0     -c 1000              1,000 clients, 64 B
bulk         bulk    0     -c 50 -s 65536       50 clients, 64 KiB
churn        churn   0     -c 50 --churn        50 clients connect, echo 64 B and close, again and again
instructions count   0     -c 50                user instructions and system calls per message, 1 and 50 clients
memory       cost    0     -c 10000             what an idle client costs
idle         echo    10000 -c 50                50 clients, 64 B, beside 10,000 idle ones
connect      connect 0     -c 10000             10,000 clients connect as fast as they can
10000        echo    0     -c 10000             10,000 clients, 64 B
'
PLOT_SCENES='
idle-100     echo    100   -c 50                50 clients, 64 B, beside 100 idle ones
idle-1000    echo    1000  -c 50                50 clients, 64 B, beside 1,000 idle ones
idle-3000    echo    3000  -c 50                50 clients, 64 B, beside 3,000 idle ones
'
QUICK_SCENES='ping busy deep bulk churn memory idle connect'

scene_names() { # LIST
  echo "$1" | awk 'NF { print $1 }'
}

# Sets kind, idle, clients, title and asks, what the crowd is told.
choose_scene() { # NAME
  local line
  line=$(echo "$SCENES$PLOT_SCENES" | awk -v name="$1" '$1 == name')
  [ -n "$line" ] || return 1
  title=${line##*  }
  asks=${line%%   "$title"}
  read -r scene kind idle asks <<<"$asks"
  clients=${asks#-c }
  clients=${clients%% *}
}

# Sets why, if it is known beforehand that a candidate cannot play a scene.
cannot() {
  local served=$((clients + idle)) workers=${candidate##* }
  why=
  [ $((served + 100)) -le "$(descriptors_limit)" ] ||
    why="a process may have $(descriptors_limit) descriptors here (ulimit -Hn)"
  case $candidate in
    01*) [ "$served" -le 1 ] || why='serves one client at a time' ;;
    02*--workers*)
      [ "$served" -le "$workers" ] ||
        why="$workers workers serve $workers clients at a time"
      ;;
    03) [ "$kind" != count ] || why='asks until something comes: no two runs are the same' ;;
    'go GOMAXPROCS=1') ;;
    go*) # is a comparison aside
      [ "$served" -le 50 ] && [ "$kind" != count ] ||
        why='on all cores only in scenes of 50 clients or fewer'
      ;;
  esac
  [ -n "$why" ]
}

# --- one sample --------------------------------------------------------------

# Adds one line to the samples.
record() { # JSON
  jq -c --arg scene "$scene" --arg server "$candidate" \
    '{scene: $scene, server: $server} + .' <<<"$1" >>"$samples"
}

# Nothing is measured of a candidate in a scene in which it has failed.
fails() { # WHAT [FILE]
  local words
  words=$(last_words "${2:-/dev/null}")
  record "$(jq -n --arg why "$1${words:+: $words}" '{dash: $why}')"
  return 1
}

has_failed() {
  jq -s -e --arg scene "$scene" --arg server "$candidate" \
    'any(.scene == $scene and .server == $server and .dash)' \
    "$samples" >/dev/null
}

ratio_of() { # A B
  awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f\n", a / b }'
}

# A server of several processes has several clocks: this is the first one's.
measure_echo() {
  local seconds=$ROUND_S
  # 10,000 clients take a tenth of a second to be served once.
  [ "$clients" -lt 10000 ] || seconds=$LONG_ROUND_S
  # shellcheck disable=SC2086  # what the crowd is told is several words
  ask_crowd $asks --warm-up "$WARM_UP_S" -d "$seconds" --server "$server_pid" ||
    fails 'a client was not served' "$dir/crowd.log" || return
  record "$said"
}

# Sets what COUNT idle clients add, in bytes each. One client before the others
# makes the server touch what it needs itself.
hold_and_weigh() { # COUNT
  ask_crowd -c 1 -n 0
  user_bytes=$(memory_kb)
  address_bytes=$(ps -o vsz= -p "$server_pid")
  hold "$1" || fails "$1 idle clients cannot all connect" "$dir/hold.log" ||
    return
  user_bytes=$((($(memory_kb) - user_bytes) * 1024 / $1))
  address_bytes=$((($(ps -o vsz= -p "$server_pid") - address_bytes) * 1024 / $1))
}

measure_beside_idle() {
  hold_and_weigh "$idle" && measure_echo || return
  end_hold || fails 'an idle client was not served' "$dir/hold.log" || return
  record "{\"idle\": $idle, \"user_bytes_per_client\": $user_bytes}"
}

# A thread per client is counted over fewer: each has a stack.
measure_cost() {
  local before
  case $candidate in 02*) clients=2000 ;; esac
  hold_and_weigh "$clients" || return
  before=$(cpu_us)
  pause "$SILENCE_S"
  record "{\"clients\": $clients, \"user_bytes_per_client\": $user_bytes,
    \"address_bytes_per_client\": $address_bytes, \"threads\": $(count_threads),
    \"idle_cpu_percent\":
      $(ratio_of $(($(cpu_us) - before)) $((SILENCE_S * 10000)))}"
  end_hold || fails 'an idle client was not served' "$dir/hold.log"
}

measure_connect() {
  local before
  before=$(cpu_us)
  ask_crowd -c "$clients" -n 0 ||
    fails 'not all could connect' "$dir/crowd.log" || return
  record "$said"
  record "{\"server_cpu_us\": $(ratio_of $(($(cpu_us) - before)) "$clients")}"
}

# --- what is counted, not timed ----------------------------------------------

# The same figure in every run, so three things are held fixed. Two runs with a
# different number of messages are compared, so start and end, connecting and
# the first echo are in both. The crowd speaks in lockstep: a round begins when
# all answers are back. And a round arrives whole: server and crowd share one
# core, and the server is a batch process (SCHED_BATCH), which the kernel does
# not let in before the crowd has spoken for all clients and sleeps.
measure_counts() {
  local tool clients row='{}'
  for clients in 1 50; do
    for tool in instructions calls; do
      progress "$scene: $candidate, $tool, $clients client(s) ..."
      per_message "$tool" "$clients" || return
      row=$(jq -c --arg key "${tool}_$clients" --argjson value "$quotient" \
        '. + {($key): $value}' <<<"$row")
    done
  done
  record "$row"
}

# Sets quotient. It costs a factor of 50, so the messages are few.
per_message() { # TOOL CLIENTS
  local few
  quotient=null
  case $candidate:$1 in go*:instructions) return ;; esac # too much for valgrind
  count_with "$1" "$2" "$COUNTED" || return
  few=$counted
  count_with "$1" "$2" $((COUNTED * 3)) || return
  quotient=$(ratio_of $((counted - few)) $((COUNTED * 2)))
}

# Sets counted. The server ends before it is counted: orderly or not, valgrind
# and strace then say their sums.
count_with() { # TOOL CLIENTS MESSAGES
  local pin_crowd=(${pin_server[@]+"${pin_server[@]}"}) counter=(strace -DD -f -c -o "$dir/count")
  [ "$1" = calls ] || counter=(valgrind --tool=callgrind
    --trace-children=yes --callgrind-out-file=/dev/null --log-file="$dir/count")
  rm -f "$dir/count"
  launch ${pin_server[@]+"${pin_server[@]}"} chrt -b 0 "${counter[@]}" "${command[@]}" ||
    fails "does not start under ${counter[0]}" "$dir/server.log" || return
  ask_crowd -c "$2" --lockstep --warm-up 0 -n "$3" -d "$PATIENCE_S" ||
    fails 'a client was not served' "$dir/crowd.log" || return
  [ "$(jq .messages <<<"$said")" -eq "$3" ] ||
    fails "did not echo $3 messages in $PATIENCE_S s" || return
  stop_server
  await $$ grep -q -e 'Collected :' -e ' total$' "$dir/count" ||
    fails "${counter[0]} has counted nothing" || return
  counted=$(awk '/Collected :/ { sum += $NF } $NF == "total" { sum = $4 }
    END { printf "%.0f\n", sum }' "$dir/count")
}

# --- one candidate in one scene, with a server of its own --------------------

measure() {
  ! has_failed || return 0
  ! cannot || {
    fails "$why"
    return
  }
  choose_command "$candidate"
  if [ "$kind" = count ]; then
    measure_counts
  elif ! start_server; then
    fails 'does not start' "$dir/server.log"
  else
    case $kind:$idle in
      connect:*) measure_connect ;;
      cost:*) measure_cost ;;
      *:0) measure_echo ;;
      *) measure_beside_idle ;;
    esac
  fi
  stop_server
}
