# shellcheck shell=bash # exercises/run sources this
start_server
asks "eight clients stay and say hello, while others come and go"
stay=(10 11 12 13 14 15 16 17)
for fd in "${stay[@]}"; do connect "$fd"; done
for round in {1..200}; do
  suspend_server
  connect 5
  for fd in "${stay[@]}"; do say "$fd" "hello $round"; done
  resume_server
  for fd in "${stay[@]}"; do hears "$fd" "hello $round"; done
  disconnect 5
done
for fd in "${stay[@]}"; do disconnect "$fd"; done
