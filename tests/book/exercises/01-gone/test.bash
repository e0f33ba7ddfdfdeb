# shellcheck shell=bash # exercises/run sources this
start_server
asks "while the server is busy, twenty clients come and reset their connections"
suspend_server
client_does abort 20
resume_server
asks "twenty more send something first, and then another one says hello"
# Those will do where the first ones are gone from the backlog.
"$client" -t "$PATIENCE" "$address" reset 20 >/dev/null 2>&1
client_does hello
