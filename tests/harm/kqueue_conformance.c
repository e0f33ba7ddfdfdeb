// kqueue_conformance: does kqueue(2) do what its manual page says?
//
// It expects what FreeBSD, NetBSD, OpenBSD and macOS all do, and runs on any of
// them, on libkqueue, and on the one in common/linux. A test is a sentence and
// the steps that show it, prints one line of TAP, and is done with each kind of
// descriptor that it names. Tests wait for events; an alarm ends one that
// hangs.

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kqueue_steps.h"

enum { MANY = 40, HANG_S = 60 };

static void errors_are_events(void) {
    struct kevent both[] = {event_of(READ, EV_ADD), event_of(WRITE, EV_DELETE),
                            event_of(UNKNOWN, EV_ADD)};
    say();
    both[1].udata = (udata_type)(intptr_t)9;
    EXPECT(2, kevent(kq, both, 3, both, 3, NULL));
    EXPECT(EV_ERROR, both[0].flags & EV_ERROR);
    EXPECT(ENOENT, both[0].data);
    EXPECT(ours, both[0].ident);
    EXPECT(9, (intptr_t)both[0].udata);
    EXPECT(EINVAL, both[1].data);
    EXPECT(READ_BIT, look(0));
}

static void error_without_room(void) {
    struct kevent changes[] = {event_of(READ, EV_ADD),
                               event_of(WRITE, EV_DELETE),
                               event_of(WRITE, EV_ADD)};
    say();
    EXPECT(-1, kevent(kq, changes, 3, NULL, 0, NULL));
    EXPECT(ENOENT, errno);
    EXPECT(READ_BIT, look(0));
}

static void invalid_timeouts(void) {
    static const struct timespec bad[] = {{0, 1000000000}, {0, -1}, {-1, 0}};
    for (int i = 0; i < 3; i++) {
        struct kevent event;
        errno = 0;
        EXPECT(-1, kevent(kq, NULL, 0, &event, 1, &bad[i]));
        EXPECT(EINVAL, errno);
    }
}

static void on_signal(int number) {
    (void)number;
}

// A child sends the signal again and again: the first may come before the wait.
static void signal_interrupts(void) {
    struct timespec very_long = {.tv_sec = 4294967, .tv_nsec = 296000000};
    struct sigaction action = {.sa_handler = on_signal};
    struct kevent event;
    MUST(sigaction(SIGUSR2, &action, NULL));
    pid_t parent = getpid(), child = MUST(fork());
    for (int i = 0; child == 0 && i < 1000; i++) {
        struct timespec pause = {0, (long)PERIOD_MS * NS_PER_MS};
        kill(parent, SIGUSR2);
        nanosleep(&pause, NULL);
    }
    if (child == 0) _exit(0);
    for (int i = 0; i < 2; i++) { // the second is 2^32 ms
        errno = 0;
        EXPECT(-1, kevent(kq, NULL, 0, &event, 1, i ? &very_long : NULL));
        EXPECT(EINTR, errno);
    }
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR) continue;
}

// Many descriptors have something to read, and room to write. Do both events of
// each come, in so many calls with so much room?
static void expect_all(int flags, int calls, count_type room) {
    struct kevent events[ROOM];
    int pairs[MANY][2], seen[2 * MANY] = {0}, missing = 2 * MANY;
    for (int i = 0; i < MANY; i++) {
        MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]));
        EXPECT(5, write(pairs[i][1], "hello", 5));
    }
    for (int i = 0; i < 2 * MANY; i++)
        add(kq, pairs[i % MANY][0], i / MANY, flags, i);
    for (int call = 0; call < calls; call++) {
        int count = wait_in(kq, events, room, 0);
        EXPECT(true, count <= room);
        for (int i = 0; i < count; i++)
            missing -= seen[(intptr_t)events[i].udata]++ == 0;
    }
    EXPECT(0, missing);
    if (flags & EV_ONESHOT) EXPECT(0, wait_in(kq, events, room, 0));
    for (int i = 0; i < 2 * MANY; i++) MUST(close(pairs[i / 2][i % 2]));
}

static void none_starves(void) {
    expect_all(0, 4 * 2 * MANY / ROOM, ROOM);
    expect_all(0, 4 * 2 * MANY, 1);
    expect_all(EV_CLEAR, 4 * 2 * MANY, 1);
    expect_all(EV_ONESHOT, 2 * MANY, 3);
}

static void two_kqueues(void) {
    struct kevent event;
    int other = MUST(kqueue());
    add(kq, ours, WRITE, EV_ONESHOT, 0);
    add(kq, SIGUSR1, USR1, 0, 0);
    EXPECT(0, wait_in(other, &event, 1, 0));
    add(other, ours, WRITE, 0, 8);
    add(other, SIGUSR1, USR1, 0, 8);
    EXPECT(WRITE_BIT, look(0));
    for (int i = 0; i < 2; i++) EXPECT(1, wait_in(other, &event, 1, 0));
    EXPECT(8, (intptr_t)event.udata);
    EXPECT(-1, wait_in(-1, &event, 1, 0));
    EXPECT(EBADF, errno);
    MUST(close(other));
    EXPECT(-1, wait_in(other, &event, 1, 0));
    MUST(kill(getpid(), SIGUSR1));
    EXPECT(USR1_BIT, look(GENEROUS_MS));
}

static void many_kqueues(void) {
    struct rlimit before, few = {.rlim_cur = 100};
    MUST(getrlimit(RLIMIT_NOFILE, &before));
    few.rlim_max = before.rlim_max;
    MUST(setrlimit(RLIMIT_NOFILE, &few));
    for (int i = 0; i < 200; i++) {
        add(kq, ours, WRITE, 0, 0);
        add(kq, SIGUSR1, USR1, 0, 0);
        change(TIMER, EV_ADD, 0);
        change(TIMER, EV_DELETE, 0);
        if (i % 2) change(USR1, EV_DELETE, 0);
        EXPECT(WRITE_BIT, look(0));
        MUST(close(kq));
        kq = MUST(kqueue());
        EXPECT(0, look(0));
    }
    MUST(setrlimit(RLIMIT_NOFILE, &before));
}

// Whether it is pending or reported, or both, depends on the system.
static void no_signal_is_missed(void) {
    for (int i = 0; i < 2; i++) {
        sigset_t pending, blocked;
        set_signals(SIG_BLOCK);
        if (i == 0) MUST(kill(getpid(), SIGUSR1));
        add(kq, SIGUSR1, USR1, 0, 0);
        if (i == 1) MUST(kill(getpid(), SIGUSR1));
        MUST(sigpending(&pending));
        EXPECT(true, sigismember(&pending, SIGUSR1) == 1 || look(0) != 0);
        change(USR1, EV_DELETE, 0);
        MUST(sigprocmask(SIG_BLOCK, NULL, &blocked));
        EXPECT(1, sigismember(&blocked, SIGUSR1));
        set_signals(SIG_UNBLOCK);
    }
}

static void timer_keeps_time(void) {
    int64_t before_ns = now_ns();
    struct kevent timer = event_of(TIMER, EV_ADD), event;
    for (count_type i = 0; i < 3; i++)
        EXPECT(1, kevent(kq, &timer, i == 0, &event, 1, NULL));
    EXPECT(true, now_ns() - before_ns >= (int64_t)3 * PERIOD_MS * NS_PER_MS);
    EXPECT(true, now_ns() - before_ns < (int64_t)GENEROUS_MS * NS_PER_MS);
}

static const struct test {
    const char *sentence;
    int kinds; // it is done once with each
    void (*run)(void);
    const char *steps;
} tests[] = {
    {"EVFILT_READ is silent while there is nothing to read", READERS, NULL,
     "add READ, see nothing"},
    {"EVFILT_READ reports data again and again until it's read", READERS, NULL,
     "add READ, say, see READ, see READ, drain, see nothing"},
    {"EV_ADD sees what was there before", READERS, NULL,
     "say, add READ, see READ"},
    {"the end of the stream is EV_EOF, again and again", READERS, NULL,
     "add READ, peer ends, see READ+EOF, see READ+EOF, hear nothing"},
    {"EV_EOF comes while there is data left", READERS, NULL,
     "add READ, say, peer ends, see READ+EOF, hear 5 bytes, hear nothing"},
    {"a reset is EV_EOF, and read still returns the error", TCP, NULL,
     "add READ, peer resets, see READ+EOF, hear ECONNRESET"},
    {"a listener is readable when a client has connected", LISTENER, NULL,
     "add READ, see nothing, peer connects, see READ, see READ"},
    {"EVFILT_WRITE reports room again and again", WRITERS, NULL,
     "add WRITE, see WRITE, see WRITE"},
    {"EVFILT_WRITE is silent while there is no room", WRITERS, NULL,
     "add WRITE, fill, see nothing, peer drains, see WRITE"},
    {"EVFILT_WRITE has EV_EOF when the peer has closed", WRITERS, NULL,
     "add WRITE, peer closes, see WRITE+EOF, see WRITE+EOF"},
    {"the peer's half-close is EV_EOF for EVFILT_READ only", SOCKETS, NULL,
     "add READ, add WRITE, peer ends, see READ+EOF WRITE"},
    {"with EVFILT_READ disabled, a reset is EV_EOF for EVFILT_WRITE", TCP, NULL,
     "add READ EV_DISABLE, add WRITE, peer resets, see WRITE+EOF"},
    {"two filters of a descriptor are two events", SOCKETS, NULL,
     "add READ, add WRITE, see WRITE, say, see READ WRITE, see READ WRITE"},
    {"deleting one filter leaves the other", SOCKETS, NULL,
     "add READ, add WRITE, say, delete WRITE, see READ, add WRITE,"
     "delete READ, see WRITE, delete WRITE, see nothing"},
    {"disabling one filter leaves the other", SOCKETS, NULL,
     "add READ, add WRITE, say, disable READ, see WRITE, enable READ,"
     "disable WRITE, see READ, disable READ, see nothing"},
    {"EV_ONESHOT is about one filter", SOCKETS, NULL,
     "add READ EV_ONESHOT, add WRITE, say, see READ WRITE, see WRITE"},
    {"EV_CLEAR reports new data once", READERS, NULL,
     "add READ EV_CLEAR, say, see READ, see nothing, say, see READ,"
     "see nothing"},
    {"EV_CLEAR reports new room once", WRITERS, NULL,
     "add WRITE EV_CLEAR, see WRITE, see nothing, fill, see nothing,"
     "peer drains, see WRITE, see nothing"},
    {"EV_ADD again reports what an EV_CLEAR event has left", READERS, NULL,
     "add READ EV_CLEAR, say, see READ, add READ EV_CLEAR, see READ,"
     "disable READ, add READ EV_ENABLE, see READ, see nothing"},
    {"EV_CLEAR of one filter leaves the other level-triggered", PAIR, NULL,
     "add READ, add WRITE EV_CLEAR, say, see READ WRITE, fill, see READ,"
     "see READ, delete READ, delete WRITE, add READ EV_CLEAR, peer drains,"
     "add WRITE, drain, see WRITE, see WRITE"},
    {"EV_CLEAR stays what the first EV_ADD made it", READERS, NULL,
     "say, add READ EV_CLEAR, add READ, see READ, see nothing, delete READ,"
     "add READ, add READ EV_CLEAR, see READ, see READ"},
    {"EV_ONESHOT stays what the first EV_ADD made it", READERS, NULL,
     "say, add READ, add READ EV_ONESHOT, see READ, see READ"},
    {"EV_ONESHOT reports once and deletes the event", READERS, NULL,
     "add READ EV_ONESHOT, see nothing, say, see READ, see nothing,"
     "delete READ: ENOENT, add READ, see READ, see READ"},
    {"EV_DISABLE silences an event, EV_ENABLE brings it back", READERS, NULL,
     "add READ, say, see READ, disable READ, see nothing, enable READ,"
     "see READ, see READ"},
    {"EV_ADD leaves a disabled event silent", READERS, NULL,
     "say, add READ EV_DISABLE, see nothing, add READ, see nothing,"
     "add READ EV_ENABLE, see READ, add READ EV_DISABLE, see nothing"},
    {"the hang-up of a disabled event ends no wait", READERS, NULL,
     "add READ EV_DISABLE, peer closes, silence, silence, enable READ,"
     "see READ+EOF"},
    {"EV_ADD again makes no second event", READERS, NULL,
     "say, add READ, add READ, see READ, delete READ, see nothing"},
    {"what isn't there is ENOENT", SOCKETS, NULL,
     "delete READ: ENOENT, enable READ: ENOENT, disable READ: ENOENT,"
     "add READ, enable WRITE: ENOENT, delete WRITE: ENOENT"},
    {"what isn't open is EBADF, an unknown filter EINVAL", SOCKETS, NULL,
     "add NOWHERE: EBADF, add UNKNOWN: EINVAL, close, add READ: EBADF"},
    {"close deletes the events", SOCKETS, NULL,
     "add READ, add WRITE, say, see READ WRITE, close, see nothing,"
     "enable READ: EBADF"},
    {"a number that is used again has no events", SOCKETS, NULL,
     "add READ, add WRITE, reuse, see nothing, enable READ: ENOENT,"
     "delete WRITE: ENOENT, add READ, reuse, delete READ: ENOENT,"
     "add READ EV_DISABLE, reuse, enable READ: ENOENT, see nothing"},
    {"events of a number that is used again start afresh", SOCKETS, NULL,
     "add READ EV_ONESHOT EV_DISABLE, add WRITE, reuse, add READ, see READ,"
     "see READ"},
    {"a failed change is an event, at once and alone", SOCKETS,
     errors_are_events, ""},
    {"without room a failed change is -1, and ends the call", SOCKETS,
     error_without_room, ""},
    {"a wait never ends early", PAIR, NULL, "add READ, silence"},
    {"an invalid timeout is EINVAL", NONE, invalid_timeouts, ""},
    {"a signal's handler ends the wait with EINTR", NONE, signal_interrupts,
     ""},
    {"with little room each event has its turn, with EV_ONESHOT one", NONE,
     none_starves, ""},
    {"two kqueues are independent", SOCKETS, two_kqueues, ""},
    {"what is closed or deleted leaves no descriptor behind", SOCKETS,
     many_kqueues, ""},
    {"a signal is reported once, though it's ignored", NONE, NULL,
     "add USR1, see nothing, raise USR1, see USR1, see nothing, raise USR1,"
     "see USR1"},
    {"a signal is reported though it's blocked", NONE, NULL,
     "block, add USR1, raise USR1, see USR1, see nothing"},
    {"block, add, look at sigpending: no signal is missed", NONE,
     no_signal_is_missed, ""},
    {"each signal is an event", NONE, NULL,
     "add USR1, add USR2, raise USR2, see USR2, raise USR1, raise USR2,"
     "see USR1 USR2, see nothing"},
    {"signals come beside descriptors", SOCKETS, NULL,
     "add READ, add WRITE, add USR1, say, raise USR1, see READ WRITE USR1,"
     "see READ WRITE"},
    {"a disabled signal is kept until it's enabled", NONE, NULL,
     "add USR1, disable USR1, raise USR1, see nothing, enable USR1, see USR1,"
     "see nothing"},
    {"a deleted signal is silent", NONE, NULL,
     "add USR1, delete USR1, raise USR1, see nothing, enable USR1: ENOENT"},
    {"EV_ONESHOT is for signals, too", NONE, NULL,
     "add USR1 EV_ONESHOT, raise USR1, see USR1, raise USR1, see nothing,"
     "delete USR1: ENOENT"},
    {"a timer comes again and again, and never early", NONE, timer_keeps_time,
     ""},
    {"a deleted timer is silent", NONE, NULL,
     "add TIMER, see TIMER, delete TIMER, silence, delete TIMER: ENOENT"},
    {"EV_ONESHOT is for timers, too", NONE, NULL,
     "add TIMER EV_ONESHOT, see TIMER, silence, delete TIMER: ENOENT"},
};

int main(void) {
    int count = sizeof tests / sizeof *tests, failed = 0;
    signal(SIGPIPE, SIG_IGN);
    alarm(HANG_S);

    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        complaint[0] = 0;
        for (int kind = PAIR; kind <= NONE; kind <<= 1) {
            if (!(tests[i].kinds & kind)) continue;
            test_open(kind);
            if (tests[i].run) tests[i].run();
            test_take(tests[i].steps);
            test_close();
        }
        bool passed = complaint[0] == 0;
        printf("%sok %d - %s\n", passed ? "" : "not ", i + 1,
               tests[i].sentence);
        if (!passed) printf("# %s\n", complaint);
        fflush(stdout);
        failed += !passed;
    }
    return failed > 0;
}
