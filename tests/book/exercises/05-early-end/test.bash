# shellcheck shell=bash # exercises/run sources this
start_server
asks "while the server is busy, a client says hello and that this was all"
suspend_server
start_client 7 burst 1
client_says 7 '^connected'
resume_server
asks "then it waits for its echo"
client_says 7 '^served'
