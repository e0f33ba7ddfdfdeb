#!/usr/bin/env bats
# Contract 3: a client that sends and does not read costs a read buffer, and no
# other client waits for it.

load ../lib/helpers

setup() {
  about 3 "chapter 3, a client that doesn't read"
}

# More than all socket buffers between a client and the server can take.
much=67108864

# bats test_tags=torture
@test "a slow reader loses nothing and no other client waits for it" {
  start_server
  start_until 7 'stuck after' no-read "$much"
  [ "$stage" = 01 ] || client_does hello
  tell_client 7 go
  client_says 7 "echoed $much bytes"
}

@test "a slow reader that gives up costs nothing" {
  start_server
  client_does hello
  only_linux "descriptors are counted in /proc"
  before=$(descriptors)
  start_until 7 'stuck after' no-read "$much"
  end_client 7
  client_does hello
  descriptors_return_to "$before"
}

# bats test_tags=torture
# Twenty at a time, twice: what the first have left behind serves the second.
@test "slow readers that give up leave no memory behind" {
  only_ours "the memory of a client"
  from_stage 02 "01 serves one client at a time"
  case ${VARIANT:-} in --workers*) skip "the next twenty meet other workers" ;; esac
  without_sanitizers "they have memory of their own"
  start_patient_server -q
  local before=0 now grown
  # A leak grows each time. What a heap keeps of a larger crowd, it keeps once.
  for round in 1 2 3 4 5; do
    start_slow_readers "${round}01" "${round}20" "$much"
    for n in {1..20}; do client_says "$((round * 100 + n))" 'stuck after'; done
    kill "${background[@]}"
    wait "${background[@]}" || true
    background=()
    client_does hello
    now=$(resident_kb)
    grown=$((now - before))
    # What twenty leave unsent is 300 KiB and more.
    [ "$round" -eq 1 ] || [ "$grown" -gt 256 ] || return 0
    before=$now
  done
  saw "each twenty that gave up cost $grown KiB for good"
}

@test "a slow reader costs no more memory than one read buffer" {
  without_sanitizers "they have memory of their own"
  start_server
  client_does half-close 1048576
  before=$(resident_kb)
  start_until 7 'stuck after' no-read "$much"
  # 64 KiB, and some pages for what the C library does on the way. Another
  # language may allow itself more, but not all that the client has sent.
  allowed=192
  is_ours || [ -n "${STRICT:-}" ] || allowed=8192
  grown=$(($(resident_kb) - before))
  [ "$grown" -le "$allowed" ] ||
    saw "a slow reader cost the server $grown KiB, allowed are $allowed"
}

# bats test_tags=torture
@test "a reader that is stuck takes no CPU time, nor one that has read all" {
  ! spins || skip "03 asks all the time"
  start_patient_server -q
  connect 5
  head -c "$much" /dev/zero >&5 3>&- &
  background+=("$!")
  cpu_settles 5
  ! has_ended "$!" || saw "it did not get stuck"
  [ "$(head -c "$much" <&5 | wc -c)" -eq "$much" ]
  cpu_settles 5
}

# The bound in the header of common/connection.h, in KiB.
bound_kb() { # HIGHEST-DESCRIPTOR SLOW-READERS
  local connection=32 buffer=65536 unsent=16
  echo $(((($1 * 9 / 8 + 64) * connection + \
    ($2 + 2) * (buffer + unsent)) / 1024))
}

# bats test_tags=slow,torture
@test "a hundred slow readers take no more memory than the bound that is stated" {
  from_stage 03 "01 and 02 keep nothing: they wait in write"
  only_ours "the bound"
  without_sanitizers "they have memory of their own"
  start_patient_server -q
  client_does half-close 1048576
  before=$(resident_kb)
  start_slow_readers 1 100 "$much"
  for n in {1..100}; do client_says "$n" 'stuck after'; done
  grown=$(($(resident_kb) - before))
  [ "$grown" -le "$(bound_kb 120 100)" ] ||
    saw "100 slow readers cost $grown KiB, and not $(bound_kb 120 100) at most"
  # They do cost something: else this has measured nothing.
  [ "$grown" -ge 400 ] || saw "100 slow readers cost $grown KiB only"
}
