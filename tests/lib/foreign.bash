# foreign.bash: a reader's server, in whatever language.
#
# It is started with a bare port and nothing else, in a process group of its
# own, because it may have children: signals go to the whole group. What it
# writes, on stdout or stderr, is its log: nothing reads that but the reader who
# wants to know why it failed. server.bash sources this.
# shellcheck disable=SC2034,SC2154  # shared with what sources this

# SERVER is a path, even one with spaces, or a command in words.
start_foreign() { # [PORT]
  local words=("$SERVER")
  [ -f "$SERVER" ] || read -r -a words <<<"$SERVER"
  port=${1:-$("$client" 0 free-port)}
  address=127.0.0.1:$port
  started="started as ${SERVER_NAME:-$SERVER} $port"
  # With job control, a job has a process group, and does not ignore SIGINT.
  set -m
  (
    [ -z "${limit:-}" ] || ulimit -n "$limit"
    exec "${words[@]}" "$port"
  ) >>"$server_log" 2>&1 </dev/null \
    3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  server_pid=$!
  set +m
  # For what has to end it if this shell cannot.
  [ ! -d "${GROUPS_STARTED:-}" ] || : >"$GROUPS_STARTED/$server_pid"
  await_listening
}

signal_server() { # SIGNAL
  if is_ours; then
    kill -"$1" "$server_pid"
  else
    kill -"$1" -- "-$server_pid"
  fi
}

await_listening() {
  local end=$((SECONDS + PATIENCE))
  until "$client" -t "$PATIENCE" "$address" hello >/dev/null 2>&1; do
    if has_ended "$server_pid"; then
      learn_status
      saw "${started:-started}; it ended at once, $ended_how"
      return 1
    elif [ "$SECONDS" -ge "$end" ]; then
      saw "${started:-started}; $(what_listens)"
      return 1
    fi
    sleep 0.05
  done
}

what_listens() {
  local other
  if (connect 5) 2>/dev/null; then
    echo "it listens, but a client that says 'hello' does not hear it back"
    return
  fi
  other=$(ss -Hltnp 2>/dev/null |
    sed -n "s/.*:\([0-9]*\) .*[,(]pid=$server_pid,.*/\1/p" | head -n 1)
  echo "nothing listens there${other:+, but on port $other}"
}

# Of a server that has ended by itself; ended_how then has it in words.
learn_status() {
  local status=0
  wait "$server_pid" 2>/dev/null || status=$?
  ended_how="with status $status"
  [ "$status" -le 128 ] || ended_how="of SIG$(kill -l "$status")"
}

# The last line that says something, with nothing in it that a terminal obeys.
last_words() {
  grep '[^[:space:]]' "$server_log" 2>/dev/null | tail -n 1 |
    LC_ALL=C tr -cd '[:print:]' | cut -c 1-200
}

# Once a test has failed: what else is known, and a better hint for a server
# that could not go on.
tell_last_words() { # HOW-IT-FAILED
  local text
  text=$(last_words)
  [ -z "$text" ] || echo "said: $text"
  [ -n "$1" ] || return 0
  case "$text $1" in
    *ECONNRESET* | *EPIPE* | *ConnectionReset* | *BrokenPipe* | *SIGPIPE* | \
      *"onnection reset"* | *"roken pipe"*)
      echo "hint: $(in_book "chapter 1, where it breaks")"
      ;;
    *EADDRINUSE* | *"ddress already in use"*)
      echo "hint: $(in_book "chapter 1, the listener")"
      ;;
    *EMFILE* | *"oo many open files"*)
      echo "hint: $(in_book "chapter 4, when descriptors run out")"
      ;;
    *EAGAIN* | *EWOULDBLOCK* | *BlockingIO* | *"temporarily unavailable"*)
      echo "hint: $(in_book "chapter 3, the idea")"
      ;;
  esac
}

# After all that a test did, the server has to serve one more client: one that
# has lost the thread that accepts may still be there. And what fails may be on
# its way out.
stop_foreign() {
  local failed='' how=''
  [ -n "${BATS_TEST_COMPLETED-yes}" ] || failed=yes
  if [ -n "${server_pid:-}" ]; then
    exec 5>&- 6>&- # the test's own clients
    signal_server CONT 2>/dev/null || true
    [ -n "$failed${BATS_TEST_SKIPPED:-}" ] ||
      "$client" -t "$PATIENCE" "$address" hello >/dev/null 2>&1 || failed=unserved
    if [ -n "$failed" ] && PATIENCE=2 eventually has_ended "$server_pid"; then
      learn_status
      how="the server ended by itself, $ended_how"
    elif [ "$failed" = unserved ]; then
      how="the server still runs, and serves no more clients"
    fi
    end_group "$server_pid"
    server_pid=
  fi
  [ -n "$failed" ] || return 0
  [ -z "$how" ] || saw "$how" || true
  tell_last_words "$how"
  return 1
}

# All of it, however it takes SIGTERM. bash would report what was killed.
end_group() { # PID
  {
    [ -n "${DEAF_TO_TERM:-}" ] || group_ends "$1" TERM || true
    group_ends "$1" KILL || true
    wait "$1" || true
  } 2>/dev/null
  [ ! -d "${GROUPS_STARTED:-}" ] || rm -f "$GROUPS_STARTED/$1"
}

# Within two seconds.
group_ends() { # PID SIGNAL
  kill -"$2" -- "-$1" 2>/dev/null || return 0
  PATIENCE=2 eventually has_ended "-$1"
}

# Threads of the whole group, children and all.
threads_of_group() {
  local group=$server_pid sum=0 server_pid
  for server_pid in $(ps -A -o pgid= -o pid= |
    awk -v group="$group" '$1 == group { print $2 }'); do
    sum=$((sum + $(count_threads)))
  done
  echo "$sum"
}

# A large crowd is for a server that has not a thread or a process per client:
# 20,000 of those would be hard on the machine, and teach nothing.
bears_a_crowd() {
  local before after
  is_ours && return
  before=$(threads_of_group)
  start_crowd 9 100
  after=$(threads_of_group)
  end_client 9
  [ $((after - before)) -lt 50 ] && return
  saw "for 100 clients the server started $((after - before)) threads or processes; so thousands are not tried"
  return 1
}
