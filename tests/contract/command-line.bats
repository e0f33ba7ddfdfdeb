#!/usr/bin/env bats
# Options, addresses, exit statuses: the contract's section on the command line.

load ../lib/helpers

setup() {
  hint="contract, command line; README.md, options"
}

# Wrong usage: status 2, nothing on stdout, a line that says why, the usage.
refuses() { # PATTERN ARGUMENT...
  local pattern=$1
  shift
  run --separate-stderr limited "$SERVER" "$@"
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  # shellcheck disable=SC2154  # set by run
  [[ "${stderr_lines[0]}" == *"$pattern"* ]] ||
    saw "the reason is '${stderr_lines[0]}', not '$pattern'"
  [[ "${stderr_lines[1]}" == "usage: "* ]]
}

@test "--help and -h print the usage on stdout and exit with 0" {
  for option in --help -h; do
    run --separate-stderr "$SERVER" "$option"
    [ "$status" -eq 0 ]
    [[ "${lines[0]}" == "usage: "* ]]
    # shellcheck disable=SC2154
    [ -z "$stderr" ]
  done
}

@test "the usage names the options that this stage takes, and no others" {
  run "$SERVER" --help
  expected="help quiet verbose"
  case $stage in
    02) expected="$expected workers" ;;
    03) expected="$expected poll" ;;
    04 | 05) expected="$expected edge" ;;
    06) expected="$expected timeout" ;;
  esac
  found=$(echo "$output" | sed -n 's/^  -., --\([a-z]*\).*/\1/p' | xargs)
  [ "$found" = "$expected" ]
  for option in --workers=1 --poll --edge --timeout=1; do
    name=${option#--}
    [[ "$expected" == *${name%=*}* ]] || refuses "unknown option '$option'" "$option"
  done
}

@test "a bad number is refused" {
  case $stage in
    02)
      for n in 0 -1 1.5 four "" 99999999999999999999 "3 " 0x10; do
        refuses "bad number of workers '$n'" --workers "$n"
      done
      refuses "needs a value" --workers
      ;;
    06)
      for s in 0 -1 inf nan INF "" 5s 1e400 0x5 1e-400 "1 " .; do
        refuses "bad number of seconds '$s'" --timeout "$s"
      done
      refuses "needs a value" -t
      ;;
    *) skip "only 02 and 06 take numbers" ;;
  esac
}

# bats test_tags=once
@test "what is no option and no address is refused, with the reason" {
  refuses "unknown option '-x'" -x
  refuses "unknown option '--nonsense'" --nonsense
  refuses "unknown option '-x'" -qx
  refuses "unknown option '-x'" -xv
  refuses "unknown option '-x'" --quiet -xv
  refuses "unknown option '--quiet=1'" --quiet=1
  for port in 65536 99999 123456 4294967377; do
    refuses "bad address '$port': PORT must be" "$port"
  done
  refuses "bad address '127.0.0.1:': PORT must be" 127.0.0.1:
  refuses "bad address '127.0.0.1:http': PORT must be" 127.0.0.1:http
  refuses "bad address '127.0.0.1:-1': PORT must be" 127.0.0.1:-1
  refuses "bad address '[::1]:65536': PORT must be" '[::1]:65536'
  refuses "bad address 'localhost': it is neither" localhost
  refuses "bad address '': it is neither" ""
  refuses "bad address '[::1]': write it as [IPV6]:PORT" '[::1]'
  refuses "bad address '[::1': write it as [IPV6]:PORT" '[::1'
  refuses "bad address '[localhost]:80': there is no IPv6" '[localhost]:80'
  refuses "bad address '[]:80': there is no IPv6" '[]:80'
  refuses "longer than 255" "$(printf '%0256d' 0):80"
  refuses "write 127.0.0.1:PORT, or 0.0.0.0:PORT" :8080
  refuses "0.0.0.0:PORT" '*:8080'
  refuses "write an IPv6 address as [IPV6]:PORT" ::1:8080
  refuses "write an IPv6 address as [IPV6]:PORT" fe80::1
  refuses "the path after unix: is missing" unix:
  refuses "the path is too long" "unix:/tmp/$(printf '%0120d' 0)"
}

# One line, and nothing in it that the terminal obeys.
# bats test_tags=once
@test "what the user typed is shown escaped" {
  local odd=$'a\nb\033[31mc\td\200'
  local shown='a\nb\033[31mc\td\200'
  for argument in "$odd" "[$odd]:80" "127.0.0.1:$odd" "--$odd" \
    "unix:$(printf '%0120d' 0)$odd"; do
    refuses "" "$argument"
    run ! env LC_ALL=C grep -q '[^ -~]' <<<"${stderr_lines[0]}"
  done
  refuses "'$shown'" "$odd"
  in_a_line 1 "no/$shown: No such file or directory" \
    limited "$SERVER" "unix:$scratch/no/$odd"
}

@test "two addresses: 01 and 02 refuse them and say why, the others take them" {
  if [ "$((10#$stage))" -le 2 ]; then
    refuses "one ADDRESS only: one thread can wait in one accept" 0 0
  else
    start_server -- 0 "unix:$scratch/second"
    wait_for_log "listening on unix:$scratch/second"
    client_does hello
    address=unix:$scratch/second client_does hello
    client_does hello
  fi
}

@test "SIGTERM ends 01 to 03 as signals do, 04 to 06 in order" {
  start_server
  expected=0
  [ "$((10#$stage))" -ge 4 ] || expected=143
  stops_with TERM "$expected"
}
