# shellcheck shell=bash # exercises/run sources this
start_server
asks "a client says nothing until the server closes it"
start_client 7 silent
# CPU time would depend on what else the machine does. Whether the server sleeps
# doesn't: one that spins for half of the time is seen to do so half of the time.
looks=0 awake=0
until grep -q '^closed by the server' "$scratch/client7.out"; do
  [ "$looks" -lt 200 ] || saw "a silent client was not closed"
  case $(ps -o state= -p "$server_pid") in R*) awake=$((awake + 1)) ;; esac
  looks=$((looks + 1))
  sleep 0.05
done
[ $((awake * 5)) -lt "$looks" ] ||
  saw "while a client was silent, the server was awake $awake times out of $looks"
