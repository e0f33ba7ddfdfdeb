#!/usr/bin/env bats
# What is special to 01: one client at a time.

STAGE=01
load ../lib/helpers

setup() {
  about 3 "chapter 2, the wall"
  start_server
}

@test "a second client waits until the first one disconnects" {
  connect 5
  connect 6
  say 5 hello
  hears 5 hello
  say 6 patience
  say 5 again
  hears 5 again
  hears_nothing 6
  disconnect 5
  hears 6 patience
}

@test "clients are served in the order in which they came" {
  about 13 "chapter 0, three places"
  connect 5
  say 5 first
  hears 5 first
  start_until 7 'connected 1' crowd 1
  connect 6
  say 6 last
  disconnect 5
  tell_client 7 hello
  client_says 7 '^1 client'
  end_client 7
  hears 6 last
}
