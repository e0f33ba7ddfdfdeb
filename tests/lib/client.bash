# client.bash: clients of the server that listens on $address.
#
# They are bash's own /dev/tcp on descriptors 5 and 6, or build/tests/client,
# driven through descriptors 7 to 9. bats owns 3 and 4. server.bash sources
# this, and says what has to be there.
# shellcheck disable=SC2034,SC2154  # shared with what sources this

# --- clients on descriptors 5 and 6 ------------------------------------------

connect() { # DESCRIPTOR
  eval "exec $1<>/dev/tcp/127.0.0.1/$port"
}

disconnect() { # DESCRIPTOR
  eval "exec $1>&-"
}

say() { # DESCRIPTOR TEXT
  echo "$2" >&"$1"
}

hears() { # DESCRIPTOR TEXT
  local line
  if ! read -r -t "$PATIENCE" -u "$1" line; then
    saw "a client said '$2' and heard nothing"
  elif [ "$line" != "$2" ]; then
    saw "a client said '$2' and heard '$line'"
  fi
}

# For as long as a second: for what must not happen there is no event.
hears_nothing() { # DESCRIPTOR
  local line
  if read -r -t 1 -u "$1" line; then
    saw "a client heard '$line' and should have had to wait"
  fi
}

# --- clients that nc cannot be -----------------------------------------------

# Runs build/tests/client to its end; what it prints is then in $output.
client_does() { # COMMAND [ARGUMENT]...
  output=$("$client" -t "$PATIENCE" "$address" "$@" 2>&1 3>&- 4>&-) ||
    saw "$output"
}

# Starts one in the background, where it may have to wait; descriptor N, 7 to 9,
# is what it reads.
start_client() { # N COMMAND [ARGUMENT]...
  local n=$1 pipe=$scratch/client$1
  shift
  mkfifo "$pipe"
  : >"$pipe.out" # of a client before this one
  "$client" -t "$CLIENT_PATIENCE" "$address" "$@" <"$pipe" >"$pipe.out" 2>&1 \
    3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  background+=("$!")
  eval "client_pid_$n=\$!"
  eval "exec $n>\"\$pipe\""
  rm "$pipe"
}

# Starts one, and waits until it says PATTERN.
start_until() { # N PATTERN COMMAND [ARGUMENT]...
  start_client "$1" "${@:3}" && client_says "$1" "$2"
}

# Starts N that read nothing until the test says go, each with a number.
start_slow_readers() { # FIRST LAST BYTES
  local n
  for ((n = $1; n <= $2; n++)); do
    # Opened to read and write, a pipe does not end when nothing writes.
    mkfifo "$scratch/slow$n"
    "$client" -t "$CLIENT_PATIENCE" "$address" no-read "$3" 3>&- 4>&- 7>&- \
      <>"$scratch/slow$n" >"$scratch/client$n.out" 2>&1 &
    background+=("$!")
    eval "client_pid_$n=\$!"
  done
}

tell_client() { # N LINE
  echo "$2" >&"$1"
}

client_says() { # N PATTERN
  local out=$scratch/client$1.out pid=client_pid_$1
  local end=$((SECONDS + CLIENT_PATIENCE))
  until grep -q -- "$2" "$out"; do
    if [ "$SECONDS" -ge "$end" ] || ! kill -0 "${!pid}" 2>/dev/null; then
      grep -q -- "$2" "$out" && return
      [ "$2" != 'stuck after' ] || ! grep -q '^sent all' "$out" ||
        { saw "a client that reads nothing was not made to wait: it $(grep '^sent all' "$out")"; return 1; }
      saw "'${2#^}' was awaited, and it got no further than '$(tail -n 1 "$out")'"
      return 1
    fi
    sleep 0.02
  done
}

# A crowd of COUNT clients on descriptor N, of which each has heard its echo.
start_crowd() { # N COUNT
  if ! is_ours; then # whose backlog may be short
    start_until "$1" "^connected $2" guests "$2"
    return
  fi
  start_client "$1" crowd "$2" || return
  tell_client "$1" hello
  client_says "$1" "^$2 client"
}

# Closes what it reads, so that it ends, and waits for that.
end_client() { # N
  local pid=client_pid_$1
  eval "exec $1>&-"
  wait "${!pid}" || saw "$(tail -n 1 "$scratch/client$1.out")"
}
