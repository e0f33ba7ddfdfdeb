#include "kqueue_steps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { QUIET_NS = 30000001 };

static const struct name {
    const char *text;
    int ident; // 0 for ours
    filter_type filter;
} names[EVENTS] = {{"READ", 0, (filter_type)EVFILT_READ},
                   {"WRITE", 0, (filter_type)EVFILT_WRITE},
                   {"USR1", SIGUSR1, (filter_type)EVFILT_SIGNAL},
                   {"USR2", SIGUSR2, (filter_type)EVFILT_SIGNAL},
                   {"TIMER", 7, (filter_type)EVFILT_TIMER},
                   {"NOWHERE", 1999999999, (filter_type)EVFILT_READ},
                   {"UNKNOWN", 0, (filter_type)77}};

static const struct word {
    const char *text;
    int flags, number;
} words[] = {{"add ", EV_ADD, 0},          {"EV_ENABLE", EV_ENABLE, 0},
             {"delete ", EV_DELETE, 0},    {"EV_DISABLE", EV_DISABLE, 0},
             {"enable ", EV_ENABLE, 0},    {"EV_CLEAR", EV_CLEAR, 0},
             {"disable ", EV_DISABLE, 0},  {"EV_ONESHOT", EV_ONESHOT, 0},
             {"ENOENT", 0, ENOENT},        {"EBADF", 0, EBADF},
             {"EINVAL", 0, EINVAL},        {"5 bytes", 0, 5},
             {"ECONNRESET", 0, ECONNRESET}};

int kq, ours, peer;
char complaint[256];
static struct sockaddr_in address; // of our listener
static intptr_t tags[EVENTS];      // the udata that each event has now
static const char *step = "calls"; // what the test is doing
static bool known;                 // whether there is such a step

void expect(const char *what, long expected, long got) {
    if (expected != got && complaint[0] == '\0') // the first one says the most
        snprintf(complaint, sizeof complaint, "%s: %s: expected %ld, got %ld",
                 step, what, expected, got);
}

int must(int result, const char *what) {
    if (result != -1) return result;
    printf("Bail out! %s: %s\n", what, strerror(errno));
    exit(1);
}

static void connect_peer(void) {
    MUST(connect(peer, (struct sockaddr *)&address, sizeof address));
}

static void open_listener(void) {
    socklen_t length = sizeof address;
    address = (struct sockaddr_in){.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ours = MUST(socket(AF_INET, SOCK_STREAM, 0));
    peer = MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(bind(ours, (struct sockaddr *)&address, length));
    MUST(listen(ours, 16));
    MUST(getsockname(ours, (struct sockaddr *)&address, &length));
}

static void open_ends(int kind) {
    int ends[2] = {-1, -1};
    if (kind & (TCP | LISTENER)) open_listener();
    if (kind == LISTENER) return;
    if (kind == TCP) {
        connect_peer();
        ends[0] = MUST(accept(ours, NULL, NULL));
        ends[1] = peer;
        MUST(close(ours));
    }
    if (kind == PAIR) MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    if (kind & (PIPE_IN | PIPE_OUT)) MUST(pipe(ends));
    ours = ends[kind == PIPE_OUT];
    peer = ends[kind != PIPE_OUT];
}

static int ident_of(int which) {
    return names[which].ident ? names[which].ident : ours;
}

struct kevent event_of(int which, int flags) {
    struct kevent event;
    EV_SET(&event, (uintptr_t)ident_of(which), names[which].filter,
           (flags_type)flags, 0, which == TIMER ? PERIOD_MS : 0,
           (udata_type)tags[which]);
    return event;
}

int64_t now_ns(void) {
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now));
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int wait_in(int queue, struct kevent *events, count_type room, int ms) {
    struct timespec timeout = {ms / 1000, (long)(ms % 1000) * NS_PER_MS};
    return kevent(queue, NULL, 0, events, room, &timeout);
}

// The set of all events that one call returns.
int look(int ms) {
    struct kevent events[ROOM];
    int set = 0, count = wait_in(kq, events, ROOM, ms);
    for (int i = 0; i < count; i++) {
        int which = 0;
        while (which < EVENTS && (events[i].filter != names[which].filter ||
                                  (int)events[i].ident != ident_of(which)))
            which++;
        expect("an event of the test", true, which < EVENTS);
        if (which == EVENTS) break;
        expect("that event so far", 0, set & 1 << which);
        expect("EV_ERROR", 0, events[i].flags & EV_ERROR);
        expect("udata", tags[which], (intptr_t)events[i].udata);
        set |= 1 << which;
        if (events[i].flags & EV_EOF) set |= 1 << (which + EVENTS);
    }
    return set;
}

// The steps

void change(int which, int flags, int expected) {
    intptr_t before = tags[which];
    if (flags & EV_ADD) tags[which]++;
    struct kevent event = event_of(which, flags);
    int error = kevent(kq, &event, 1, NULL, 0, NULL) == 0 ? 0 : errno;
    expect("error", expected, error);
    if (error != 0) tags[which] = before;
}

// It may take several calls, as TCP brings it.
static void see(int set) {
    int64_t deadline_ns = now_ns() + (int64_t)GENEROUS_MS * NS_PER_MS;
    int seen = 0;
    do seen |= look(set ? GENEROUS_MS : 0);
    while ((seen & set) != set && now_ns() < deadline_ns);
    expect("events", set, seen);
}

// A wait may not end early, not by a fraction of a millisecond either.
static void see_silence(void) {
    struct timespec timeout = {0, QUIET_NS};
    struct kevent event;
    int64_t start_ns = now_ns();
    EXPECT(0, kevent(kq, NULL, 0, &event, 1, &timeout));
    EXPECT(true, now_ns() - start_ns >= QUIET_NS);
}

void say(void) {
    EXPECT(5, write(peer, "hello", 5));
}

static void hear(int expected) {
    char bytes[16];
    ssize_t got = read(ours, bytes, sizeof bytes);
    expect("read", expected, got == -1 ? errno : got);
}

// Writes or reads until it would block.
static void move_all(int fd, bool out) {
    static char bytes[1024];
    size_t size = sizeof bytes;
    int flags = MUST(fcntl(fd, F_GETFL));
    MUST(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
    while (out && size > 0)
        if (write(fd, bytes, size) <= 0) size /= 2;
    while (!out && read(fd, bytes, size) > 0) continue;
    MUST(fcntl(fd, F_SETFL, flags));
}

static void end_peer(void) {
    if (shutdown(peer, SHUT_WR) == -1) MUST(close(peer)); // it's a pipe
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

void set_signals(int how) {
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    signal(SIGUSR1, SIG_IGN); // discards what is pending
    signal(SIGUSR2, SIG_IGN);
    MUST(sigprocmask(how, &both, NULL));
}

static bool is(const char *verb) {
    bool found = strncmp(step, verb, strlen(verb)) == 0;
    known = known || found;
    return found;
}

// A verb and what it's about: "add READ EV_CLEAR", "delete WRITE: ENOENT".
static void take_step(void) {
    int set = 0, which = EVENTS, flags = 0, number = 0;
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
        number |= words[i].number;
    }
    known = flags != 0 && which < EVENTS;
    if (known) change(which, flags, number);
    if (is("see")) see(set);
    if (is("silence")) see_silence();
    if (is("say")) say();
    if (is("hear")) hear(number);
    if (is("drain")) move_all(ours, false);
    if (is("fill")) move_all(ours, true);
    if (is("close")) MUST(close(ours));
    if (is("reuse")) reuse();
    if (is("raise")) MUST(kill(getpid(), ident_of(which)));
    if (is("block")) set_signals(SIG_BLOCK);
    if (is("peer drains")) move_all(peer, false);
    if (is("peer connects")) connect_peer();
    if (is("peer ends")) end_peer();
    if (is("peer closes")) MUST(close(peer));
    if (is("peer resets")) reset_peer();
    EXPECT(true, known);
}

void add(int queue, int fd, int which, int flags, int udata) {
    struct kevent event;
    EV_SET(&event, (uintptr_t)fd, names[which].filter,
           (flags_type)(EV_ADD | flags), 0, 0, (udata_type)(intptr_t)udata);
    EXPECT(0, kevent(queue, &event, 1, NULL, 0, NULL));
}

void test_open(int kind) {
    memset(tags, 0, sizeof tags);
    set_signals(SIG_UNBLOCK);
    kq = MUST(kqueue());
    open_ends(kind);
    step = "calls";
}

void test_take(const char *steps) {
    char copy[512], *rest;
    snprintf(copy, sizeof copy, "%s", steps);
    for (step = strtok_r(copy, ",", &rest); step;
         step = strtok_r(NULL, ",", &rest)) {
        step += strspn(step, " ");
        take_step();
    }
    step = "calls";
}

void test_close(void) {
    MUST(close(kq));
    close(ours); // a step may have closed one of them
    close(peer);
}
