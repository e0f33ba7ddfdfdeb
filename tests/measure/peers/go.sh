#!/bin/sh
# go: Go's net package with a goroutine per connection, on one processor.
GOMAXPROCS=1 exec "${0%/*}/../tests/peers/echo" "$@"
