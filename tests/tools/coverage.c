// dump.c: counts what runs, also in a server that a signal ends.
//
// gcov writes its counts when a program exits. 01 to 03 end by SIGTERM's
// default action, and have no business to know of gcov; so this is linked with
// them when coverage is measured. 04 to 06 take the signal themselves, and
// exit.

#include <signal.h>
#include <unistd.h>

void __gcov_dump(void); // NOLINT(*-reserved-identifier,cert-dcl*): it is gcc's

static void dump(int signal_number) {
    close(STDIN_FILENO); // there may be no other descriptor to write with
    // NOLINTNEXTLINE(*-signal-handler,cert-sig30-c): the server only waits
    __gcov_dump();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

__attribute__((constructor)) static void dump_when_ended(void) {
    signal(SIGTERM, dump);
}
