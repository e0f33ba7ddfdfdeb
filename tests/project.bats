#!/usr/bin/env bats
# The project around the servers: make's targets, scripts, documents.

load helpers

@test "make help names every target that is meant for people" {
  run make -C "$root" --no-print-directory help
  [ "$status" -eq 0 ]
  for target in tour test check diff deps lint format clean help; do
    [[ "$output" == *"make $target"* ]]
  done
}
