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
  local arguments=() addresses=()
  while [ $# -gt 0 ]; do
    if [ "$1" = -- ]; then
      shift
      addresses=("$@")
      break
    fi
    arguments+=("$1")
    shift
  done
  [ ${#addresses[@]} -gt 0 ] || ! is_ours || addresses=(0)
  : >"$server_log" # of a server before this one
  is_ours || { start_foreign ${addresses[@]+"${addresses[@]}"}; return; }
  (
    [ -z "${limit:-}" ] || ulimit -n "$limit"
    [ -z "${memory_kb:-}" ] || ulimit -v "$memory_kb"
    # shellcheck disable=SC2086  # VARIANT is an option and its value
    exec "$SERVER" ${VARIANT:-} ${arguments[@]+"${arguments[@]}"} \
      "${addresses[@]}"
  ) >"$scratch/server.out" 2>>"$server_log" </dev/null \
    3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  server_pid=$!
  wait_for_log 'listening on'
  address=$(sed -n 's/^[ 0-9.]*listening on //p' "$server_log" | head -n 1)
  port=${address##*:}
}

# From now on strace watches the server, and makes calls fail: an INJECTION is
# what its -e inject= takes. What the server calls is then in $calls.
trace_server() { # CALLS [INJECTION]...
  command -v strace >/dev/null || skip "strace is missing"
  without_sanitizers "they and strace exclude each other"
  calls=$scratch/calls
  local arguments=(-f -o "$calls" -e "trace=$1") end=$((SECONDS + PATIENCE))
  shift
  for injection; do arguments+=(-e "inject=$injection"); done
  strace "${arguments[@]}" -p "$server_pid" 2>"$calls.log" 3>&- 4>&- &
  strace_pid=$!
  background+=("$strace_pid")
  until grep -q attached "$calls.log"; do
    kill -0 "$strace_pid" 2>/dev/null || skip "$(tail -n 1 "$calls.log")"
    if [ "$SECONDS" -ge "$end" ]; then
      saw "strace does not attach"
      return 1
    fi
    sleep 0.01
  done
}

# Ends the server as well: a strace that lets go in the middle of a call can
# make it fail with ENOSYS.
end_trace() {
  local status=0
  kill -TERM "$server_pid"
  wait "$server_pid" || status=$?
  [ "$status" -eq 0 ] || [ "$status" -eq 143 ] || saw "the server ended with $status"
  server_pid=
  wait "$strace_pid" || true
}

# Processes of this test that may still run when it ends.
background=()

# Waits until a process has ended. One that takes too long is killed.
wait_or_kill() { # PID
  local end=$((SECONDS + PATIENCE))
  while kill -0 "$1"; do
    [ "$SECONDS" -lt "$end" ] || kill -KILL "$1"
    sleep 0.01
  done 2>/dev/null
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
  local end=$((SECONDS + PATIENCE))
  signal_server "$1"
  while kill -0 "$server_pid" 2>/dev/null; do
    if [ "$SECONDS" -ge "$end" ]; then
      is_ours || { end_group "$server_pid"; server_pid=; }
      saw "after SIG$1 the server had not ended in $PATIENCE s"
      return 1
    fi
    sleep 0.01
  done
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
  until [ "$(grep -c -- "$1" "$server_log")" -ge "$count" ]; do
    if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$server_pid" 2>/dev/null; then
      tail -n 20 "$server_log"
      saw "no line of the log matches '$1' ($count times)"
      return 1
    fi
    sleep 0.01
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

# Waits for a second in which the server takes at most PERCENT of a core: what
# it was in the middle of may have to end first, and a spin never ends.
cpu_settles() { # PERCENT
  local end=$((SECONDS + PATIENCE)) percent
  until percent=$(cpu_percent) && [ "$percent" -le "$1" ]; do
    kill -0 "$server_pid" 2>/dev/null || return
    if [ "$SECONDS" -ge "$end" ]; then
      saw "it still takes $percent % of a core"
      return 1
    fi
  done
}

# Waits until the server has no more descriptors open than COUNT.
descriptors_return_to() { # COUNT
  local end=$((SECONDS + PATIENCE))
  until [ "$(descriptors)" -le "$1" ]; do
    if [ "$SECONDS" -ge "$end" ]; then
      saw "the server had $1 descriptors and now has $(descriptors)"
      return 1
    fi
    sleep 0.02
  done
}
