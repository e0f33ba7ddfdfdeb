# shellcheck shell=bash # exercises/run sources this
start_server
asks "a client sends as much as fits, then reads all of it"
start_client 7 no-read 67108864
client_says 7 '^stuck'
tell_client 7 read
client_says 7 '^echoed'
