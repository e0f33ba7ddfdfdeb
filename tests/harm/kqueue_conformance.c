// kevent_conformance: does kevent(2) do what its manual page says?
//
// Each test is one sentence about kqueue(2), FreeBSD's page being the model,
// and prints one line of TAP. It is for any kqueue: a BSD's or macOS's own,
// libkqueue, or the one in common/linux. Every test gets a new kqueue, and the
// descriptors it opens are closed behind it. Nothing here sleeps to let
// something happen: tests wait for events, and an alarm ends a test that hangs.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <sys/event.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef KQUEUE_NAME
#define KQUEUE_NAME "unnamed"
#endif

enum { ROOM = 8, OPENED_MAX = 128, HANG_S = 60 };

// How long to wait for what must come, and comes at once if all is well.
enum { GENEROUS_MS = 5000 };
#define GENEROUS_NS (GENEROUS_MS * INT64_C(1000000))

// udata is a pointer on most systems and an integer on some.
typedef __typeof__(((struct kevent *)NULL)->udata) udata_type;
#define UDATA(number) ((udata_type)(intptr_t)(number))

struct seen {
    int count;
    struct kevent events[ROOM];
};

static int kq;                               // the test's own
static int opened[OPENED_MAX], opened_count; // to be closed behind the test
static char complaint[512];                  // empty while the test is fine

static void complain(int line, const char *format, ...) {
    if (complaint[0] != '\0') return; // the first one says the most
    int length = snprintf(complaint, sizeof complaint, "line %d: ", line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(complaint + length, sizeof complaint - (size_t)length, format,
              arguments);
    va_end(arguments);
}

static void expect_at(int line, const char *what, long expected, long got) {
    if (expected != got)
        complain(line, "%s: expected %ld, got %ld", what, expected, got);
}

#define EXPECT(expected, got)                                                  \
    expect_at(__LINE__, #got, (long)(expected), (long)(got))

#define EXPECT_TRUE(condition)                                                 \
    ((condition) ? (void)0 : complain(__LINE__, "not so: %s", #condition))

// What the tests need from the system besides kevent. It must not fail.
static int must(int result, const char *what) {
    if (result == -1) {
        printf("Bail out! %s: %s\n", what, strerror(errno));
        exit(1);
    }
    return result;
}

#define MUST(call) must((int)(call), #call)

// The test need not close fd.
static int keep(int fd) {
    MUST(fd);
    if (opened_count < OPENED_MAX) opened[opened_count++] = fd;
    return fd;
}

static void forget(int fd) {
    for (int i = 0; i < opened_count; i++)
        if (opened[i] == fd) opened[i--] = opened[--opened_count];
}

static void close_now(int fd) {
    forget(fd);
    MUST(close(fd));
}

static void open_pipe(int ends[2]) {
    MUST(pipe(ends));
    keep(ends[0]);
    keep(ends[1]);
}

static void open_pair(int ends[2]) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    keep(ends[0]);
    keep(ends[1]);
}

static int open_listener(struct sockaddr_in *address) {
    socklen_t length = sizeof *address;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = keep(socket(AF_INET, SOCK_STREAM, 0));
    MUST(bind(listener, (struct sockaddr *)address, length));
    MUST(listen(listener, 16));
    MUST(getsockname(listener, (struct sockaddr *)address, &length));
    return listener;
}

static int open_client(const struct sockaddr_in *address) {
    int client = keep(socket(AF_INET, SOCK_STREAM, 0));
    MUST(connect(client, (const struct sockaddr *)address, sizeof *address));
    return client;
}

static void open_tcp(int ends[2]) {
    struct sockaddr_in address;
    int listener = open_listener(&address);
    ends[1] = open_client(&address);
    ends[0] = keep(accept(listener, NULL, NULL));
    close_now(listener);
}

static void say(int fd, const char *text) {
    MUST(write(fd, text, strlen(text)));
}

static void drain(int fd) {
    char bytes[1024];
    int flags = MUST(fcntl(fd, F_GETFL));
    MUST(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
    while (read(fd, bytes, sizeof bytes) > 0) continue;
    MUST(fcntl(fd, F_SETFL, flags));
}

static void fill(int fd) {
    static const char bytes[1024];
    int flags = MUST(fcntl(fd, F_GETFL));
    MUST(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
    while (write(fd, bytes, sizeof bytes) > 0) continue;
    while (write(fd, bytes, 1) > 0) continue;
    MUST(fcntl(fd, F_SETFL, flags));
}

static struct kevent tagged(int ident, int filter, int flags, int tag) {
    struct kevent change;
    EV_SET(&change, (uintptr_t)ident, (short)filter, (unsigned short)flags, 0,
           0, UDATA(tag));
    return change;
}

// Applies one change. Returns 0 or the error's number.
static int change_tagged(int ident, int filter, int flags, int tag) {
    struct kevent change = tagged(ident, filter, flags, tag);
    return kevent(kq, &change, 1, NULL, 0, NULL) == 0 ? 0 : errno;
}

static int change(int ident, int filter, int flags) {
    return change_tagged(ident, filter, flags, 0);
}

static struct timespec milliseconds(int ms) {
    struct timespec time = {.tv_sec = ms / 1000};
    time.tv_nsec = ms % 1000 * 1000000L;
    return time;
}

static struct seen look(int queue, int timeout_ms) {
    struct timespec timeout = milliseconds(timeout_ms);
    struct seen seen;
    memset(&seen, 0, sizeof seen);
    seen.count = kevent(queue, NULL, 0, seen.events, ROOM, &timeout);
    return seen;
}

// What there is now; and what comes, if it takes some time to come.
static struct seen poll_events(void) {
    return look(kq, 0);
}

static struct seen wait_events(void) {
    return look(kq, GENEROUS_MS);
}

// The event of this name, or one that is empty.
static struct kevent event_of(const struct seen *seen, int ident, int filter) {
    for (int i = 0; i < seen->count; i++)
        if (seen->events[i].ident == (uintptr_t)ident &&
            seen->events[i].filter == filter)
            return seen->events[i];
    return tagged(-1, 0, 0, 0);
}

static bool has(const struct seen *seen, int ident, int filter) {
    return event_of(seen, ident, filter).filter == filter;
}

static int64_t now_ns(void) {
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now));
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// EVFILT_READ

static void nothing_to_read(void) {
    int ends[2];
    open_pipe(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    EXPECT(0, poll_events().count);
}

static void read_event_says_what(void) {
    int ends[2];
    open_pipe(ends);
    EXPECT(0, change_tagged(ends[0], EVFILT_READ, EV_ADD, 7));
    say(ends[1], "hello");
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(ends[0], seen.events[0].ident);
    EXPECT(EVFILT_READ, seen.events[0].filter);
    EXPECT(0, seen.events[0].flags & (EV_EOF | EV_ERROR));
    EXPECT(5, seen.events[0].data);
    EXPECT(7, (intptr_t)seen.events[0].udata);
}

static void preexisting_condition(void) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "early");
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    struct seen seen = poll_events();
    EXPECT(5, event_of(&seen, ends[0], EVFILT_READ).data);
}

static void read_is_level_triggered(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    say(ends[1], "still here");
    for (int i = 0; i < 3; i++) EXPECT(1, poll_events().count);
    char bytes[4];
    MUST(read(ends[0], bytes, sizeof bytes));
    struct seen seen = poll_events();
    EXPECT(6, event_of(&seen, ends[0], EVFILT_READ).data);
}

static void condition_gone(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR));
    say(ends[1], "soon gone");
    drain(ends[0]);
    EXPECT(0, poll_events().count);
}

static void writes_aggregate(void) {
    int ends[2];
    open_pipe(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR));
    say(ends[1], "one");
    say(ends[1], "two");
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(6, seen.events[0].data);
}

static void pipe_eof(void) {
    int ends[2];
    open_pipe(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    close_now(ends[1]);
    struct kevent event = poll_events().events[0];
    EXPECT(EV_EOF, event.flags & EV_EOF);
    EXPECT(0, event.data);
    EXPECT(1, poll_events().count);
}

static void pipe_eof_with_data_left(void) {
    int ends[2];
    open_pipe(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    say(ends[1], "last words");
    close_now(ends[1]);
    struct kevent event = poll_events().events[0];
    EXPECT(EV_EOF, event.flags & EV_EOF);
    EXPECT(10, event.data);
}

static void socket_eof_with_data_left(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    say(ends[1], "last words");
    close_now(ends[1]);
    struct kevent event = poll_events().events[0];
    EXPECT(EV_EOF, event.flags & EV_EOF);
    EXPECT(10, event.data);
}

// Waits until the kernel has brought what the other end of TCP did.
static struct kevent wait_for_eof(int fd) {
    int64_t deadline_ns = now_ns() + GENEROUS_NS;
    struct kevent event;
    do {
        struct seen seen = wait_events();
        event = event_of(&seen, fd, EVFILT_READ);
    } while (!(event.flags & EV_EOF) && now_ns() < deadline_ns);
    return event;
}

static void tcp_data(void) {
    int ends[2];
    open_tcp(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    say(ends[1], "hello");
    struct kevent event = wait_events().events[0];
    EXPECT(5, event.data);
    EXPECT(0, event.flags & EV_EOF);
}

static void tcp_half_close(void) {
    int ends[2];
    open_tcp(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    say(ends[1], "hello");
    MUST(shutdown(ends[1], SHUT_WR));
    struct kevent event = wait_for_eof(ends[0]);
    EXPECT(EV_EOF, event.flags & EV_EOF);
    EXPECT(5, event.data);
}

static void tcp_reset_keeps_its_error(void) {
    int ends[2];
    open_tcp(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    MUST(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
    close_now(ends[1]);
    EXPECT(EV_EOF, wait_for_eof(ends[0]).flags & EV_EOF);
    char byte;
    EXPECT(-1, read(ends[0], &byte, 1));
    EXPECT(ECONNRESET, errno);
}

static void listener_without_clients(void) {
    struct sockaddr_in address;
    int listener = open_listener(&address);
    EXPECT(0, change(listener, EVFILT_READ, EV_ADD));
    EXPECT(0, poll_events().count);
}

static void listener_counts_its_backlog(void) {
    struct sockaddr_in address;
    int listener = open_listener(&address);
    EXPECT(0, change(listener, EVFILT_READ, EV_ADD));
    open_client(&address);
    open_client(&address);
    int64_t deadline_ns = now_ns() + GENEROUS_NS;
    struct kevent event;
    do event = wait_events().events[0];
    while (event.data < 2 && now_ns() < deadline_ns);
    EXPECT(2, event.data);
    EXPECT(0, event.flags & EV_EOF);
    keep(accept(listener, NULL, NULL));
    EXPECT(1, wait_events().events[0].data);
}

static void unix_listener(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char directory[] = "/tmp/kevent.XXXXXX";
    if (mkdtemp(directory) == NULL) MUST(-1);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s", directory);
    int listener = keep(socket(AF_UNIX, SOCK_STREAM, 0));
    int client = keep(socket(AF_UNIX, SOCK_STREAM, 0));
    const struct sockaddr *name = (const struct sockaddr *)&address;
    MUST(bind(listener, name, sizeof address));
    MUST(listen(listener, 4));
    EXPECT(0, change(listener, EVFILT_READ, EV_ADD));
    EXPECT(0, poll_events().count);
    MUST(connect(client, name, sizeof address));
    struct seen seen = wait_events();
    EXPECT(1, event_of(&seen, listener, EVFILT_READ).data);
    MUST(unlink(address.sun_path));
    MUST(rmdir(directory));
}

// EVFILT_WRITE

static void room_to_write(void) {
    int ends[2], tcp_ends[2];
    open_pipe(ends);
    open_tcp(tcp_ends);
    EXPECT(0, change_tagged(ends[1], EVFILT_WRITE, EV_ADD, 7));
    EXPECT(0, change(tcp_ends[0], EVFILT_WRITE, EV_ADD));
    struct seen seen = poll_events();
    EXPECT(2, seen.count);
    EXPECT_TRUE(event_of(&seen, tcp_ends[0], EVFILT_WRITE).data > 0);
    struct kevent event = event_of(&seen, ends[1], EVFILT_WRITE);
    EXPECT_TRUE(event.data > 0);
    EXPECT(7, (intptr_t)event.udata);
    EXPECT(0, event.flags & (EV_EOF | EV_ERROR));
}

static void room_shrinks(void) {
    int ends[2];
    open_pipe(ends);
    EXPECT(0, change(ends[1], EVFILT_WRITE, EV_ADD));
    intptr_t before = poll_events().events[0].data;
    say(ends[1], "some bytes that nobody reads");
    intptr_t after = poll_events().events[0].data;
    EXPECT_TRUE(0 < after && after < before);
}

static void no_room_no_event(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_WRITE, EV_ADD));
    fill(ends[0]);
    EXPECT(0, poll_events().count);
    drain(ends[1]);
    struct seen seen = poll_events();
    EXPECT_TRUE(event_of(&seen, ends[0], EVFILT_WRITE).data > 0);
}

static void write_eof(void) {
    int ends[2], pair[2];
    open_pipe(ends);
    open_pair(pair);
    EXPECT(0, change(ends[1], EVFILT_WRITE, EV_ADD));
    EXPECT(0, change(pair[1], EVFILT_WRITE, EV_ADD));
    close_now(ends[0]);
    close_now(pair[0]);
    struct seen seen = poll_events();
    EXPECT(EV_EOF, event_of(&seen, ends[1], EVFILT_WRITE).flags & EV_EOF);
    EXPECT(EV_EOF, event_of(&seen, pair[1], EVFILT_WRITE).flags & EV_EOF);
}

// Both filters of one descriptor

static void add_both(int fd, int read_flags, int write_flags) {
    EXPECT(0, change_tagged(fd, EVFILT_READ, EV_ADD | read_flags, 1));
    EXPECT(0, change_tagged(fd, EVFILT_WRITE, EV_ADD | write_flags, 2));
}

static void filters_are_two_events(void) {
    int ends[2];
    open_pair(ends);
    add_both(ends[0], 0, 0);
    say(ends[1], "hello");
    struct seen seen = poll_events();
    EXPECT(2, seen.count);
    EXPECT(1, (intptr_t)event_of(&seen, ends[0], EVFILT_READ).udata);
    EXPECT(2, (intptr_t)event_of(&seen, ends[0], EVFILT_WRITE).udata);
}

static void clear_read_level_write(void) {
    int ends[2];
    open_pair(ends);
    add_both(ends[0], EV_CLEAR, 0);
    say(ends[1], "hello");
    EXPECT(2, poll_events().count);
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(EVFILT_WRITE, seen.events[0].filter);
}

static void level_read_clear_write(void) {
    int ends[2];
    open_pair(ends);
    add_both(ends[0], 0, EV_CLEAR);
    say(ends[1], "hello");
    EXPECT(2, poll_events().count);
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(EVFILT_READ, seen.events[0].filter);
}

static void delete_one_filter(void) {
    int ends[2];
    open_pair(ends);
    add_both(ends[0], 0, 0);
    say(ends[1], "hello");
    EXPECT(0, change(ends[0], EVFILT_WRITE, EV_DELETE));
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(EVFILT_READ, seen.events[0].filter);
}

static void disable_one_filter(void) {
    int ends[2];
    open_pair(ends);
    add_both(ends[0], 0, 0);
    say(ends[1], "hello");
    EXPECT(0, change(ends[0], EVFILT_READ, EV_DISABLE));
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(EVFILT_WRITE, seen.events[0].filter);
}

static void oneshot_one_filter(void) {
    int ends[2];
    open_pair(ends);
    add_both(ends[0], EV_ONESHOT, EV_DISPATCH);
    say(ends[1], "hello");
    EXPECT(2, poll_events().count);
    EXPECT(0, poll_events().count);
    EXPECT(ENOENT, change(ends[0], EVFILT_READ, EV_ENABLE));
    EXPECT(0, change(ends[0], EVFILT_WRITE, EV_ENABLE));
}

// EV_CLEAR, EV_ONESHOT, EV_DISPATCH

static void clear_reports_once(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR));
    say(ends[1], "abc");
    EXPECT(1, poll_events().count);
    EXPECT(0, poll_events().count);
    say(ends[1], "de");
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(5, seen.events[0].data);
    EXPECT(EV_CLEAR, seen.events[0].flags & EV_CLEAR);
}

static void clear_write_reports_new_room(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_WRITE, EV_ADD | EV_CLEAR));
    EXPECT(1, poll_events().count);
    EXPECT(0, poll_events().count);
    fill(ends[0]);
    EXPECT(0, poll_events().count);
    drain(ends[1]);
    EXPECT(1, poll_events().count);
}

static void clear_again_reports_again(void) {
    int ends[2];
    open_pair(ends);
    add_both(ends[0], EV_CLEAR, EV_CLEAR);
    say(ends[1], "unread");
    EXPECT(2, poll_events().count);
    add_both(ends[0], EV_CLEAR, EV_CLEAR);
    EXPECT(2, poll_events().count);
    EXPECT(0, poll_events().count);
}

static void clear_enabled_reports_again(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR));
    say(ends[1], "unread");
    EXPECT(1, poll_events().count);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_DISABLE));
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ENABLE));
    EXPECT(1, poll_events().count);
    EXPECT(0, poll_events().count);
}

static void oneshot_is_deleted(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_ONESHOT));
    EXPECT(0, poll_events().count);
    say(ends[1], "unread");
    EXPECT(1, poll_events().count);
    EXPECT(0, poll_events().count);
    EXPECT(ENOENT, change(ends[0], EVFILT_READ, EV_DELETE));
}

static void oneshot_added_again(void) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "unread");
    for (int i = 0; i < 3; i++) {
        EXPECT(0, change_tagged(ends[0], EVFILT_READ, EV_ADD | EV_ONESHOT, i));
        struct seen seen = poll_events();
        EXPECT(1, seen.count);
        EXPECT(i, (intptr_t)seen.events[0].udata);
    }
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    EXPECT(1, poll_events().count);
    EXPECT(1, poll_events().count);
}

static void dispatch_disables(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change_tagged(ends[0], EVFILT_READ, EV_ADD | EV_DISPATCH, 7));
    say(ends[1], "unread");
    EXPECT(1, poll_events().count);
    say(ends[1], "more");
    EXPECT(0, poll_events().count);
    EXPECT(0, change_tagged(ends[0], EVFILT_READ, EV_ENABLE, 7));
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(10, seen.events[0].data);
    EXPECT(7, (intptr_t)seen.events[0].udata);
    EXPECT(0, poll_events().count);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_DELETE));
}

// EV_ADD, EV_DELETE, EV_ENABLE, EV_DISABLE

static void disabled_until_enabled(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    say(ends[1], "hello");
    EXPECT(1, poll_events().count);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_DISABLE));
    EXPECT(0, poll_events().count);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ENABLE));
    EXPECT(1, poll_events().count);
    EXPECT(1, poll_events().count);
}

static void added_disabled(void) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "hello");
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_DISABLE));
    EXPECT(0, poll_events().count);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ENABLE));
    EXPECT(1, poll_events().count);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_DISABLE));
    EXPECT(0, poll_events().count);
}

static void enable_keeps_clear(void) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "hello");
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR | EV_DISABLE));
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ENABLE));
    EXPECT(1, poll_events().count);
    EXPECT(0, poll_events().count);
}

static void disabled_hang_up_does_not_wake(void) {
    int ends[2], pair[2];
    open_pipe(ends);
    open_pair(pair);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_DISABLE));
    EXPECT(0, change(pair[0], EVFILT_WRITE, EV_ADD | EV_DISABLE));
    close_now(ends[1]);
    close_now(pair[1]);
    int64_t before_ns = now_ns();
    EXPECT(0, look(kq, 30).count);
    EXPECT_TRUE(now_ns() - before_ns >= 30000000);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ENABLE));
    EXPECT(EV_EOF, poll_events().events[0].flags & EV_EOF);
}

static void disabled_hang_up_hides_nobody(void) {
    int ends[2], pair[2];
    struct timespec none = {0};
    struct kevent event;
    open_pipe(ends);
    open_pair(pair);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_DISABLE));
    close_now(ends[1]);
    EXPECT(0, change(pair[0], EVFILT_READ, EV_ADD));
    say(pair[1], "hello");
    EXPECT(1, kevent(kq, NULL, 0, &event, 1, &none));
    EXPECT(pair[0], event.ident);
}

static void add_again_modifies(void) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "hello");
    EXPECT(0, change_tagged(ends[0], EVFILT_READ, EV_ADD, 1));
    EXPECT(1, (intptr_t)poll_events().events[0].udata);
    EXPECT(0, change_tagged(ends[0], EVFILT_READ, EV_ADD, 2));
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(2, (intptr_t)seen.events[0].udata);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_DELETE));
    EXPECT(0, poll_events().count);
}

static void add_again_enables(void) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "hello");
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_DISABLE));
    EXPECT(0, poll_events().count);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD | EV_ENABLE));
    EXPECT(1, poll_events().count);
#ifdef KQUEUE_ON_EPOLL
    // The page says that EV_ADD alone is enough. The BSDs' kernels and macOS's
    // leave the event disabled, so nothing that is portable depends on it.
    EXPECT(0, change(ends[0], EVFILT_READ, EV_DISABLE));
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    EXPECT(1, poll_events().count);
#endif
}

static void deleted_is_gone(void) {
    int ends[2];
    open_pair(ends);
    add_both(ends[0], 0, 0);
    say(ends[1], "hello");
    EXPECT(2, poll_events().count);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_DELETE));
    EXPECT(0, change(ends[0], EVFILT_WRITE, EV_DELETE));
    EXPECT(0, poll_events().count);
    EXPECT(ENOENT, change(ends[0], EVFILT_READ, EV_DELETE));
}

static void not_there(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(ENOENT, change(ends[0], EVFILT_READ, EV_DELETE));
    EXPECT(ENOENT, change(ends[0], EVFILT_READ, EV_ENABLE));
    EXPECT(ENOENT, change(ends[0], EVFILT_READ, EV_DISABLE));
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    EXPECT(ENOENT, change(ends[0], EVFILT_WRITE, EV_DELETE));
    EXPECT(ENOENT, change(ends[0], EVFILT_WRITE, EV_ENABLE));
    EXPECT(ENOENT, change(ends[0], EVFILT_WRITE, EV_DISABLE));
}

// Errors and receipts

static void bad_descriptor(void) {
    int ends[2];
    open_pair(ends);
    close_now(ends[0]);
    EXPECT(EBADF, change(ends[0], EVFILT_READ, EV_ADD));
    EXPECT(EBADF, change(ends[0], EVFILT_WRITE, EV_ADD));
    EXPECT(EBADF, change(-1, EVFILT_READ, EV_ADD));
    EXPECT(EBADF, change(1999999999, EVFILT_READ, EV_ADD));
}

static void unknown_filter(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(EINVAL, change(ends[0], 77, EV_ADD));
    EXPECT(EINVAL, change(ends[0], -99, EV_ADD));
}

static void bad_kqueue(void) {
    struct timespec none = {0};
    int ends[2], closed = kqueue();
    struct kevent event;
    open_pair(ends);
    MUST(close(closed));
    struct kevent add = tagged(ends[0], EVFILT_READ, EV_ADD, 0);
    EXPECT(-1, kevent(closed, NULL, 0, &event, 1, &none));
    EXPECT(EBADF, errno);
    errno = 0;
    EXPECT(-1, kevent(closed, &add, 1, &event, 1, &none));
    EXPECT(EBADF, errno);
    errno = 0;
    EXPECT(-1, kevent(-1, &add, 1, &event, 1, &none));
    EXPECT(EBADF, errno);
}

static void error_becomes_event(void) {
    int ends[2];
    open_pair(ends);
    struct kevent event, wrong = tagged(ends[0], EVFILT_WRITE, EV_DELETE, 7);
    // It neither waits, nor looks what is ready.
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    EXPECT(1, kevent(kq, &wrong, 1, &event, 1, NULL));
    EXPECT(EV_ERROR, event.flags & EV_ERROR);
    EXPECT(ENOENT, event.data);
    EXPECT(ends[0], event.ident);
    EXPECT(EVFILT_WRITE, event.filter);
    EXPECT(7, (intptr_t)event.udata);
}

static void errors_come_alone(void) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "ready");
    struct kevent changes[] = {
        tagged(ends[0], EVFILT_WRITE, EV_DELETE, 0),
        tagged(ends[0], EVFILT_READ, EV_ADD, 0),
        tagged(ends[0], 77, EV_ADD, 0),
    };
    struct kevent events[ROOM];
    EXPECT(2, kevent(kq, changes, 3, events, ROOM, NULL));
    EXPECT(ENOENT, events[0].data);
    EXPECT(EINVAL, events[1].data);
    // The change between the two was made nevertheless.
    EXPECT(1, poll_events().count);
}

static void error_without_room(void) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "ready");
    struct kevent changes[] = {
        tagged(ends[0], EVFILT_READ, EV_ADD, 0),
        tagged(ends[0], EVFILT_WRITE, EV_DELETE, 0),
        tagged(ends[0], EVFILT_WRITE, EV_ADD, 0),
    };
    EXPECT(-1, kevent(kq, changes, 3, NULL, 0, NULL));
    EXPECT(ENOENT, errno);
    // What stood before it was done, what stood behind it was not.
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(EVFILT_READ, seen.events[0].filter);
}

static void receipts(void) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "ready");
    struct kevent changes[] = {
        tagged(ends[0], EVFILT_READ, EV_ADD | EV_RECEIPT, 1),
        tagged(ends[0], EVFILT_WRITE, EV_DELETE | EV_RECEIPT, 2),
    };
    struct kevent events[ROOM];
    EXPECT(2, kevent(kq, changes, 2, events, ROOM, NULL));
    EXPECT(EV_ERROR, events[0].flags & EV_ERROR);
    EXPECT(0, events[0].data);
    EXPECT(1, (intptr_t)events[0].udata);
    EXPECT(EV_ERROR, events[1].flags & EV_ERROR);
    EXPECT(ENOENT, events[1].data);
    // Pending events were not drained meanwhile.
    EXPECT(1, poll_events().count);
}

static void same_array(void) {
    struct timespec none = {0};
    int ends[2];
    open_pair(ends);
    struct kevent both[] = {
        tagged(ends[0], EVFILT_WRITE, EV_ADD, 1),
        tagged(ends[0], 77, EV_ADD, 2),
        tagged(ends[1], EVFILT_WRITE, EV_ADD | EV_RECEIPT, 3),
    };
    EXPECT(2, kevent(kq, both, 3, both, 3, &none));
    EXPECT(2, (intptr_t)both[0].udata);
    EXPECT(EINVAL, both[0].data);
    EXPECT(3, (intptr_t)both[1].udata);
    EXPECT(0, both[1].data);
    EXPECT(2, poll_events().count);
}

static void changes_come_first(void) {
    struct timespec none = {0};
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_WRITE, EV_ADD));
    say(ends[1], "ready");
    struct kevent changes[] = {
        tagged(ends[0], EVFILT_READ, EV_ADD, 0),
        tagged(ends[0], EVFILT_WRITE, EV_DELETE, 0),
    };
    struct kevent events[ROOM];
    EXPECT(1, kevent(kq, changes, 2, events, ROOM, &none));
    EXPECT(EVFILT_READ, events[0].filter);
}

// The timeout

static void zero_timeout_polls(void) {
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    int64_t before_ns = now_ns();
    EXPECT(0, poll_events().count);
    EXPECT_TRUE(now_ns() - before_ns < GENEROUS_NS);
}

static void never_early(void) {
    static const long waits_ns[] = {1, 100000, 999999, 1000001, 20500000};
    int ends[2];
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    for (size_t i = 0; i < sizeof waits_ns / sizeof *waits_ns; i++) {
        struct timespec timeout = {.tv_nsec = waits_ns[i]};
        struct kevent event;
        int64_t before_ns = now_ns();
        EXPECT(0, kevent(kq, NULL, 0, &event, 1, &timeout));
        EXPECT_TRUE(now_ns() - before_ns >= waits_ns[i]);
    }
}

static void event_ends_the_wait(void) {
    struct timespec very_long = {.tv_sec = 4000000};
    int ends[2];
    struct kevent event;
    open_pair(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    say(ends[1], "hello");
    EXPECT(1, kevent(kq, NULL, 0, &event, 1, &very_long));
}

static void no_timeout_waits(void) {
    int ends[2];
    struct kevent event;
    open_pipe(ends);
    EXPECT(0, change(ends[0], EVFILT_READ, EV_ADD));
    pid_t child = MUST(fork());
    if (child == 0) _exit(write(ends[1], "hello", 5) == 5 ? 0 : 1);
    EXPECT(1, kevent(kq, NULL, 0, &event, 1, NULL));
    EXPECT(5, event.data);
    MUST(waitpid(child, NULL, 0));
}

static void no_room_no_wait(void) {
    struct timespec very_long = {.tv_sec = 4000};
    EXPECT(0, kevent(kq, NULL, 0, NULL, 0, &very_long));
    EXPECT(0, kevent(kq, NULL, 0, NULL, 0, NULL));
}

static void invalid_timeout(void) {
    const struct timespec invalid[] = {
        {.tv_nsec = 1000000000},
        {.tv_nsec = -1},
        {.tv_sec = -1},
    };
    for (int i = 0; i < 3; i++) {
        struct kevent event;
        errno = 0;
        EXPECT(-1, kevent(kq, NULL, 0, &event, 1, &invalid[i]));
        EXPECT(EINVAL, errno);
    }
}

static void ignore_tap_on_the_shoulder(int number) {
    (void)number;
}

// A child that sends SIGUSR2 again and again: the first one may come before
// kevent waits.
static pid_t start_tapping(void) {
    pid_t parent = getpid(), child = MUST(fork());
    if (child != 0) return child;
    for (int taps = 0; taps < 1000; taps++) {
        struct timespec pause = milliseconds(10);
        kill(parent, SIGUSR2);
        nanosleep(&pause, NULL);
    }
    _exit(0);
}

static void signal_interrupts(void) {
    // In milliseconds this is 2 to the power of 32.
    struct timespec very_long = {.tv_sec = 4294967, .tv_nsec = 296000000};
    struct sigaction handler = {.sa_handler = ignore_tap_on_the_shoulder};
    struct kevent event;
    MUST(sigaction(SIGUSR2, &handler, NULL));
    pid_t child = start_tapping();
    EXPECT(-1, kevent(kq, NULL, 0, &event, 1, NULL));
    EXPECT(EINTR, errno);
    errno = 0;
    EXPECT(-1, kevent(kq, NULL, 0, &event, 1, &very_long));
    EXPECT(EINTR, errno);
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR) continue;
    signal(SIGUSR2, SIG_DFL);
}

// close(2)

// A socket with an event of each filter; it has data to read.
static int watch_a_socket(int flags) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "hello");
    add_both(ends[0], flags, flags);
    return ends[0];
}

// Closes fd and gives its number to another socket that has data to read.
static void give_number_again(int fd) {
    int ends[2];
    open_pair(ends);
    say(ends[1], "other");
    close_now(fd);
    MUST(dup2(ends[0], fd));
    keep(fd);
}

static void close_forgets(void) {
    int fd = watch_a_socket(0);
    EXPECT(2, poll_events().count);
    close_now(fd);
    EXPECT(0, poll_events().count);
    EXPECT(EBADF, change(fd, EVFILT_READ, EV_ENABLE));
}

static void number_again_has_no_events(void) {
    give_number_again(watch_a_socket(0));
    EXPECT(0, poll_events().count);
}

static void number_again_is_not_there(void) {
    static const int flags[] = {0, EV_CLEAR, EV_ONESHOT, EV_DISABLE};
    for (int i = 0; i < 4; i++) {
        int fd = watch_a_socket(flags[i]);
        give_number_again(fd);
        EXPECT(ENOENT, change(fd, EVFILT_READ, EV_ENABLE));
        EXPECT(ENOENT, change(fd, EVFILT_READ, EV_DISABLE));
        EXPECT(ENOENT, change(fd, EVFILT_READ, EV_DELETE));
        EXPECT(ENOENT, change(fd, EVFILT_WRITE, EV_ENABLE));
        EXPECT(ENOENT, change(fd, EVFILT_WRITE, EV_DISABLE));
        EXPECT(ENOENT, change(fd, EVFILT_WRITE, EV_DELETE));
        EXPECT(0, poll_events().count);
    }
}

static void number_again_starts_afresh(void) {
    int fd = watch_a_socket(EV_DISABLE | EV_ONESHOT);
    give_number_again(fd);
    EXPECT(0, change_tagged(fd, EVFILT_READ, EV_ADD, 8));
    for (int i = 0; i < 2; i++) {
        struct seen seen = poll_events();
        EXPECT(1, seen.count);
        EXPECT(EVFILT_READ, seen.events[0].filter);
        EXPECT(8, (intptr_t)seen.events[0].udata);
    }
}

static void dup2_closes_too(void) {
    int ends[2], fd = watch_a_socket(0);
    open_pipe(ends);
    MUST(dup2(ends[0], fd));
    EXPECT(0, poll_events().count);
    EXPECT(0, change(fd, EVFILT_READ, EV_ADD));
    say(ends[1], "through the pipe");
    struct seen seen = poll_events();
    EXPECT(1, seen.count);
    EXPECT(16, event_of(&seen, fd, EVFILT_READ).data);
}

// Several kqueues

static void kqueues_are_separate(void) {
    int fd = watch_a_socket(EV_CLEAR), other = keep(kqueue());
    EXPECT(0, look(other, 0).count);
    struct kevent add = tagged(fd, EVFILT_READ, EV_ADD, 8);
    EXPECT(0, kevent(other, &add, 1, NULL, 0, NULL));
    EXPECT(2, poll_events().count);
    EXPECT(1, look(other, 0).count);
    EXPECT(8, (intptr_t)look(other, 0).events[0].udata);
    EXPECT(0, change(fd, EVFILT_READ, EV_DELETE));
    EXPECT(1, look(other, 0).count);
    close_now(other);
    EXPECT(0, change(fd, EVFILT_WRITE, EV_ADD));
    EXPECT(1, poll_events().count);
}

static void kqueue_number_again(void) {
    watch_a_socket(0);
    int number = kq, spare[3];
    for (int i = 0; i < 3; i++) spare[i] = MUST(kqueue());
    MUST(close(kq));
    kq = MUST(kqueue());
    EXPECT(number, kq);
    EXPECT(0, poll_events().count);
    watch_a_socket(0);
    EXPECT(2, poll_events().count);
    for (int i = 0; i < 3; i++) MUST(close(spare[i]));
}

static void many_kqueues_leak_nothing(void) {
    int ends[2];
    open_pair(ends);
    for (int i = 0; i < 2000; i++) {
        MUST(close(kq));
        kq = MUST(kqueue());
        EXPECT(0, change(ends[0], EVFILT_WRITE, EV_ADD));
        EXPECT(1, poll_events().count);
    }
}

// The room for events

static void rest_comes_later(void) {
    struct timespec none = {0};
    struct kevent events[2];
    int ends[3][2];
    for (int i = 0; i < 3; i++) {
        open_pair(ends[i]);
        say(ends[i][1], "hello");
        EXPECT(0, change(ends[i][0], EVFILT_READ, EV_ADD | EV_ONESHOT));
    }
    EXPECT(2, kevent(kq, NULL, 0, events, 2, &none));
    EXPECT(1, kevent(kq, NULL, 0, events, 2, &none));
    EXPECT(0, kevent(kq, NULL, 0, events, 2, &none));
}

static void everybody_has_a_turn(void) {
    struct timespec none = {0};
    int pairs[4][2], turns[4][2];
    memset(turns, 0, sizeof turns);
    for (int i = 0; i < 4; i++) {
        open_pair(pairs[i]);
        say(pairs[i][1], "hello");
        EXPECT(0, change_tagged(pairs[i][0], EVFILT_READ, EV_ADD, i));
        EXPECT(0, change_tagged(pairs[i][0], EVFILT_WRITE, EV_ADD, i));
    }
    for (int i = 0; i < 64; i++) {
        struct kevent event;
        EXPECT(1, kevent(kq, NULL, 0, &event, 1, &none));
        turns[(intptr_t)event.udata][event.filter == EVFILT_READ]++;
    }
    for (int i = 0; i < 8; i++) EXPECT_TRUE(turns[i / 2][i % 2] > 0);
}

static void many_ready(void) {
    enum { PAIRS = 40 };
    int pairs[PAIRS][2], total = 0;
    for (int i = 0; i < PAIRS; i++) {
        open_pair(pairs[i]);
        EXPECT(0, change(pairs[i][0], EVFILT_READ, EV_ADD | EV_CLEAR));
        EXPECT(0, change(pairs[i][0], EVFILT_WRITE, EV_ADD | EV_CLEAR));
        say(pairs[i][1], "hello");
    }
    for (int i = 0; i < 2 * PAIRS / ROOM; i++) total += poll_events().count;
    EXPECT(2 * PAIRS, total);
    EXPECT(0, poll_events().count);
}

// EVFILT_SIGNAL

static void watch_signal(int number, int flags) {
    signal(number, SIG_IGN);
    EXPECT(0, change_tagged(number, EVFILT_SIGNAL, EV_ADD | flags, 7));
}

static void raise_for_process(int number) {
    MUST(kill(getpid(), number));
}

static void unwatch_signal(int number) {
    change(number, EVFILT_SIGNAL, EV_DELETE);
    signal(number, SIG_DFL);
}

static void signal_event(void) {
    watch_signal(SIGUSR1, 0);
    EXPECT(0, poll_events().count);
    raise_for_process(SIGUSR1);
    struct seen seen = wait_events();
    EXPECT(1, seen.count);
    EXPECT(SIGUSR1, seen.events[0].ident);
    EXPECT(EVFILT_SIGNAL, seen.events[0].filter);
    EXPECT(1, seen.events[0].data);
    EXPECT(7, (intptr_t)seen.events[0].udata);
    EXPECT(0, poll_events().count);
    raise_for_process(SIGUSR1);
    EXPECT(1, wait_events().count);
    unwatch_signal(SIGUSR1);
}

static void signals_are_counted(void) {
    watch_signal(SIGUSR1, 0);
    raise_for_process(SIGUSR1);
    raise_for_process(SIGUSR1);
    struct seen seen = wait_events();
    EXPECT(1, seen.count);
    // Linux merges signals of one kind that are pending.
    EXPECT_TRUE(seen.events[0].data == 1 || seen.events[0].data == 2);
    EXPECT(0, poll_events().count);
    unwatch_signal(SIGUSR1);
}

// Real-time signals queue up, where there are any.
static void real_time_signals_are_counted(void) {
#ifdef SIGRTMIN
    int number = SIGRTMIN;
    watch_signal(number, 0);
    for (int i = 0; i < 3; i++) raise_for_process(number);
    struct seen seen = wait_events();
    EXPECT(1, seen.count);
    EXPECT(3, seen.events[0].data);
    EXPECT(0, poll_events().count);
    unwatch_signal(number);
#endif
}

static void signals_are_distinct(void) {
    watch_signal(SIGUSR1, 0);
    watch_signal(SIGUSR2, 0);
    raise_for_process(SIGUSR2);
    struct seen seen = wait_events();
    EXPECT(1, seen.count);
    EXPECT_TRUE(has(&seen, SIGUSR2, EVFILT_SIGNAL));
    raise_for_process(SIGUSR1);
    raise_for_process(SIGUSR2);
    EXPECT(2, wait_events().count);
    unwatch_signal(SIGUSR1);
    unwatch_signal(SIGUSR2);
}

static void signal_and_descriptor(void) {
    int fd = watch_a_socket(0);
    watch_signal(SIGUSR1, 0);
    raise_for_process(SIGUSR1);
    struct seen seen = wait_events();
    EXPECT(3, seen.count);
    EXPECT_TRUE(has(&seen, SIGUSR1, EVFILT_SIGNAL));
    EXPECT_TRUE(has(&seen, fd, EVFILT_READ));
    EXPECT_TRUE(has(&seen, fd, EVFILT_WRITE));
    unwatch_signal(SIGUSR1);
}

static void signal_disabled(void) {
    watch_signal(SIGUSR1, 0);
    EXPECT(0, change(SIGUSR1, EVFILT_SIGNAL, EV_DISABLE));
    raise_for_process(SIGUSR1);
    EXPECT(0, poll_events().count);
    EXPECT(0, change(SIGUSR1, EVFILT_SIGNAL, EV_ENABLE));
    EXPECT(1, wait_events().count);
    unwatch_signal(SIGUSR1);
}

static void signal_deleted(void) {
    sigset_t before, after;
    MUST(sigprocmask(SIG_BLOCK, NULL, &before));
    watch_signal(SIGUSR1, 0);
    EXPECT(0, change(SIGUSR1, EVFILT_SIGNAL, EV_DELETE));
    MUST(sigprocmask(SIG_BLOCK, NULL, &after));
    EXPECT(0, sigismember(&before, SIGUSR1));
    EXPECT(0, sigismember(&after, SIGUSR1));
    raise_for_process(SIGUSR1);
    EXPECT(0, poll_events().count);
    EXPECT(ENOENT, change(SIGUSR1, EVFILT_SIGNAL, EV_DELETE));
    EXPECT(ENOENT, change(SIGUSR1, EVFILT_SIGNAL, EV_ENABLE));
    signal(SIGUSR1, SIG_DFL);
}

static void signal_blocked_before(void) {
    sigset_t one, after;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    MUST(sigprocmask(SIG_BLOCK, &one, NULL));
    watch_signal(SIGUSR1, 0);
    raise_for_process(SIGUSR1);
    EXPECT(1, wait_events().count);
    EXPECT(0, change(SIGUSR1, EVFILT_SIGNAL, EV_DELETE));
    raise_for_process(SIGUSR1);
    EXPECT(0, poll_events().count);
    MUST(sigprocmask(SIG_UNBLOCK, &one, &after));
    EXPECT(1, sigismember(&after, SIGUSR1));
    signal(SIGUSR1, SIG_DFL);
}

static void signal_oneshot(void) {
    watch_signal(SIGUSR1, EV_ONESHOT);
    watch_signal(SIGUSR2, EV_DISPATCH);
    for (int i = 0; i < 2; i++) {
        raise_for_process(SIGUSR1);
        raise_for_process(SIGUSR2);
        EXPECT(i == 0 ? 2 : 0, poll_events().count);
    }
    EXPECT(ENOENT, change(SIGUSR1, EVFILT_SIGNAL, EV_DELETE));
    EXPECT(0, change(SIGUSR2, EVFILT_SIGNAL, EV_ENABLE));
    EXPECT(1, wait_events().count);
    signal(SIGUSR1, SIG_DFL);
    unwatch_signal(SIGUSR2);
}

static const struct test {
    const char *sentence;
    void (*run)(void);
} tests[] = {
    {"EVFILT_READ says nothing while there is nothing to read",
     nothing_to_read},
    {"EVFILT_READ returns ident, filter, bytes to read and udata",
     read_event_says_what},
    {"the filter runs at registration and sees what is there already",
     preexisting_condition},
    {"EVFILT_READ returns again as long as there is data",
     read_is_level_triggered},
    {"an event whose condition no longer holds is not returned",
     condition_gone},
    {"several writes are one event", writes_aggregate},
    {"a pipe whose last writer is gone has EV_EOF, at every call", pipe_eof},
    {"a pipe's EV_EOF may come with data left", pipe_eof_with_data_left},
    {"a socket's EV_EOF may come with data left", socket_eof_with_data_left},
    {"a TCP socket's data is the bytes to read", tcp_data},
    {"a TCP peer's half-close is EV_EOF with data left", tcp_half_close},
    {"a reset is EV_EOF, and read still returns the error",
     tcp_reset_keeps_its_error},
    {"a listener without clients is silent", listener_without_clients},
    {"a listener's data is its backlog", listener_counts_its_backlog},
    {"a Unix listener returns when a client calls", unix_listener},
    {"EVFILT_WRITE returns the room in the buffer, and udata", room_to_write},
    {"the room in a pipe shrinks with what is in it", room_shrinks},
    {"EVFILT_WRITE is silent while the buffer is full", no_room_no_event},
    {"EVFILT_WRITE has EV_EOF when the reader disconnects", write_eof},
    {"two filters of a descriptor are two events, each with its udata",
     filters_are_two_events},
    {"EV_CLEAR for reading leaves writing level-triggered",
     clear_read_level_write},
    {"EV_CLEAR for writing leaves reading level-triggered",
     level_read_clear_write},
    {"deleting one filter leaves the other", delete_one_filter},
    {"disabling one filter leaves the other", disable_one_filter},
    {"EV_ONESHOT and EV_DISPATCH concern one filter each", oneshot_one_filter},
    {"EV_CLEAR returns once for each new data", clear_reports_once},
    {"EV_CLEAR returns once for each new room", clear_write_reports_new_room},
    {"re-adding an EV_CLEAR event returns what is still there",
     clear_again_reports_again},
    {"enabling an EV_CLEAR event returns what is still there",
     clear_enabled_reports_again},
    {"EV_ONESHOT returns once and deletes the event", oneshot_is_deleted},
    {"an EV_ONESHOT event can be added again", oneshot_added_again},
    {"EV_DISPATCH disables the event, EV_ENABLE brings it back",
     dispatch_disables},
    {"EV_DISABLE silences an event, EV_ENABLE brings it back",
     disabled_until_enabled},
    {"EV_ADD with EV_DISABLE adds a silent event", added_disabled},
    {"EV_ENABLE keeps the event's EV_CLEAR", enable_keeps_clear},
    {"a hang-up of a disabled event does not end the wait",
     disabled_hang_up_does_not_wake},
    {"a hang-up of a disabled event takes no room from others",
     disabled_hang_up_hides_nobody},
    {"re-adding modifies the event and makes no second one",
     add_again_modifies},
    {"re-adding enables the event", add_again_enables},
    {"EV_DELETE removes the event", deleted_is_gone},
    {"ENOENT for deleting, enabling, disabling what is not there", not_there},
    {"EBADF for a descriptor that is not open", bad_descriptor},
    {"EINVAL for an unknown filter", unknown_filter},
    {"EBADF for a kqueue that is not open", bad_kqueue},
    {"a failed change comes back as an EV_ERROR event, at once",
     error_becomes_event},
    {"errors come without other events, and later changes are made",
     errors_come_alone},
    {"without room a failed change is -1 and errno, and ends the call",
     error_without_room},
    {"EV_RECEIPT returns EV_ERROR with 0 or the error, and no events",
     receipts},
    {"changes and events may be the same array", same_array},
    {"all changes are applied before events are read", changes_come_first},
    {"a zero timeout polls", zero_timeout_polls},
    {"a timeout never ends early", never_early},
    {"an event ends the wait before its time", event_ends_the_wait},
    {"without a timeout kevent waits for the event", no_timeout_waits},
    {"without room for events kevent returns at once", no_room_no_wait},
    {"EINVAL for an invalid timeout", invalid_timeout},
    {"EINTR when a signal handler ran", signal_interrupts},
    {"close deletes the descriptor's events", close_forgets},
    {"a number given out again has no events", number_again_has_no_events},
    {"ENOENT for the events of a number given out again",
     number_again_is_not_there},
    {"events of a number given out again start afresh",
     number_again_starts_afresh},
    {"dup2 over a descriptor deletes its events", dup2_closes_too},
    {"two kqueues watch one descriptor independently", kqueues_are_separate},
    {"a kqueue's number given out again is an empty kqueue",
     kqueue_number_again},
    {"kqueues opened and closed leave nothing behind",
     many_kqueues_leak_nothing},
    {"what has no room comes with the next call", rest_comes_later},
    {"with room for one, every ready event has its turn", everybody_has_a_turn},
    {"many ready events come once each, call by call", many_ready},
    {"EVFILT_SIGNAL returns a signal once, an ignored one too", signal_event},
    {"EVFILT_SIGNAL counts occurrences", signals_are_counted},
    {"EVFILT_SIGNAL counts real-time signals one by one",
     real_time_signals_are_counted},
    {"each signal has its event", signals_are_distinct},
    {"signals and descriptors come out of one call", signal_and_descriptor},
    {"a disabled signal is kept until it is enabled", signal_disabled},
    {"a deleted signal is as it was before", signal_deleted},
    {"a signal blocked before is returned, and stays blocked",
     signal_blocked_before},
    {"EV_ONESHOT and EV_DISPATCH hold for signals", signal_oneshot},
};

static void bail_out(int number) {
    static const char text[] = "Bail out! A test hangs.\n";
    (void)number;
    ssize_t ignored = write(STDOUT_FILENO, text, sizeof text - 1);
    _exit(ignored == -1 ? 2 : 1);
}

static bool run(int number, const struct test *test) {
    complaint[0] = '\0';
    kq = MUST(kqueue());
    test->run();
    MUST(close(kq));
    while (opened_count > 0) close(opened[--opened_count]);

    bool passed = complaint[0] == '\0';
    printf("%sok %d - %s\n", passed ? "" : "not ", number, test->sentence);
    if (!passed) printf("# %s\n", complaint);
    fflush(stdout);
    return passed;
}

int main(void) {
    int count = sizeof tests / sizeof *tests, failed = 0;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, bail_out);
    alarm(HANG_S);

    printf("# kevent: " KQUEUE_NAME "\n1..%d\n", count);
    fflush(stdout);
    for (int i = 0; i < count; i++) failed += !run(i + 1, &tests[i]);
    return failed > 0;
}
