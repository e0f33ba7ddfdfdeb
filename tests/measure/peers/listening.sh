# listening.sh: for peers that choose no port and do not say when they listen.
#
# Sets port to $1, or to a free one if that is 0. Says that it listens as soon
# as somebody answers there; who waits for that is no child of the peer's, that
# might count it as a connection.
tests=${0%/*}/../tests
port=${1:?usage: ${0##*/} PORT}
[ "$port" -ne 0 ] || port=$("$tests/client" 0 free-port) || exit

until_it_answers() {
  until "$tests/client" "$port" hello >/dev/null 2>&1; do
    kill -0 $$ 2>/dev/null || return
    sleep 0.05
  done
  echo "listening on 127.0.0.1:$port" >&2
}
(until_it_answers &)
