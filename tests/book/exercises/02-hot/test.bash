# shellcheck shell=bash # exercises/run sources this
limit=24
start_server
asks "forty clients come to a server that may have 24 descriptors; all are silent"
start_client 7 crowd 40
client_says 7 '^connected 40'
is_idle
asks "thirty of them leave, and the rest say hello"
tell_client 7 'leave 30'
tell_client 7 hello
client_says 7 '^10 clients heard'
