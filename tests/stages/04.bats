#!/usr/bin/env bats
# What is special to 04: epoll, level- and edge-triggered. strace sees it.

STAGE=04
load ../lib/helpers

# bats test_tags=slow
@test "level-triggered, a message costs a wait, a read and a write" {
  about 7 "chapter 4, what silence costs"
  start_server -q
  trace_server epoll_ctl,epoll_wait,read,write
  client_does drip 100
  end_trace
  [ "$(grep -c 'epoll_wait' "$calls")" -le 106 ]
  [ "$(grep -c 'read(' "$calls")" -le 106 ]
  [ "$(grep -c 'EPOLL_CTL_MOD' "$calls")" -eq 0 ]
  run ! grep EPOLLET "$calls"
}

# bats test_tags=slow
@test "--edge arms every client, and again in every turn, so that no edge is lost" {
  about 8 "chapter 4, the lost edge"
  start_server -q --edge
  trace_server epoll_ctl,epoll_wait,read,write
  client_does half-close 1048576
  end_trace
  grep -q 'EPOLL_CTL_ADD.*EPOLLIN|EPOLLET' "$calls"
  grep -q 'EPOLL_CTL_MOD.*EPOLLIN|EPOLLET' "$calls"
}

# bats test_tags=slow
@test "a flood gets one read a turn, however much there is, even with --edge" {
  about 8 "chapter 3, where connections live"
  for option in -q --edge; do
    start_server -q "$option"
    trace_server epoll_wait,read
    start_until 7 flooding flood
    end_client 7
    end_trace
    greedy=$(awk '$2 ~ /^read/ { if (before == $2) print; before = $2; next }
                  { before = "" }' "$calls")
    [ -z "$greedy" ] || saw "with $option it read twice in a turn: $greedy"
    stop_server
  done
}

# Built as macOS builds it, where accept() without a descriptor closes the client.
# bats test_tags=slow
@test "where accept drops clients, the server asks for a descriptor before" {
  about 5 "chapter 4, when descriptors run out"
  ${CC:-cc} -std=gnu11 -pthread -DACCEPT_DROPS_CLIENTS -I"$root/common" \
    -o "$scratch/mac" "$root"/04-epoll/*.c "$root"/common/*.c
  SERVER=$scratch/mac limit=24 start_server
  trace_server dup,accept
  start_until 7 'connected 30' crowd 30
  wait_for_log 'warning: cannot accept: Too many open files; pausing'
  tell_client 7 'leave 20'
  client_says 7 'left, 10 remain'
  tell_client 7 hello
  client_says 7 '^10 clients heard'
  end_client 7
  end_trace
  grep -q 'dup(.*EMFILE' "$calls"
  run ! grep 'accept(.*EMFILE' "$calls"
}
