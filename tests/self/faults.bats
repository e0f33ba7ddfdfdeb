#!/usr/bin/env bats
# Calls that fail when no server expects it. `make faults` walks over all of them;
# here are those that tell most, and the walk itself.
#
# bats file_tags=slow

load ../lib/helpers

setup() {
  only_linux "the library that makes calls fail needs LD_PRELOAD"
  without_sanitizers "they want to be loaded first, as the library does"
  cd "$root" || exit
  [ -x 04-epoll/server ] || skip "04 is not built here"
  export SEED=1 SAMPLE=1 JOBS=8
  unset SERVER VARIANT FAULT ONLY
}

walk() { # VARIABLE=VALUE...
  run env "$@" tests/harm/faults/walk 3>&-
  echo "$output"
}

# What nm finds and the walk leaves alone; faults.h says why.
cannot_fail="clock_gettime getrlimit kill signal sigpending sigprocmask sleep
  umask connect
  pthread_attr_destroy pthread_attr_init pthread_attr_setdetachstate
  pthread_attr_setstacksize pthread_cond_signal
  pthread_cond_wait pthread_mutex_lock pthread_mutex_unlock"
no_system_call="atexit exit fprintf fputc free freeaddrinfo fwrite gai_strerror
  getopt_long getpid inet_pton memcpy memmove memset sigaddset sigdelset sigemptyset
  sigismember snprintf strchr strcspn strerror strlen strncmp strspn strtod
  strtol vfprintf vsnprintf"

@test "every function that a server calls is walked, or known to need no walk" {
  needs nm
  walked=$(sed -n '/define FAULT_FUNCTIONS/,/^$/s/X(\([a-z_0-9]*\))/\n\1\n/gp' \
    tests/harm/faults/faults.h | grep -x '[a-z_0-9]*')
  called=$(nm -u 0*/server build/*/06-timeouts/server |
    sed -n 's/^ *U \([a-z][a-z_0-9]*\).*/\1/p' | sort -u)
  [ "$(echo "$called" | wc -l)" -gt 60 ]
  known=$(printf '%s ' "$walked" "$cannot_fail" "$no_system_call" | tr -s '\n' ' ')
  for name in $called; do
    case " $known " in
      *" $name "*) ;;
      *) saw "$name is called, and faults.h does not know it" ;;
    esac
  done
}

@test "04 holds the contract whatever fails" {
  walk STAGE=04 VARIANT=plain
  [ "$status" -eq 0 ]
  contains "$output" " 0 failed"
}

@test "without a thread a client waits, without memory one client is closed" {
  walk STAGE=02 VARIANT=plain SAMPLE=3 ONLY=pthread_create
  [ "$status" -eq 0 ]
  walk STAGE=03 VARIANT=--poll SAMPLE=3 ONLY=alloc
  [ "$status" -eq 0 ]
  walk STAGE=06 VARIANT=plain SAMPLE=3 ONLY=alloc
  [ "$status" -eq 0 ]
}

@test "the walk finds what is wrong with a careless server" {
  walk SERVER=build/tests/careless STAGE=01 SAMPLE=2 ONLY='^write:.*:half'
  [ "$status" -eq 1 ]
  contains "$output" "make faults STAGE=01"
  contains "$output" "SERVER=build/tests/careless"
  walk SERVER=build/tests/careless STAGE=01 SAMPLE=2 ONLY='^read:.*:EINTR'
  [ "$status" -eq 1 ]
  contains "$output" "lost clients: 1, "
}

@test "a fault is injected where it is asked for, and the log shows it" {
  walk STAGE=04 VARIANT=plain FAULT=accept:1+2:EMFILE
  [ "$status" -eq 0 ]
  contains "$output" "warning: cannot accept: Too many open files"
  walk STAGE=04 VARIANT=plain FAULT=bind:1:EACCES
  contains "$output" "error: cannot listen on 0: Permission denied"
  contains "$output" "refused bind:1:EACCES"
}
