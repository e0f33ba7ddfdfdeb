# shellcheck shell=bash # exercises/run sources this
start_server
asks "twenty times, fifty clients come while the server sleeps, and all say hello"
for round in {1..20}; do
  suspend_server
  start_client 7 burst 50
  client_says 7 '^connected 50'
  resume_server
  client_says 7 '^served all 50'
  end_client 7
done
