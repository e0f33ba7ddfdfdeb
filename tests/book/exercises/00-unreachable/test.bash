# shellcheck shell=bash # exercises/run sources this
asks "a client connects to the port that the server was given"
start_server
# A number whose two bytes are the same would hide it.
while [ "$((port % 256))" -eq "$((port / 256))" ]; do
  stop_server
  start_server
done
client_does hello
