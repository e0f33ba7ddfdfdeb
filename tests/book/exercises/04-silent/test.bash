# shellcheck shell=bash # exercises/run sources this
start_server
asks "a client sends 100,000 bytes, says that this was all, and reads"
client_does half-close 100000
