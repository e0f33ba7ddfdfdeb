#!/usr/bin/env bats
# Contract 12: what an idle client costs, and how many there may be.

load ../lib/helpers

setup() {
  about 12 "chapter 4, what silence costs"
}

@test "the soft limit of descriptors is raised to the hard limit" {
  from_stage 02 "01 has one client at a time"
  fits 100
  ulimit -S -n 64
  start_server
  all_descriptors
  start_crowd 7 100
}

@test "a server uses all descriptors but the ten that it needs itself" {
  from_stage 02 "01 has one client at a time"
  fits 54
  limit=64 start_server
  start_crowd 7 54
}

crowd_of_300() {
  local before
  before=$(descriptors)
  start_crowd 7 300
  end_client 7
  descriptors_return_to "$before"
}

@test "memory and descriptors return when a crowd has disconnected" {
  about 12 "chapter 2, what a thousand threads cost"
  from_stage 02 "01 serves one client at a time"
  fits 300
  only_linux "descriptors are counted in /proc"
  without_sanitizers "they have memory of their own"
  start_patient_server
  crowd_of_300
  open=$(descriptors)
  memory=$(resident_kb)
  crowd_of_300
  descriptors_return_to "$open"
  # A second crowd finds what the first has left behind.
  strictly "memory in KiB"
  grown=$(($(resident_kb) - memory))
  [ "$grown" -le 512 ] ||
    saw "a second crowd cost $grown KiB for good, allowed are 512"
}

@test "an idle client costs at most 64 bytes of user memory" {
  from_stage 04 "01 and 02 have stacks, 03 has a list beside"
  strictly "64 bytes for a client"
  without_sanitizers "they have memory of their own"
  crowd=10000 bytes=64
  # In less time than a reader's 06 gives them. An array that is shorter than
  # 128 KiB leaves holes in the heap as it grows.
  is_ours || crowd=2000 bytes=130
  # The header for Linux adds a table with 40 bytes per descriptor, up to an
  # eighth longer than it need be, and what it leaves behind when it grows.
  ! on_kqueue || bytes=$((bytes + 56))
  has_descriptors $((crowd + 100))
  ulimit -S -n $((crowd + 100))
  start_patient_server
  bears_a_crowd
  client_does half-close 1048576
  before=$(resident_kb)
  start_crowd 7 "$crowd"
  each=$((($(resident_kb) - before) * 1024 / crowd))
  [ "$each" -le "$bytes" ] ||
    saw "an idle client cost $each bytes, allowed are $bytes"
}

serves_a_crowd() { # CLIENTS
  start_crowd 7 "$1" && tell_client 7 'leave 1' || return
  client_says 7 'left' || return # before it left, it looked at all the others
  client_does hello
}

# bats test_tags=slow,check,torture
@test "as many clients as the hard limit allows, up to 20,000, are served" {
  from_stage 04 "scale is what 04 to 06 are for"
  has_descriptors 200
  most=$(ulimit -H -n)
  [ "$most" != unlimited ] && [ "$most" -lt 20000 ] || most=20000
  ulimit -S -n "$most"
  start_patient_server
  bears_a_crowd
  most=$((most - 100))
  since=$SECONDS
  until serves_a_crowd "$most"; do
    # A reader's 06 closes the first of them after five seconds, and does well:
    # fewer can connect in that time.
    [ "$stage" = 06 ] && ! is_ours && [ $((SECONDS - since)) -ge 4 ] &&
      [ "$most" -gt 2000 ] || return 1
    most=$((most / 2))
    since=$SECONDS
  done
}
