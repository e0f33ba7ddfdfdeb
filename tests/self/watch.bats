#!/usr/bin/env bats
# make watch and make tour: what they show in a terminal (tmux), and that they
# leave nothing.

load ../lib/helpers

setup() {
  needs ss
  needs tmux
  cd "$root" || exit
  unset MAKEFLAGS MAKELEVEL NO_COLOR # not those of the make that runs the tests
}

teardown() {
  stop_server # and clients
  terminal kill-server || true
}

terminal() { # COMMAND [ARGUMENT]...
  tmux -S "$scratch/tmux$watches" -f /dev/null "$@" 2>/dev/null
}

# Each has a socket of its own, because a server of tmux takes time to end.
watches=0

watch() { # STAGE [OPTION]...
  terminal kill-server || true
  watches=$((watches + 1))
  terminal new-session -d -x 80 -y 24 "stty -g >$scratch/before
    sh -c 'echo \$\$ >$scratch/pid; SERVER=\"${watched:-}\" exec tests/tools/watch $*'
    echo \"ended with \$?\"; stty -g >$scratch/after; exec sleep 100" 3>&- 4>&-
  shows 'idle\|left\|ended'
  port=$(terminal capture-pane -p | sed -n 's/.* on 127.0.0.1:\([0-9]*\): .*/\1/p')
  address=127.0.0.1:$port
}

shows() { # PATTERN
  eventually is_on_screen "$1" ||
    saw "the screen never showed '$1' but $(terminal capture-pane -p)"
}

is_on_screen() { # PATTERN
  terminal capture-pane -p | grep -q -- "$1"
}

# The watcher ended with STATUS, the terminal is as it was, the server is gone.
left_nothing() { # STATUS
  shows "ended with $1" || return
  [ "$(terminal display -p '#{alternate_on} #{cursor_flag} #{wrap_flag}')" = '0 1 1' ] ||
    saw "the terminal is left in another mode"
  diff "$scratch/before" "$scratch/after"
  nothing_listens || saw "the server still listens"
}

nothing_listens() {
  [ -z "$(ss -tlnH "sport = :$port")" ]
}

@test "make watch shows a client, what it sent and that it left; q ends it" {
  watch 4 0
  connect 5
  shows ' 127.0.0.1:[0-9]* *waiting to read  *0  *0'
  say 5 hello
  hears 5 hello
  shows 'waiting to read  *6  *6'
  disconnect 5
  shows ' closed  *6  *6'
  shows 'closed: client closed; echoed 6 bytes' # the log
  terminal send-keys q
  shows '04-epoll stopped: served 1 connection, echoed 6 bytes'
  left_nothing 0
}

@test "whatever ends make watch, the terminal is as it was and the server is gone" {
  # A shell can't mind what it was started to ignore, as by nohup or by `&`.
  if [ -z "$(bash -c 'trap -p INT')" ]; then
    watch 06 0
    terminal send-keys C-c
    left_nothing 0
  fi
  watch 06 0
  kill -TERM "$(cat "$scratch/pid")"
  left_nothing 143
  watch 04 0
  kill -KILL "$(pgrep -P "$(cat "$scratch/pid")" server)"
  shows 'signal 9 ended the server'
  left_nothing 1
  for _ in 1 2 3; do # what a terminal that closes sends may come twice
    watch 04 0
    terminal kill-server
    eventually nothing_listens || saw "the server outlives the terminal"
  done
}

@test "make watch shows what each client waits for" {
  watch 02 --workers 1 0
  connect 5
  shows 'waiting in read'
  connect 6
  shows 'has no thread'
  disconnect 6
  watch 01 0
  connect 6
  shows 'waiting in read of \[4\]'
  connect 5
  shows ' -  *127.0.0.1:[0-9]* *in the backlog'
  watch 06 --timeout 5 0
  connect 5
  shows ' 0  *0  *[0-4]\.[0-9]  *0  *0  *#'
  shows 'closed: idle for 5 s'
}

@test "make watch shows any server, which client does not read, in any terminal" {
  watched='04-epoll/server -q' watch
  start_client 7 no-read 67108864
  shows 'waiting to write'
  start_client 8 crowd 10
  terminal resize-window -x 60 -y 12
  shows 'and [0-9]* more'
  [ "$(terminal capture-pane -p | grep -c .)" -le 12 ]
}

@test "make watch draws without colours where NO_COLOR says so" {
  NO_COLOR=1 watch 04 0
  [ "$(terminal capture-pane -p -e | grep -c $'\033')" -eq 0 ]
  watch 04 0
  [ "$(terminal capture-pane -p -e | grep -c $'\033')" -gt 0 ]
}

@test "make watch says in a line why it can't show a server" {
  SERVER='' in_a_line 1 "draws on a terminal, and this is none" tests/tools/watch 4 0
  SERVER='' in_a_line 2 "which stage, 01 to 06" tests/tools/watch 09
  watch 02 --workers 0
  shows 'bad number of workers'
  shows 'ended with 2'
  start_server
  watch 04 "$port"
  shows 'cannot listen on [0-9]*: Address already in use'
  shows 'ended with 1'
  watched=false watch
  shows "watch: started as 'false [0-9]*', it ended with 1"
}

@test "make tour fits a terminal of 60 columns, and Ctrl-C leaves nothing behind" {
  terminal new-session -d -x 60 -y 24 \
    "TMPDIR=$scratch tests/tools/tour; echo \"ended with \$?\"; exec sleep 100" 3>&- 4>&-
  shows '^01-blocking: '
  [ -d "$(echo "$scratch"/tour.*)" ]
  shows '^reads, two that say hello, then 200 idle ones. It takes$'
  terminal send-keys C-c
  shows 'ended with 130'
  run ! ls -d "$scratch"/tour.*
}
