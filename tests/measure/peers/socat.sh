#!/bin/sh
# socat: a process per connection, that moves the bytes through a pipe.
[ "$1" != --version ] || {
  socat -V | sed -n 's/^socat version \([^ ]*\).*/\1/p'
  exit
}
# shellcheck source=tests/peers/listening.sh
. "${0%/*}/../../tests/peers/listening.sh"
exec socat "TCP4-LISTEN:$port,bind=127.0.0.1,reuseaddr,backlog=4096,nodelay,fork" PIPE
