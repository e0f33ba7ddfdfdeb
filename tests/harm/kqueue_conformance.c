// kqueue_conformance: does kqueue(2) do what its manual page says?
//
// It expects what FreeBSD, NetBSD, OpenBSD and macOS all do, and runs on any of
// them, on libkqueue, and on the one in common/linux. It prints TAP. A test is
// a sentence and the steps that show it, and is done with each kind of
// descriptor that it names: `ours`, and `peer` is its other end. Of two kqueues
// one is used; "swap" goes to the other. A step is a verb and what it is about:
// "add READ clear", "see READ+EOF", "delete READ: ENOENT", "peer closes".

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <sys/event.h>

// These types differ from system to system.
typedef __typeof__(((struct kevent *)0)->filter) filter_type;
typedef __typeof__(((struct kevent *)0)->flags) flags_type;
typedef __typeof__(((struct kevent *)0)->udata) udata_type;

enum { ROOM = 8, MANY = 40, LOOKS = 100000, HANG_S = 60, PERIOD_MS = 2 };
enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000, QUIET_NS = 5000001 };

// Events, and their bits in a set. An EV_EOF is one bit more.
enum { READ, WRITE, USR1, USR2, TIMER, NOWHERE, UNKNOWN, EVENTS };

// The kinds of descriptors.
enum { PAIR = 1, PIPE_IN = 2, PIPE_OUT = 4, TCP = 8, NONE = 16 };
enum { READERS = PAIR | PIPE_IN | TCP, WRITERS = PAIR | PIPE_OUT };
enum { SOCKETS = PAIR | TCP };

static const struct name {
    const char *text;
    int ident, filter; // ident is 0 for ours
} names[EVENTS] = {{"READ", 0, EVFILT_READ},
                   {"WRITE", 0, EVFILT_WRITE},
                   {"USR1", SIGUSR1, EVFILT_SIGNAL},
                   {"USR2", SIGUSR2, EVFILT_SIGNAL},
                   {"TIMER", 7, EVFILT_TIMER},
                   {"NOWHERE", 1999999999, EVFILT_READ},
                   {"UNKNOWN", 0, 77}};

static const struct word {
    const char *text;
    int flags, error;
} words[] = {{"add", EV_ADD, 0},       {"delete", EV_DELETE, 0},
             {"enable", EV_ENABLE, 0}, {"disable", EV_DISABLE, 0},
             {"clear", EV_CLEAR, 0},   {"oneshot", EV_ONESHOT, 0},
             {"ENOENT", 0, ENOENT},    {"EBADF", 0, EBADF},
             {"EINVAL", 0, EINVAL}};

static struct queue {
    int fd;
    intptr_t tags[EVENTS]; // the udata of each event's last "add"
} queues[2], *queue;
static int ours, peer;
static const char *step = ""; // what the test is doing
static bool passed;           // until something is not as expected

#define EXPECT(expected, got) expect(#got, (long)(expected), (long)(got))
#define MUST(call)            must((int)(call), #call)

// Of what else goes wrong the first says the most.
static void expect(const char *what, long expected, long got) {
    if (expected == got) return;
    if (passed)
        printf("# %s: %s: expected %ld, got %ld\n", step, what, expected, got);
    passed = false;
}

// What the tests need besides kqueue ends them if it fails.
static int must(int result, const char *what) {
    if (result != -1) return result;
    printf("Bail out! %s: %s\n", what, strerror(errno));
    exit(1);
}

static void open_tcp(void) {
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t length = sizeof name;
    int listener = MUST(socket(AF_INET, SOCK_STREAM, 0));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(bind(listener, (struct sockaddr *)&name, length));
    MUST(listen(listener, 1));
    MUST(getsockname(listener, (struct sockaddr *)&name, &length));
    peer = MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(connect(peer, (struct sockaddr *)&name, length));
    ours = MUST(accept(listener, NULL, NULL));
    MUST(close(listener));
}

static void open_ends(int kind) {
    int ends[2] = {-1, -1};
    if (kind == PAIR) MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    if (kind == PIPE_IN || kind == PIPE_OUT) MUST(pipe(ends));
    ours = ends[kind == PIPE_OUT];
    peer = ends[kind != PIPE_OUT];
    if (kind == TCP) open_tcp();
}

// Its udata says which event it is, and which "add" was the last.
static struct kevent event_of(int which, int flags) {
    static intptr_t adds;
    struct kevent event;
    int ident = names[which].ident ? names[which].ident : ours;
    if (flags & EV_ADD) queue->tags[which] = ++adds * EVENTS + which;
    EV_SET(&event, (uintptr_t)ident, (filter_type)names[which].filter,
           (flags_type)flags, 0, which == TIMER ? PERIOD_MS : 0,
           (udata_type)queue->tags[which]);
    return event;
}

static int64_t now_ns(void) {
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now));
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

// Returns the set of all events that one call returns. A wait for them may not
// end early, not by a fraction of a millisecond either.
static int look(int seconds, int ns) {
    struct timespec timeout = {seconds, ns};
    struct kevent events[ROOM];
    int64_t end_ns = now_ns() + (int64_t)seconds * NS_PER_S + ns;
    int set = 0, count = kevent(queue->fd, NULL, 0, events, ROOM, &timeout);
    if (count == 0) EXPECT(true, now_ns() >= end_ns);
    for (int i = 0; i < count; i++) {
        int which = (int)((intptr_t)events[i].udata % EVENTS);
        struct kevent expected = event_of(which, 0);
        EXPECT(expected.udata, events[i].udata);
        EXPECT(expected.ident, events[i].ident);
        EXPECT(expected.filter, events[i].filter);
        EXPECT(0, events[i].flags & EV_ERROR);
        EXPECT(0, set & 1 << which); // each comes once
        set |= 1 << which;
        if (events[i].flags & EV_EOF) set |= 1 << (which + EVENTS);
    }
    return set;
}

// --- steps -------------------------------------------------------------------

static void change(int which, int flags, int error) {
    struct kevent event = event_of(which, flags);
    int result = kevent(queue->fd, &event, 1, NULL, 0, NULL);
    EXPECT(error, result == 0 ? 0 : errno);
}

// It may take several calls, as TCP brings it.
static void see(int set) {
    int seen = set ? 0 : look(0, QUIET_NS);
    for (int i = 0; i < LOOKS && (seen & set) != set; i++) seen |= look(5, 0);
    EXPECT(set, seen);
}

static void say(void) {
    EXPECT(5, write(peer, "hello", 5));
}

// Writes or reads until it would block.
static void move_all(int fd, bool out) {
    static char bytes[1024];
    size_t size = sizeof bytes;
    MUST(fcntl(fd, F_SETFL, O_NONBLOCK));
    while (out && size > 0)
        if (write(fd, bytes, size) <= 0) size /= 2;
    while (!out && read(fd, bytes, size) > 0) continue;
}

static void reset_peer(void) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    MUST(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
    MUST(close(peer));
}

// The number of ours becomes that of a new socket, which has data to read.
static void reuse(void) {
    int ends[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    for (int i = 0; i < 2; i++) MUST(dup2(ends[i], i == 0 ? ours : peer));
    for (int i = 0; i < 2; i++) MUST(close(ends[i]));
    say();
}

static void set_signals(int how) { // SIG_BLOCK or SIG_UNBLOCK
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    signal(SIGUSR1, SIG_IGN); // discards what is pending
    signal(SIGUSR2, SIG_IGN);
    MUST(sigprocmask(how, &both, NULL));
}

// Whether it is pending or reported, or both, depends on the system.
static void find_usr1(void) {
    sigset_t pending, blocked;
    MUST(sigpending(&pending));
    if (sigismember(&pending, SIGUSR1) == 0) EXPECT(1 << USR1, look(5, 0));
    change(USR1, EV_DELETE, 0);
    MUST(sigprocmask(SIG_BLOCK, NULL, &blocked));
    EXPECT(1, sigismember(&blocked, SIGUSR1));
}

static void time_timer(void) {
    int64_t before_ns = now_ns();
    change(TIMER, EV_ADD, 0);
    for (int i = 0; i < 3; i++) EXPECT(1 << TIMER, look(5, 0));
    EXPECT(true, now_ns() - before_ns >= (int64_t)3 * PERIOD_MS * NS_PER_MS);
}

// The first call has no room for an error, and ends with it.
static void change_badly(void) {
    struct kevent list[] = {event_of(READ, EV_ADD), event_of(WRITE, EV_DELETE),
                            event_of(UNKNOWN, EV_ADD)};
    list[1].udata = (udata_type)(intptr_t)9;
    EXPECT(-1, kevent(queue->fd, list, 3, NULL, 0, NULL));
    EXPECT(ENOENT, errno);
    EXPECT(2, kevent(queue->fd, list, 3, list, 3, NULL));
    EXPECT(EV_ERROR, list[0].flags & EV_ERROR);
    EXPECT(ENOENT, list[0].data);
    EXPECT(ours, list[0].ident);
    EXPECT(9, (intptr_t)list[0].udata);
    EXPECT(EINVAL, list[1].data);
}

static void expect_error(int fd, const struct timespec *timeout, int error) {
    struct kevent event;
    EXPECT(-1, kevent(fd, NULL, 0, &event, 1, timeout));
    EXPECT(error, errno);
}

static void wait_badly(void) {
    static const struct timespec bad[] = {{0, 1000000000}, {0, -1}, {-1, 0}};
    for (int i = 0; i < 3; i++) expect_error(queue->fd, &bad[i], EINVAL);
    expect_error(-1, NULL, EBADF);
}

static void on_alarm(int number) {
    (void)number;
}

// Again and again: the first may come before the wait.
static void wait_interrupted(void) {
    struct timespec very_long = {4294967, 296000000}; // 2^32 ms
    struct itimerval often = {{0, 10000}, {0, 10000}};
    signal(SIGALRM, on_alarm);
    MUST(setitimer(ITIMER_REAL, &often, NULL));
    expect_error(queue->fd, NULL, EINTR);
    expect_error(queue->fd, &very_long, EINTR);
    signal(SIGALRM, SIG_DFL);
    alarm(HANG_S);
}

// Many descriptors have something to read, and room to write. Do both events of
// each come though a call has little room, and with EV_ONESHOT only once?
static void take_turns(unsigned short room, int flags) {
    static const struct timespec none;
    struct kevent event, events[ROOM];
    int pairs[MANY][2], seen[2 * MANY] = {0};
    for (int i = 0; i < 2 * MANY; i++) {
        int *pair = pairs[i / 2];
        if (i % 2 == 0) MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
        EXPECT(5, write(pair[1], "hello", 5));
        EV_SET(&event, (uintptr_t)pair[0], (filter_type)names[i % 2].filter,
               (flags_type)(EV_ADD | flags), 0, 0, (udata_type)(intptr_t)i);
        EXPECT(0, kevent(queue->fd, &event, 1, NULL, 0, NULL));
    }
    for (int call = 0; call < 4 * 2 * MANY; call++) {
        int count = kevent(queue->fd, NULL, 0, events, room, &none);
        EXPECT(true, count <= room);
        for (int i = 0; i < count; i++) seen[(intptr_t)events[i].udata]++;
    }
    for (int i = 0; i < 2 * MANY; i++) {
        EXPECT(true, flags & EV_ONESHOT ? seen[i] == 1 : seen[i] > 0);
        MUST(close(pairs[i / 2][i % 2]));
    }
}

// The lowest number that is free tells of a leak; a system may keep one or two.
static void count_descriptors(void) {
    static int first;
    int lowest = MUST(dup(ours));
    MUST(close(lowest));
    if (first == 0) first = lowest;
    EXPECT(true, lowest <= first + 2);
}

// --- the tests ---------------------------------------------------------------

static const struct test {
    int kinds; // it is done once with each
    const char *sentence, *steps;
} tests[] = {
    {READERS, "EVFILT_READ reports data again and again until it's read",
     "add READ, see nothing, say, see READ, see READ, drain, see nothing,"
     "count"},
    {READERS, "the end of the stream is EV_EOF, even if data is left",
     "add READ, say, peer ends, see READ+EOF, drain, see READ+EOF"},
    {WRITERS, "EVFILT_WRITE reports room again and again until there is none",
     "add WRITE, see WRITE, see WRITE, fill, see nothing, peer drains,"
     "see WRITE"},
    {WRITERS, "EVFILT_WRITE has EV_EOF when the peer has closed",
     "add WRITE, peer closes, see WRITE+EOF, see WRITE+EOF"},
    {SOCKETS, "the peer's half-close is EV_EOF for EVFILT_READ only",
     "add READ, add WRITE, peer ends, see READ+EOF WRITE"},
    {TCP, "a reset is EV_EOF for either filter, whichever is enabled",
     "add READ disable, add WRITE, peer resets, see WRITE+EOF,"
     "disable WRITE, enable READ, see READ+EOF"},
    {SOCKETS, "two filters of a descriptor are two events",
     "add READ, add WRITE, see WRITE, say, see READ WRITE, see READ WRITE"},
    {SOCKETS, "what becomes of one filter leaves the other alone",
     "say, add READ, add WRITE, delete WRITE, see READ, add WRITE,"
     "delete READ, see WRITE, add READ, disable READ, see WRITE, enable READ,"
     "disable WRITE, see READ, disable READ, see nothing, enable WRITE,"
     "delete READ, add READ oneshot, see READ WRITE, see WRITE"},
    {READERS, "EV_CLEAR reports new data once, and once more after EV_ADD",
     "add READ clear, say, see READ, see nothing, say, see READ, see nothing,"
     "add READ clear, see READ, disable READ, add READ enable, see READ,"
     "see nothing"},
    {WRITERS, "EV_CLEAR reports new room once",
     "add WRITE clear, see WRITE, see nothing, fill, see nothing,"
     "peer drains, see WRITE, see nothing"},
    {PAIR, "EV_CLEAR of one filter leaves the other level-triggered",
     "add READ, add WRITE clear, say, see READ WRITE, fill, see READ,"
     "see READ, delete READ, delete WRITE, add READ clear, peer drains,"
     "add WRITE, drain, see WRITE, see WRITE"},
    {READERS, "EV_CLEAR and EV_ONESHOT stay what the first EV_ADD made them",
     "say, add READ clear, add READ, see READ, see nothing, delete READ,"
     "add READ, add READ clear, add READ oneshot, see READ, see READ"},
    {READERS, "EV_ONESHOT reports once and deletes the event",
     "add READ oneshot, see nothing, say, see READ, see nothing,"
     "delete READ: ENOENT, add READ, see READ, see READ"},
    {READERS, "EV_DISABLE silences an event until EV_ENABLE, not EV_ADD",
     "say, add READ disable, add READ, see nothing, add READ enable, see READ,"
     "see READ, disable READ, see nothing, enable READ, see READ"},
    {READERS, "the hang-up of a disabled event ends no wait",
     "add READ disable, peer closes, see nothing, enable READ, see READ+EOF"},
    {READERS, "EV_ADD sees what was there, and again makes no second event",
     "say, add READ, add READ, see READ, delete READ, see nothing"},
    {SOCKETS, "what isn't there is ENOENT",
     "delete READ: ENOENT, enable READ: ENOENT, disable READ: ENOENT,"
     "add READ, enable WRITE: ENOENT, delete WRITE: ENOENT"},
    {SOCKETS, "what isn't open is EBADF, an unknown filter EINVAL",
     "add NOWHERE: EBADF, add UNKNOWN: EINVAL, close, add READ: EBADF"},
    {SOCKETS, "a failed change is an event or, without room, ends the call",
     "say, change badly"},
    {SOCKETS, "close deletes the events",
     "add READ, add WRITE, say, see READ WRITE, close, see nothing,"
     "enable READ: EBADF"},
    {SOCKETS, "a number that is used again has no events, and starts afresh",
     "add READ, add WRITE, reuse, see nothing, enable READ: ENOENT,"
     "delete WRITE: ENOENT, add READ, reuse, delete READ: ENOENT,"
     "add READ disable, reuse, enable READ: ENOENT, see nothing,"
     "add READ oneshot disable, add WRITE, reuse, add READ, see READ,"
     "see READ"},
    {NONE, "a bad timeout is EINVAL, what is no kqueue EBADF", "wait badly"},
    {NONE, "a signal's handler ends the wait with EINTR", "wait interrupted"},
    {NONE, "with little room each event has its turn, with EV_ONESHOT one",
     "turns of 8, turns of 3, turns of 3 clear, turns of 3 oneshot"},
    {SOCKETS, "two kqueues are independent",
     "add WRITE oneshot, add USR1, swap, see nothing, add WRITE, add USR1,"
     "swap, see WRITE, see nothing, swap, see WRITE, see WRITE, delete USR1,"
     "swap, raise USR1, see USR1"},
    {NONE, "a signal is reported once, though it's ignored or blocked",
     "add USR1, see nothing, raise USR1, see USR1, see nothing, block,"
     "raise USR1, see USR1, see nothing"},
    {NONE, "block, add, look at sigpending: no signal is missed",
     "block, raise USR1, add USR1, find, block, add USR1, raise USR1, find"},
    {SOCKETS, "signals come beside descriptors, and each is an event",
     "add READ, add WRITE, add USR1, add USR2, say, raise USR2,"
     "see READ WRITE USR2, raise USR1, raise USR2, see READ WRITE USR1 USR2,"
     "see READ WRITE"},
    {NONE, "a disabled signal is kept until it's enabled, a deleted one is not",
     "add USR1, disable USR1, raise USR1, see nothing, enable USR1, see USR1,"
     "see nothing, delete USR1, raise USR1, see nothing, enable USR1: ENOENT"},
    {NONE, "EV_ONESHOT is for signals and timers, too",
     "add USR1 oneshot, raise USR1, see USR1, raise USR1, see nothing,"
     "delete USR1: ENOENT, add TIMER oneshot, see TIMER, see nothing,"
     "delete TIMER: ENOENT"},
    {NONE, "a timer comes again and again, never early, until it's deleted",
     "time, delete TIMER, see nothing, delete TIMER: ENOENT"},
    {PAIR, "all these kqueues have left no descriptor behind", "count"},
};

static bool known; // whether there is such a step

static bool is(const char *verb) {
    bool found = strncmp(step, verb, strlen(verb)) == 0;
    known = known || found;
    return found;
}

static void do_other(int set, int which, int flags) {
    known = false;
    if (is("see")) see(set);
    if (is("raise")) MUST(kill(getpid(), names[which].ident));
    if (is("block")) set_signals(SIG_BLOCK);
    if (is("find")) find_usr1();
    if (is("time")) time_timer();
    if (is("say")) say();
    if (is("drain")) move_all(ours, false);
    if (is("fill")) move_all(ours, true);
    if (is("close")) MUST(close(ours));
    if (is("reuse")) reuse();
    if (is("swap")) queue = queue == queues ? queues + 1 : queues;
    if (is("turns of 8")) take_turns(ROOM, flags);
    if (is("turns of 3")) take_turns(3, flags);
    if (is("change badly")) change_badly();
    if (is("wait badly")) wait_badly();
    if (is("wait interrupted")) wait_interrupted();
    if (is("count")) count_descriptors();
    if (is("peer drains")) move_all(peer, false);
    if (is("peer ends") && shutdown(peer, SHUT_WR) == -1)
        MUST(close(peer)); // it's a pipe
    if (is("peer closes")) MUST(close(peer));
    if (is("peer resets")) reset_peer();
    EXPECT(true, known);
}

static void take_step(void) {
    int set = 0, which = EVENTS, flags = 0, error = 0;
    for (int i = 0; i < EVENTS; i++) {
        const char *found = strstr(step, names[i].text);
        if (found == NULL) continue;
        set |= 1 << i;
        if (found[strlen(names[i].text)] == '+') set |= 1 << (i + EVENTS);
        which = i;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(step, words[i].text) == NULL) continue;
        flags |= words[i].flags;
        error |= words[i].error;
    }
    if (which < EVENTS && flags != 0)
        change(which, flags, error);
    else
        do_other(set, which, flags);
}

static void run_test(const struct test *test, int kind) {
    char copy[512], *rest;
    set_signals(SIG_UNBLOCK);
    queue = queues;
    for (int i = 0; i < 2; i++)
        queues[i] = (struct queue){.fd = MUST(kqueue())};
    open_ends(kind);
    snprintf(copy, sizeof copy, "%s", test->steps);
    for (step = strtok_r(copy, ",", &rest); step;
         step = strtok_r(NULL, ",", &rest)) {
        step += strspn(step, " ");
        take_step();
    }
    for (int i = 0; i < 2; i++) MUST(close(queues[i].fd));
    close(ours); // a step may have closed one of them
    close(peer);
}

int main(void) {
    int count = sizeof tests / sizeof *tests, failed = 0;
    signal(SIGPIPE, SIG_IGN);
    alarm(HANG_S);
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        passed = true;
        for (int kind = PAIR; kind <= NONE; kind <<= 1)
            if (tests[i].kinds & kind) run_test(&tests[i], kind);
        printf("%sok %d - %s\n", passed ? "" : "not ", i + 1,
               tests[i].sentence);
        fflush(stdout);
        failed += !passed;
    }
    return failed > 0;
}
