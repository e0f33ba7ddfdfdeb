# shellcheck shell=bash # exercises/run sources this
start_server
asks "a client says nothing"
start_client 7 silent
client_says 7 '^closed by the server'
asks "another one sends 64 MB and reads nothing"
start_client 8 no-read 67108864
client_says 8 '^stuck'
end=$((SECONDS + PATIENCE))
until [ "$(count_threads)" -eq 1 ]; do
  [ "$SECONDS" -lt "$end" ] ||
    saw "after $PATIENCE s the server still waits for a client that does not read"
  sleep 0.1
done
