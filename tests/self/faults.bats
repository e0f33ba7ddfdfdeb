#!/usr/bin/env bats
# Calls that fail when no server expects it: what `make faults` walks over.
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

# What nm finds and the walk leaves alone, and why. (Our kqueue has timers, and
# no server watches one.)
fails_for_wrong_arguments_only="clock_gettime getrlimit kill signal sigpending
  sigprocmask sleep umask pthread_attr_destroy pthread_attr_init
  pthread_attr_setdetachstate pthread_attr_setstacksize pthread_cond_signal
  pthread_cond_wait pthread_mutex_lock pthread_mutex_unlock"
makes_no_system_call="atexit exit fprintf fputc free freeaddrinfo fwrite
  gai_strerror getopt_long getpid inet_pton memcpy memmove memset sigaddset
  sigdelset sigemptyset sigismember snprintf strchr strcspn strerror strlen
  strncmp strspn strtod strtol vfprintf vsnprintf"
left_alone="$fails_for_wrong_arguments_only $makes_no_system_call connect
  timerfd_create timerfd_settime"

names() { # LETTER OF NM; its output on stdin
  sed -n "s/.* $1 \([a-z][a-z_0-9]*\).*/\1/p" | sort -u
}

@test "every function that a server calls is walked, or known to need no walk" {
  needs nm
  walked=$(nm -D build/tests/faults.so | names T)
  called=$(nm -u 0*/server build/*/06-timeouts/server | names U)
  [ "$(echo "$called" | wc -l)" -gt 60 ]
  for name in $called; do
    tr ' ' '\n' <<<"$left_alone $walked" | grep -qx "$name" ||
      saw "$name is called, and faults.c does not know it"
  done
  for name in $walked; do # in the walk's list of what can happen, too
    grep -q "^$name [E+o]" tests/harm/faults/walk || saw "the walk has no $name"
  done
}

# The other stages walk in contract/torture.bats.
@test "poll without memory for its list closes one client" {
  walk STAGE=03 VARIANT=--poll SAMPLE=3 ONLY=alloc
  [ "$status" -eq 0 ]
}

@test "the walk finds what is wrong with a server as tutorials begin" {
  walk SERVER=build/tests/liar STAGE=01 SAMPLE=2 ONLY='^write:.*:one'
  [ "$status" -eq 1 ]
  contains "$output" "make faults STAGE=01"
  contains "$output" "SERVER=build/tests/liar"
  walk SERVER=build/tests/liar STAGE=01 SAMPLE=2 ONLY='^read:.*:EINTR'
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
