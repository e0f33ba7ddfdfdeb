#!/bin/sh
# go-deadline: with SetReadDeadline before each read, on one processor.
GOMAXPROCS=1 exec "${0%/*}/../tests/peers/echo" -deadline 5s "$@"
