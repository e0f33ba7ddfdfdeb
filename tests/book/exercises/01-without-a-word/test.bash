# shellcheck shell=bash # exercises/run sources this
start_server
asks "while the server is busy, a client sends 8,000 bytes and leaves for good"
suspend_server
client_does linger-reset
resume_server
asks "then another one says hello"
client_does hello
