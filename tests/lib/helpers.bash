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
fit() { # CLIENTS
  case ${VARIANT:-} in
    --workers=*) [ "$1" -le "${VARIANT#--workers=}" ] ;;
  esac
}

fits() { # CLIENTS
  fit "$1" || skip "there are ${VARIANT#--workers=} workers"
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
