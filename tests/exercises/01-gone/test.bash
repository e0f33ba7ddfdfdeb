# shellcheck shell=bash # exercises/run sources this
start_server
asks "twenty clients send something and reset their connections"
asks "then another one says hello"
"$client" -t "$PATIENCE" "$address" reset 20 >/dev/null 2>&1
client_does hello
