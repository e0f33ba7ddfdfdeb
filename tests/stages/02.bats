#!/usr/bin/env bats
# What is special to 02: threads, and with --workers a channel before them.

STAGE=02
load ../lib/helpers

setup() {
  about 5 "chapter 2, when the system says no"
}

threads_become() { # COUNT
  eventually has_threads "$1" || saw "there are $(count_threads) threads, not $1"
}

has_threads() { # COUNT
  [ "$(count_threads)" -eq "$1" ]
}

@test "every client has a thread, which ends when the client disconnects" {
  only_linux "threads are counted in /proc"
  without_sanitizers "they have a thread of their own"
  start_server
  before=$(count_threads)
  start_crowd 7 20
  threads_become $((before + 20))
  end_client 7
  threads_become "$before"
}

@test "a thread's stack is small: 1,000 take less than 200 MB of addresses" {
  only_linux "addresses are counted in /proc"
  without_sanitizers "they have memory of their own"
  has_descriptors 1100
  start_server
  client_does hello
  before=$(address_space_kb)
  start_crowd 7 1000
  grown=$(($(address_space_kb) - before))
  [ "$grown" -lt 200000 ] || saw "1,000 threads took $grown KiB of addresses"
}

# bats test_tags=torture
@test "a thread that cannot be started is tried again, and no client is dropped" {
  only_linux "elsewhere addresses are not limited"
  without_sanitizers "they need more addresses than this test allows"
  # Room for about forty stacks of 128 KiB beside the program itself.
  start_server
  memory_kb=$(($(address_space_kb) + 5200))
  stop_server
  start_server
  start_until 7 'connected 50' crowd 50
  wait_for_log 'warning: cannot accept: Resource temporarily unavailable; pausing$'
  takes_no_cpu "a server that waits for a thread"
  [ "$(count_log 'warning')" -eq 1 ]
  taken=$(($(count_log accepted) - 1))
  [ "$taken" -ge 5 ]
  [ "$taken" -lt 50 ]
  tell_client 7 "hello 0 $((taken - 1))"
  client_says 7 "^$taken clients heard"
  tell_client 7 "leave 20"
  client_says 7 'left, 30 remain'
  tell_client 7 'hello 0 29'
  client_says 7 '^30 clients heard'
}

@test "--workers N serves N clients at a time" {
  about 3 "chapter 2, a fixed number"
  start_server --workers 1
  connect 5
  say 5 hello
  hears 5 hello
  connect 6
  say 6 patience
  say 5 again
  hears 5 again
  hears_nothing 6
  disconnect 5
  hears 6 patience
}

@test "--workers N starts N threads, whatever the number of clients" {
  only_linux "threads are counted in /proc"
  without_sanitizers "they have a thread of their own"
  start_server --workers 3
  threads_become 4
  start_until 7 'connected 10' crowd 10
  wait_for_log accepted 10
  has_threads 4
}

@test "when all workers are busy the channel fills, and then the backlog" {
  about 3 "chapter 2, a fixed number"
  start_server --workers 2
  # Two are served, 16 are in the channel, and one is on its way into it.
  start_until 7 'connected 30' crowd 30
  wait_for_log accepted 19
  tell_client 7 'hello 0 1'
  client_says 7 '^2 clients heard'
  [ "$(count_log accepted)" -eq 19 ]
  end_client 7
  client_does hello
}

@test "workers that cannot all be started end the program, with the reason" {
  only_linux "elsewhere addresses are not limited"
  without_sanitizers "they need more addresses than this test allows"
  run bash -c "ulimit -v 8000; exec '$SERVER' --workers 1000 0"
  [ "$status" -eq 1 ]
  contains "$output" "error: cannot start worker "
  contains "$output" " of 1000: Resource temporarily unavailable"
}

@test "an idle client costs at most 16 KiB of user memory" {
  about 12 "chapter 2, what a thousand threads cost"
  [ "$(getconf PAGESIZE)" -le 4096 ] || skip "a page is larger here"
  has_descriptors 600
  without_sanitizers "they have memory of their own"
  start_server
  client_does half-close 1048576
  before=$(resident_kb)
  start_crowd 7 500
  each=$((($(resident_kb) - before) * 1024 / 500))
  [ "$each" -le 16384 ] || saw "an idle client cost $each bytes"
}
