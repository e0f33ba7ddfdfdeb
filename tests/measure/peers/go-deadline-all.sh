#!/bin/sh
# go-deadline-all: the same on as many processors as Go takes by itself.
exec "${0%/*}/../tests/peers/echo" -deadline 5s "$@"
