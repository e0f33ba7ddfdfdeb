#!/usr/bin/env bats
# Contract 1 and 2: what comes in goes out, unchanged, to the last byte.

load ../lib/helpers

setup() {
  about 1 "chapter 1, the whole server"
  start_server
}

teardown() {
  stop_server
}

@test "a client hears what it says" {
  reply=$(echo hello | nc_client 127.0.0.1 "$port")
  [ "$reply" = hello ] || saw "nc said 'hello' and heard '$reply'"
}

@test "every byte there is comes back as it was" {
  for byte in 0 1 2 3; do
    for low in 0 1 2 3 4 5 6 7; do
      for lowest in 0 1 2 3 4 5 6 7; do
        # shellcheck disable=SC2059  # the format is what is to be printed
        printf "\\$byte$low$lowest"
      done
    done
  done >"$scratch/sent"
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

@test "the next client is served when the one before has disconnected" {
  connect 5
  say 5 one
  hears 5 one
  disconnect 5
  connect 5
  say 5 two
  hears 5 two
}

@test "300 quick clients are served one after the other" {
  client_does quick 300
}

@test "a hundred clients at once all hear their own echo" {
  about 3 "chapter 2, one thread for each client"
  from_stage 02 "01 serves one client at a time"
  fits 100
  has_descriptors 150
  start_crowd 7 100
  end_client 7
}

# bats test_tags=slow
@test "5000 quick clients leave no descriptor behind" {
  client_does hello
  only_linux "descriptors are counted in /proc"
  before=$(descriptors)
  client_does quick 5000
  descriptors_return_to "$before"
}
