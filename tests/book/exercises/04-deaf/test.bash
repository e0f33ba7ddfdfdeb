# shellcheck shell=bash # exercises/run sources this
start_server
asks "a client has said hello and left; the next one says hello"
client_does hello
