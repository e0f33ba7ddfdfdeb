#!/bin/sh
# ncat: two processes per connection, one of them is cat.
[ "$1" != --version ] || {
  ncat --version 2>&1 | sed -n 's/^Ncat: Version \([^ ]*\).*/\1/p'
  exit
}
# shellcheck source=tests/peers/listening.sh
. "${0%/*}/../../tests/peers/listening.sh"
exec ncat --listen --keep-open --max-conns 900 --exec /bin/cat 127.0.0.1 "$port"
