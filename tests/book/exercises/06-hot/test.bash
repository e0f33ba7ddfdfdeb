# shellcheck shell=bash # exercises/run sources this
start_server
asks "a client says nothing until the server closes it"
before=$(cpu_ms)
start_client 7 silent
client_says 7 '^closed by the server'
spent=$(($(cpu_ms) - before))
[ "$spent" -lt 30 ] ||
  saw "while a client was silent, the server took $spent ms of CPU time"
