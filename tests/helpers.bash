# helpers.bash: drive one server from outside, as its clients would.
#
# STAGE is the stage under test, 01 to 06; SERVER the program, by default the
# stage's own; VARIANT an option that it is started with. With FOREIGN=1 the
# program is a reader's: it is given a bare port and its log is not looked at.
#
# server.bash starts it and talks to it; what only bats has a use for is here.

bats_require_minimum_version 1.5.0

root=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
client=$root/build/tests/client
stage=${STAGE:=01}
scratch=${BATS_TEST_TMPDIR:-}
hint="TUTORIAL.md, chapter $((10#$stage))"

if [ -z "${SERVER:-}" ]; then
  for SERVER in "$root/$stage"-*/server; do :; done
fi

# shellcheck source=tests/server.bash
. "$root/tests/server.bash"

# --- what a failed test says -------------------------------------------------

# Where the tutorial treats what this test is about.
treated_in() { # PLACE
  hint="TUTORIAL.md, $1"
}

# Fails, and says in a sentence what the client saw.
saw() { # SENTENCE
  echo "saw: $1"
  echo "hint: $hint"
  return 1
}

# --- which tests concern whom ------------------------------------------------

from_stage() { # NN WHY-NOT
  [ "$((10#$stage))" -ge "$((10#$1))" ] || skip "$2"
}

only_ours() { # WHAT
  [ -z "${FOREIGN:-}" ] || skip "$1 of our own servers"
}

only_linux() { # WHY
  [ -d /proc/self/fd ] || skip "$1"
}

# --- nc ----------------------------------------------------------------------

# nc's dialects differ in how they are told to say at the end of their input
# that they will send no more: -N (OpenBSD), -q (GNU and Debian's
# "traditional"), or they do it anyway (macOS, ncat).
nc_client() { # HOST PORT
  case $(nc -h 2>&1) in
    *-N*Shutdown*) timeout "$PATIENCE" nc -N "$@" ;;
    *-q*) timeout "$PATIENCE" nc -q 5 "$@" ;;
    *) nc "$@" ;;
  esac
}

# --- which crowds a stage has room for ---------------------------------------

# With --workers N, N clients are served at a time: that is the lesson.
fit() { # CLIENTS
  case ${VARIANT:-} in
    --workers=*) [ "$1" -le "${VARIANT#--workers=}" ] ;;
  esac
}

fits() { # CLIENTS
  fit "$1" || skip "there are ${VARIANT#--workers=} workers"
}
