#!/usr/bin/env bats
# Contract 1 and 2: what comes in goes out, unchanged, to the last byte.

load ../lib/helpers

setup() {
  about 1 "chapter 1, the whole server"
  start_server
}

@test "a client hears what it says" {
  reply=$(echo hello | nc_client 127.0.0.1 "$port")
  [ "$reply" = hello ] || saw "nc said 'hello' and heard '$reply'"
}

@test "every byte there is comes back as it was" {
  every_byte >"$scratch/sent"
  nc_client 127.0.0.1 "$port" <"$scratch/sent" >"$scratch/heard"
  cmp "$scratch/sent" "$scratch/heard" ||
    saw "the 256 bytes that came back are not those that were sent"
}

# bats test_tags=torture
@test "bytes that come one by one go back one by one" {
  client_does drip 200
}

# bats test_tags=torture
@test "an answer of 8 MiB comes back whole after the client has finished" {
  about 2 "chapter 1, the recipe"
  client_does half-close 8388608
}

@test "a client that says nothing and finishes is closed" {
  about 2 "chapter 1, the recipe"
  reply=$(nc_client 127.0.0.1 "$port" </dev/null)
  [ -z "$reply" ] || saw "nc said nothing and heard '$reply'"
  client_does hello
}

# bats test_tags=torture
@test "urgent data disturbs no client" {
  client_does urgent
  client_does hello
}

@test "a hundred clients at once all hear their own echo" {
  about 3 "chapter 2, one thread for each client"
  from_stage 02 "01 serves one client at a time"
  fits 100
  start_crowd 7 100
  end_client 7
}

@test "500 quick clients are served, one after the other, and leave nothing open" {
  client_does hello
  only_linux "descriptors are counted in /proc"
  before=$(descriptors)
  client_does quick 500
  descriptors_return_to "$before"
}
