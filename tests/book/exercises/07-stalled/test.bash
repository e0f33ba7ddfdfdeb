# shellcheck shell=bash # exercises/run sources this
rounds=200
# With strace, each loop takes its time between poll and accept: what is a
# matter of luck otherwise, on a machine with few cores, is certain then.
if strace -o /dev/null true 2>/dev/null; then
  rounds=20
  printf '#!/bin/sh\n' >"$scratch/slow"
  cat >>"$scratch/slow" <<END
exec strace -D -f -o /dev/null -e trace=accept,accept4 \\
  -e inject=accept,accept4:delay_enter=20000 "$SERVER" "\$@"
END
  chmod +x "$scratch/slow"
  SERVER=$scratch/slow
fi
start_server
asks "eight clients stay and say hello, while others come and go"
stay=(10 11 12 13 14 15 16 17)
for fd in "${stay[@]}"; do connect "$fd"; done
for ((round = 1; round <= rounds; round++)); do
  suspend_server
  connect 5
  for fd in "${stay[@]}"; do say "$fd" "hello $round"; done
  resume_server
  for fd in "${stay[@]}"; do hears "$fd" "hello $round"; done
  disconnect 5
done
for fd in "${stay[@]}"; do disconnect "$fd"; done
