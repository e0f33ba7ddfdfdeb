# shellcheck shell=bash # exercises/run sources this
start_server
asks "a client sends ten bytes, each one when the one before has come back"
client_does drip 10
