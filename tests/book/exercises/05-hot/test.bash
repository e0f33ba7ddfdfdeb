# shellcheck shell=bash # exercises/run sources this
start_server
asks "a client says hello, and then nothing"
start_client 7 crowd 1
tell_client 7 hello
client_says 7 '^1 clients heard'
is_idle
asks "another one sends as much as fits, waits, and then reads all of it"
start_client 8 no-read 67108864
client_says 8 '^stuck'
is_idle
tell_client 8 read
client_says 8 '^echoed'
