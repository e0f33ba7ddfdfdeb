# helpers.bash: what only bats has a use for. server.bash starts the server under
# test, and says what that is told; STAGE is its stage, 01 to 06, and SERVER by
# default the stage's own.

bats_require_minimum_version 1.5.0

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
client=$root/build/tests/client
stage=${STAGE:=01}
scratch=${BATS_TEST_TMPDIR:-}
hint="tests/CONTRACT.md; TUTORIAL.md, chapter $((10#$stage))"

if [ -z "${SERVER:-}" ]; then
  for SERVER in "$root/$stage"-*/server; do :; done
fi

# shellcheck source=tests/lib/server.bash
. "$root/tests/lib/server.bash"

teardown() {
  stop_server
}

# --- what a failed test says -------------------------------------------------

# Where the contract and the tutorial treat what this test is about.
about() { # NUMBER PLACE
  hint="contract $1; $(in_book "$2")"
}

# Where to find "chapter 4, the poller": 04-epoll/README.md, the poller.
in_book() { # PLACE
  local file=TUTORIAL.md
  case $1 in
    "chapter "[1-6],*)
      for file in "$root/0${1:8:1}"-*/README.md; do file=${file#"$root/"}; done
      ;;
  esac
  echo "$file, ${1#chapter [0-9], }"
}

# Fails, and says in a sentence what the client saw.
saw() { # SENTENCE
  echo "saw: $1"
  echo "hint: $hint"
  return 1
}

# bash 3.2 goes on after a [[ ]] that fails.
contains() { # TEXT PART
  case $1 in *"$2"*) ;; *) saw "'$1', and no '$2' in it" ;; esac
}

# A command ends with STATUS, and says why in one line.
in_a_line() { # STATUS WORDS COMMAND...
  run "${@:3}" 3>&-
  echo "$output"
  [ "$status" -eq "$1" ] && [ "${#lines[@]}" -eq 1 ] && contains "$output" "$2"
}

# The server can't listen there: status 1, and one line that says why.
cannot_listen() { # REASON ADDRESS
  in_a_line 1 " error: cannot listen on $2: " limited "$SERVER" "$2"
  # The reasons are the system's words, and systems have different ones.
  grep -Eq ": ($1)\$" <<<"$output" || saw "the reason isn't '$1'"
}

# The C library's words for EMFILE and ENOMEM: musl has words of its own.
no_descriptor='\(Too many open files\|No file descriptors available\)'
no_memory='\(Cannot allocate memory\|Out of memory\)'

# --- which tests concern which server ----------------------------------------

from_stage() { # NN WHY-NOT
  [ "$((10#$stage))" -ge "$((10#$1))" ] || skip "$2"
}

only_ours() { # WHAT
  [ -z "${FOREIGN:-}" ] || skip "$1 of our own servers"
}

# It takes C to do this: a reader's server is asked for it with STRICT=1 only.
strictly() { # WHAT
  is_ours || [ -n "${STRICT:-}" ] || skip "$1: with STRICT=1"
}

only_linux() { # WHY
  [ "$(uname -s)" = Linux ] || skip "$1"
}

# The runner counts these skips, and names the program.
needs() { # PROGRAM
  command -v "$1" >/dev/null || skip "$1 is missing"
}

# Makes a directory for PATH that has no other programs.
only_with() { # PROGRAM...
  mkdir "$scratch/bin"
  for program; do ln -s "$(type -P "$program")" "$scratch/bin"; done
}

# Without --poll, 03 asks all the time: that is its lesson.
spins() {
  [ "$stage" = 03 ] && [ -z "${VARIANT:-}" ]
}

# The header that gives Linux kqueue has descriptors and memory of its own.
on_kqueue() {
  [ "$stage" = 05 ] || [ "${POLLER:-}" = kqueue ]
}

# With --workers N, N clients are served at a time: that is the lesson.
fits() { # CLIENTS
  has_descriptors $(($1 + 100))
  case ${VARIANT:-} in
    --workers=*)
      [ "$1" -le "${VARIANT#--workers=}" ] ||
        skip "there are ${VARIANT#--workers=} workers"
      ;;
  esac
}

# A test with so many clients needs some descriptors itself.
has_descriptors() { # COUNT
  local most
  most=$(ulimit -H -n)
  [ "$most" = unlimited ] || [ "$most" -ge "$1" ] ||
    skip "the hard limit of descriptors is $most"
}

# Raises the test's own limit. macOS may take no more than this, whatever the
# hard limit says.
all_descriptors() {
  ulimit -S -n "$(ulimit -H -n)" 2>/dev/null || ulimit -S -n 10240
}

# --- strace ------------------------------------------------------------------

# Tests that make our servers' calls fail.
can_trace() {
  only_linux "strace is Linux's"
  only_ours "the test knows what is called"
  needs strace
  without_sanitizers "they and strace exclude each other"
}

# From now on strace watches the server, and makes calls fail: an INJECTION is
# what its -e inject= takes. What the server calls is then in $calls.
trace_server() { # CALLS [INJECTION]...
  can_trace
  calls=$scratch/calls
  local arguments=(-f -o "$calls" -e "trace=$1")
  shift
  for injection; do arguments+=(-e "inject=$injection"); done
  strace "${arguments[@]}" -p "$server_pid" 2>"$calls.log" 3>&- 4>&- &
  strace_pid=$!
  background+=("$strace_pid")
  eventually has_attached || saw "strace does not attach"
}

has_attached() {
  ! has_ended "$strace_pid" || skip "$(tail -n 1 "$calls.log")"
  grep -q attached "$calls.log"
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

# --- nc ----------------------------------------------------------------------

# nc's dialects differ in how they are told to say at the end of their input
# that they will send no more: -N (OpenBSD), -q (GNU and Debian's
# "traditional"), or they do it anyway (macOS, ncat).
nc_client() { # HOST PORT
  case $(nc -h 2>&1) in
    *-N*Shutdown*) limited nc -N "$@" ;;
    *-q*) limited nc -q 5 "$@" ;;
    *) limited nc "$@" ;;
  esac
}

every_byte() {
  local i
  for ((i = 0; i < 256; i++)); do
    # shellcheck disable=SC2059  # the format is what is to be printed
    printf "\\$((i / 64))$((i / 8 % 8))$((i % 8))"
  done
}

# Ends a command that takes longer than an event may. KILL, because a server
# that hangs before its loop does not hear TERM. Without timeout(1), bats ends
# the test.
limited() { # COMMAND [ARGUMENT]...
  if command -v timeout >/dev/null; then
    timeout -s KILL "$PATIENCE" "$@"
  else
    "$@"
  fi
}
