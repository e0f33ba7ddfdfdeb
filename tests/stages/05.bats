#!/usr/bin/env bats
# What is special to 05: kqueue, wherever the build found it.

STAGE=05
load ../lib/helpers

@test "kevent does what its manual page says" {
  has_descriptors 128
  run "$root/build/tests/kqueue_conformance"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "the server and its poller know of no system but kqueue's" {
  code=$(sed 's:^ *//.*::' "$root"/05-kqueue/*.c)
  run ! grep -E 'epoll|signalfd|__linux__|#if' <<<"$code"
}
