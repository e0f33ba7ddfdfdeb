# server.bash: start one server, and talk to it as its clients would.
#
# What sources this says which: SERVER is the program, stage the one that it is
# judged as, 01 to 06; VARIANT an option that it is started with. With FOREIGN=1
# the program is a reader's: it is given a bare port and its log is not looked
# at. client is build/tests/client, and scratch a directory.
#
# It also has two functions: saw SENTENCE, for what a client saw and should not
# have seen, and skip REASON, for what cannot be tried here. saw fails; a loop
# that waits returns after it, whatever `set -e` does.

# What sources this sets these, and reads what is set here.
# shellcheck disable=SC2034,SC2154

# shellcheck source=tests/lib/measure.bash
. "${BASH_SOURCE[0]%/*}/measure.bash"
# shellcheck source=tests/lib/client.bash
. "${BASH_SOURCE[0]%/*}/client.bash"
# shellcheck source=tests/lib/foreign.bash
. "${BASH_SOURCE[0]%/*}/foreign.bash"

# How long an event may take before a test gives up on it, in seconds. Nothing
# is ever this slow: a test that waits so long has failed.
PATIENCE=${PATIENCE:-20}
CLIENT_PATIENCE=${CLIENT_PATIENCE:-100}

# Tries until it succeeds, and fails when patience ends.
eventually() { # COMMAND...
  local end=$((SECONDS + PATIENCE))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return
    sleep 0.02
  done
}

has_ended() { # PID, or -GROUP
  ! kill -0 -- "$1" 2>/dev/null
}

# In the middle of a test: the rest of it is about our log.
is_ours() {
  [ -z "${FOREIGN:-}" ]
}

without_sanitizers() { # WHY
  [ -z "${SAN:-}" ] || skip "$1"
}

# --- the server --------------------------------------------------------------

# Starts the server with OPTIONs on a free port, or on the ADDRESSes that stand
# at the end of the OPTIONs when there is a --, and waits until it listens.
# With limit=N it may have N descriptors, with memory_kb=N so much memory.
start_server() { # [OPTION]... [-- ADDRESS...]
  server_log=$scratch/server.log
  local word words=() has_address=
  for word; do
    if [ "$word" = -- ]; then has_address=yes; else words+=("$word"); fi
  done
  : >"$server_log" # of a server before this one
  is_ours || { start_foreign ${has_address:+"$word"}; return; }
  [ -n "$has_address" ] || words+=(0)
  (
    [ -z "${limit:-}" ] || ulimit -n "$limit"
    [ -z "${memory_kb:-}" ] || ulimit -v "$memory_kb"
    # shellcheck disable=SC2086  # VARIANT is an option and its value
    exec "$SERVER" ${VARIANT:-} "${words[@]}"
  ) >"$scratch/server.out" 2>>"$server_log" </dev/null \
    3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  server_pid=$!
  wait_for_log 'listening on'
  address=$(sed -n 's/^[ 0-9.]*listening on //p' "$server_log" | head -n 1)
  port=${address##*:}
}

# One that gives a silent client time enough: a busy machine needs long to
# connect a crowd.
start_patient_server() { # [OPTION]...
  if [ "$stage" = 06 ] && is_ours; then set -- --timeout 60 "$@"; fi
  start_server "$@"
}

# Processes of this test that may still run when it ends.
background=()

# Waits until a process has ended. One that takes too long is killed.
wait_or_kill() { # PID
  eventually has_ended "$1" || kill -KILL "$1"
  wait "$1" 2>/dev/null
}

# Ends the server, if the test has not, and whatever else still runs. A server
# that is gone by itself fails the test, and so does one that a sanitizer has
# found wrong.
stop_server() {
  local pid
  for pid in ${background[@]+"${background[@]}"}; do
    ! kill "$pid" 2>/dev/null || wait_or_kill "$pid" || true
  done
  background=()
  is_ours || { stop_foreign; return; }
  [ -n "${server_pid:-}" ] || return 0
  local status=0
  pid=$server_pid
  server_pid=
  kill -CONT "$pid" 2>/dev/null || status=1
  kill -TERM "$pid" 2>/dev/null
  wait_or_kill "$pid" || true
  if grep -q -e 'ERROR: .*Sanitizer' -e 'WARNING: ThreadSanitizer' \
    -e 'runtime error' "$server_log"; then
    cat "$server_log"
    return 1
  fi
  [ "$status" -eq 0 ] || {
    tail -n 5 "$server_log"
    saw "the server is gone"
  }
}

# Sends the server a signal and waits until it has ended. Its exit status, as
# bash counts it, is then in $status.
end_server() { # SIGNAL
  signal_server "$1"
  if ! eventually has_ended "$server_pid"; then
    is_ours || { end_group "$server_pid"; server_pid=; }
    saw "after SIG$1 the server had not ended in $PATIENCE s"
    return 1
  fi
  status=0
  wait "$server_pid" || status=$?
  is_ours || end_group "$server_pid"
  server_pid=
}

suspend_server() {
  signal_server STOP
}

resume_server() {
  signal_server CONT
}

wait_for_log() { # PATTERN [COUNT]
  local count=${2:-1} end=$((SECONDS + PATIENCE))
  until [ "$(count_log "$1")" -ge "$count" ]; do
    if [ "$SECONDS" -ge "$end" ] || has_ended "$server_pid"; then
      tail -n 20 "$server_log"
      saw "no line of the log matches '$1' ($count times)"
      return 1
    fi
    sleep 0.02
  done
}

count_log() { # PATTERN
  grep -c -- "$1" "$server_log" || true
}

# Ends it, and sees that it ended well.
stops_with() { # SIGNAL STATUS
  end_server "$1" || return
  [ "$status" -eq "$2" ] || saw "after SIG$1 the exit status is $status, not $2"
}

# --- what the server costs ---------------------------------------------------

# CPU time that the server takes in about a second, in percent of a core.
cpu_percent() {
  local before
  before=$(cpu_ms)
  sleep 1
  echo $((($(cpu_ms) - before) / 10))
}

# For WHAT the server should have slept.
takes_no_cpu() { # WHAT
  local percent
  percent=$(cpu_percent)
  [ "$percent" -le 5 ] || saw "$1 took $percent % of a core"
}

# Waits for a second in which the server takes at most PERCENT of a core: what
# it was in the middle of may have to end first, and a spin never ends.
cpu_settles() { # PERCENT
  local end=$((SECONDS + PATIENCE)) percent
  until percent=$(cpu_percent) && [ "$percent" -le "$1" ]; do
    ! has_ended "$server_pid" || return
    if [ "$SECONDS" -ge "$end" ]; then
      saw "it still takes $percent % of a core"
      return 1
    fi
  done
}

# Waits until the server has no more descriptors open than COUNT.
descriptors_return_to() { # COUNT
  eventually has_descriptors_open "$1" ||
    saw "the server had $1 descriptors and now has $(descriptors)"
}

has_descriptors_open() { # COUNT-AT-MOST
  [ "$(descriptors)" -le "$1" ]
}
