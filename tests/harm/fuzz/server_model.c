// server_model: the loop of 06 in a world that is made up.
//
// The real server.c with the real connections, deadlines and listeners; only
// sockets, memory, the poller and the clock are fakes. Time passes in
// poller_wait() alone, so everything that has to happen by a certain time has
// happened when the server comes back to wait. Each life of the server is a
// process, because it stops at its end.

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"
#include "fake_memory.h"
#include "fake_socket.h"
#include "listener.h"
#include "log.h"
#include "model.h"
#include "net.h"
#include "options.h"
#include "poller.h"

enum {
    STEPS = 1000 * 1000,
    STEP_COST = 4, // a turn of the loop costs as much as steps elsewhere
    LIFE = 3000,   // turns until it is stopped
    DRAIN_MS = 1000,
    REST_MS = 1000,
    CLIENTS_MAX = 60, // fewer than the server expires in a turn
    LISTENER = 3,
    FIRST_FD = 4,
    FD_MAX = 200,
    SPINS_MAX = 4, // turns for nothing
};

int server_main(int argc, char **argv);
void model_listeners_open(const struct options *options);
void *fake_malloc(size_t size);
int fake_clock_gettime(clockid_t clock, struct timespec *now);
int fake_poll(struct pollfd *descriptors, nfds_t count, int timeout_ms);

static struct {
    bool watched;
    enum interest interest;
    int64_t moved_ms; // the last time that a byte did
    uint64_t bytes;   // in and out, until then
    uint64_t taken;   // when this turn began
} clients[FD_MAX];

static int backlog, turns_left, signals, spins;
static int64_t now_ms, timeout_ms, stop_ms = NEVER;
static bool no_descriptors;
static bool closed; // a client, in this turn
static uint64_t served;
static char last_line[256];

// --- what the server calls ---------------------------------------------------

struct options options_parse(int argc, char **argv, int takes) {
    (void)argc, (void)argv, (void)takes;
    return (struct options){.timeout_s = (double)timeout_ms / 1000,
                            .timeout_ms = timeout_ms,
                            .address_count = 1};
}

void model_listeners_open(const struct options *options) {
    (void)options;
    do listeners = fake_malloc(sizeof *listeners);
    while (listeners == NULL);
    *listeners = (struct listener){.fd = LISTENER};
    listener_count = 1;
    fake_socket_open(LISTENER);
}

int fake_clock_gettime(clockid_t clock, struct timespec *now) {
    expect(clock == CLOCK_MONOTONIC, "another clock, that can be set");
    now->tv_sec = (time_t)(now_ms / 1000);
    now->tv_nsec = (long)(now_ms % 1000) * 1000 * 1000;
    return 0;
}

int fake_poll(struct pollfd *descriptors, nfds_t count, int wait_ms) {
    expect(descriptors->fd == LISTENER && count == 1 && wait_ms == 0,
           "it waits where it must not");
    return backlog > 0;
}

bool net_would_block(void) {
    return errno == EAGAIN || errno == EINTR;
}

bool net_set_nonblocking(int fd) {
    bool fails = fd != LISTENER && percent(weather.breaks);
    errno = EBADF;
    fake_sockets[fd].nonblocking |= !fails;
    return !fails;
}

ssize_t fake_read(int fd, void *bytes, size_t size);

ssize_t net_read(int fd, char *bytes, size_t size) {
    ssize_t length;
    do length = fake_read(fd, bytes, size);
    while (length == -1 && net_would_block());
    return length;
}

int net_accept(int fd) {
    int client = FIRST_FD;
    expect(fd == LISTENER && fake_sockets[fd].open, "it accepts on something");
    while (client < FD_MAX && fake_sockets[client].open) client++;
    errno = EMFILE;
    if (no_descriptors || client >= FIRST_FD + CLIENTS_MAX) return -1;
    errno = EAGAIN;
    if (backlog == 0) return -1;
    backlog--;
    fake_socket_open(client);
    note("[%ld] is accepted", client, 0, 0);
    return client;
}

void log_received(int fd, const char *bytes, size_t length) {
    (void)fd, (void)bytes, (void)length;
}

void log_detail(const char *format, ...) {
    (void)format;
}

void log_event(const char *format, ...) {
    (void)format;
}

void log_always(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_line, sizeof last_line, format, arguments);
    va_end(arguments);
    expect(!strstr(last_line, strerror(EAGAIN)), "it rests without a reason");
}

const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

void die(const char *format, ...) {
    wrong(format);
}

static uint64_t bytes_of(int fd) {
    return fake_sockets[fd].taken + fake_sockets[fd].echoed;
}

static void check_idle(int fd) {
    const struct fake_socket *socket = &fake_sockets[fd];
    note("[%ld] is idle since %ld ms, now %ld", fd, (long)clients[fd].moved_ms,
         (long)now_ms);
    expect(bytes_of(fd) == clients[fd].bytes, "it has just moved a byte");
    expect(now_ms - clients[fd].moved_ms > timeout_ms, "it expires too early");
    expect(weather.blocks + weather.interrupts > 0 ||
               socket->taken > socket->echoed || socket->sent == socket->taken,
           "it had sent something and is expired");
}

static void check_stopping(int fd) {
    const struct fake_socket *socket = &fake_sockets[fd];
    bool kept = connection_of(fd) == NULL; // by the listener
    note("[%ld] is closed by the stop, %ld bytes unsent", fd,
         (long)(socket->taken - socket->echoed), 0);
    expect(stop_ms != NEVER, "nobody stops it");
    if (now_ms >= stop_ms || kept) return;
    expect(socket->taken == socket->echoed, "what came in is not sent back");
    expect(weather.blocks + weather.interrupts > 0 ||
               socket->sent == socket->taken,
           "what was sent before the stop is not read");
}

void log_closed(int fd, const char *reason, uint64_t echoed) {
    expect(echoed == fake_sockets[fd].echoed, "the log says a wrong sum");
    if (strncmp(reason, "idle", 4) == 0) check_idle(fd);
    if (strcmp(reason, "server stopping") == 0) check_stopping(fd);
    clients[fd].watched = false;
    closed = true;
}

// --- the poller --------------------------------------------------------------

void poller_open(bool edge) {
    expect(!edge, "06 is level-triggered");
}

bool poller_add(int fd) {
    errno = ENOSPC;
    if (fd != LISTENER && below(1000) < weather.breaks) return false;
    expect(!clients[fd].watched, "it is watched twice");
    expect(fake_sockets[fd].nonblocking, "it is not non-blocking");
    clients[fd].watched = true;
    clients[fd].interest = READABLE;
    clients[fd].moved_ms = now_ms;
    clients[fd].bytes = clients[fd].taken = 0;
    if (fd != LISTENER) served++;
    return true;
}

bool poller_change(int fd, enum interest interest) {
    expect(clients[fd].watched && fake_sockets[fd].open, "it is not watched");
    errno = ENOMEM;
    if (fd != LISTENER && below(1000) < weather.breaks) return false;
    clients[fd].interest = interest;
    return true;
}

static void check_client(int fd) {
    struct connection *connection = connection_of(fd);
    const struct fake_socket *socket = &fake_sockets[fd];
    expect(socket->open, "what is watched is closed");
    expect(connection && connection->interest == clients[fd].interest,
           "it waits for another thing than the connection");
    expect(stop_ms != NEVER || socket->taken - clients[fd].taken <= INBOX_SIZE,
           "more than an inbox in a turn");
    if (bytes_of(fd) != clients[fd].bytes)
        clients[fd].moved_ms = now_ms;
    else
        expect(stop_ms == NEVER || clients[fd].interest == WRITABLE,
               "it stops and waits for who has nothing more to say");
    clients[fd].bytes = bytes_of(fd);
    clients[fd].taken = socket->taken;
    expect(clients[fd].moved_ms + timeout_ms + 1 > now_ms, "it is not expired");
}

// The next time at which something has to be done.
static int64_t check_clients(void) {
    int64_t next_ms = stop_ms;
    bool somebody = stop_ms == NEVER;
    for (int fd = FIRST_FD; fd < FD_MAX; fd++) {
        if (!clients[fd].watched) continue;
        somebody = true;
        check_client(fd);
        int64_t late_ms = clients[fd].moved_ms + timeout_ms + 1;
        if (late_ms < next_ms) next_ms = late_ms;
    }
    expect(somebody, "it stops, has nobody left and goes on");
    return next_ms;
}

static void check_wait(int64_t until_ms) {
    int64_t next_ms = check_clients(), rest_ms = listeners_rest_until_ms();
    expect(stop_ms > now_ms, "it goes on after its end");
    if (stop_ms == NEVER) {
        expect(clients[LISTENER].interest ==
                   (rest_ms == NEVER ? READABLE : NOTHING),
               "a listener is asked exactly when it does not rest: no");
    } else
        expect(!fake_sockets[LISTENER].open, "it stops and goes on listening");
    expect(!closed || rest_ms == NEVER || rest_ms == now_ms + REST_MS,
           "a client has left, and the rest goes on");
    if (rest_ms < next_ms) next_ms = rest_ms;
    if (until_ms == 0 && stop_ms != NEVER) return; // it drains
    if (until_ms != next_ms)
        note("it waits until %ld, the next event is at %ld", (long)until_ms,
             (long)next_ms, 0);
    expect(until_ms == next_ms, "it waits for another time");
}

static bool is_ready(int fd) {
    const struct fake_socket *socket = &fake_sockets[fd];
    if (!clients[fd].watched || clients[fd].interest == NOTHING) return false;
    if (socket->broken) return true;
    if (clients[fd].interest == WRITABLE) return percent(100 - weather.blocks);
    return socket->sent > socket->taken || socket->finished;
}

static int list_ready(int ready[POLLER_BATCH]) {
    int count = 0;
    bool listens = clients[LISTENER].watched && fake_sockets[LISTENER].open;
    if (listens && backlog > 0 && clients[LISTENER].interest == READABLE)
        ready[count++] = LISTENER;
    while (signals > 0) {
        ready[count++] = POLLER_SIGNAL;
        stop_ms = stop_ms == NEVER ? now_ms + DRAIN_MS : now_ms;
        signals--;
        note("a signal comes at %ld ms", (long)now_ms, 0, 0);
    }
    for (int fd = FIRST_FD; fd < FD_MAX && count < POLLER_BATCH; fd++)
        if (is_ready(fd)) ready[count++] = fd;
    return count;
}

// --- the world ---------------------------------------------------------------

static void client_acts(void) {
    int fd = FIRST_FD + (int)below(CLIENTS_MAX);
    struct fake_socket *socket = &fake_sockets[fd];
    unsigned dice = below(100);
    if (!socket->open || socket->finished) return;
    if (dice < 85)
        socket->sent += some(2 * INBOX_SIZE);
    else if (dice < 97)
        socket->finished = true;
    else
        socket->broken = ECONNRESET;
    note("[%ld] has sent %ld, no more: %ld", fd, (long)socket->sent,
         socket->finished);
}

static void change_weather(void) {
    weather = (struct weather){
        .interrupts = percent(20) ? below(30) : 0,
        .blocks = percent(50) ? below(95) : 0,
        .shortens = percent(50) ? below(100) : 0,
        .breaks = percent(30) ? below(10) : 0,
    };
    memory_fails = percent(30) ? below(95) : 0;
    no_descriptors = percent(20);
}

static void world_goes_on(void) {
    if (percent(1)) change_weather();
    if (percent(30) && stop_ms == NEVER) backlog = (int)some(8);
    for (unsigned acts = below(4); acts > 0; acts--) client_acts();
    if (turns_left-- == 0) signals++;
    if (turns_left < 0 && percent(1)) signals++;
}

// Sleeps end late, by signals that are ignored, or not before a SIGCONT.
static void sleep_until(int64_t until_ms) {
    int64_t left_ms = until_ms == NEVER ? 1000 : until_ms - now_ms;
    if (left_ms <= 0) return;
    if (percent(20)) left_ms = (int64_t)below((unsigned)left_ms);
    if (percent(5)) left_ms += some(20);
    if (percent(1)) left_ms += some(20 * 1000);
    now_ms += left_ms;
}

int poller_wait(int ready[POLLER_BATCH], int64_t until_ms) {
    int64_t before_ms = now_ms;
    check_wait(until_ms);
    turn_begin(ANYBODY);
    closed = false;
    model_step();
    world_goes_on();
    if (percent(50)) now_ms += some(50);

    int count = list_ready(ready);
    if (count == 0) sleep_until(until_ms);
    // While the whole program does not run, somebody may send.
    if (count == 0 && percent(30)) client_acts();
    // Who never sleeps and does nothing burns a core.
    spins = count > 0 || now_ms > before_ms || stop_ms != NEVER ? 0 : spins + 1;
    expect(spins < SPINS_MAX, "it does not sleep and has nothing to do");
    note("at %ld ms %ld are ready", (long)now_ms, count, 0);
    return count;
}

static void live(void) {
    char expected[64];
    timeout_ms = 1 + some(8000);
    turns_left = (int)(percent(50) ? some(LIFE) : below(LIFE));
    change_weather();
    server_main(0, NULL);
    snprintf(expected, sizeof expected, "stopped: served %ju connection",
             (uintmax_t)served);
    expect(strncmp(last_line, expected, strlen(expected)) == 0,
           "the totals are wrong");
    for (int fd = FIRST_FD; fd < FD_MAX; fd++)
        expect(!fake_sockets[fd].open, "a client is left behind");
    expect(memory_bytes == 0, "memory is left behind");
    _exit(0);
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    fake_socket_open(LISTENER); // its bytes are made once, not in every life
    // So many turns are a life in the mean.
    for (unsigned long steps = 0; steps < model_steps;
         steps += LIFE / 3 * STEP_COST) {
        fflush(stdout);
        (void)chance();
        pid_t child = fork();
        if (child == 0) live();
        int status;
        if (child == -1 || waitpid(child, &status, 0) == -1) return 1;
        if (status != 0) return 1;
    }
    model_close();
}
