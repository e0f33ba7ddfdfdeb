// server_model: the loop of 06, and all it stands on, in a made-up world.
//
// The real server.c, connection.c, deadlines.c, listener.c and others; only
// sockets, memory, the poller and the clock are fakes. Time passes in
// poller_wait() alone, so everything that has to happen by a certain time has
// happened when the server comes back to wait. Each life of the server is a
// process, because it stops at its end. A step is a turn of its loop.

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "model.h"
#include "net.h"
#include "options.h"
#include "poller.h"
#include "process.h"
#include "world.h"

enum {
    LIFE = 3000, // turns until it is stopped
    STOP_MS = 1000,
    STOP_IDLE_MS = 100,
};

int server_main(int argc, char **argv);

static struct {
    bool watched;
    enum interest interest;
    int64_t due_ms; // when it is late
    uint64_t bytes; // in and out, until then
    uint64_t taken; // when this turn began
} clients[FD_END];  // and listeners

int64_t now_ms;
static int64_t timeout_ms, allowed_ms, stop_ms = NEVER;
static int turns_left, signals;
static bool signalled;          // in this turn
static unsigned refused_before; // calls without memory, before this turn
static char last_line[256];
enum log_level log_level = VERBOSE;

// --- what the server calls ---------------------------------------------------

struct options options_parse(int argc, char **argv, int takes) {
    (void)argc, (void)argv, (void)takes;
    return (struct options){.timeout_s = (double)timeout_ms / 1000,
                            .timeout_ms = timeout_ms,
                            .address_count = 1 + (int)below(LISTENERS_MAX)};
}

void log_open(enum log_level level) {
    (void)level;
}

void process_prepare(void) {
}

int64_t clock_ms(void) {
    return now_ms;
}

void log_always(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_line, sizeof last_line, format, arguments);
    va_end(arguments);
    if (strstr(last_line, "warning:")) listener_warns(last_line);
    if (strstr(last_line, "write would block")) calls.blocked++;
}

const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

// --- what has to hold when a client is closed --------------------------------

static uint64_t bytes_of(int fd) {
    return sockets[fd].taken + sockets[fd].echoed;
}

// It was late, and had its last try.
static void check_late(int fd) {
    const struct fake_socket *socket = &sockets[fd];
    expect(clients[fd].due_ms <= now_ms, "it is closed too early");
    expect(bytes_of(fd) == clients[fd].bytes, "it has just moved a byte");
    expect(socket->calls > 0, "it has had no last try");
    expect(weather.blocks + weather.interrupts > 0 ||
               socket->taken > socket->echoed || socket->sent == socket->taken,
           "it had sent something and is expired");
}

static void check_stopping(int fd) {
    expect(stop_ms != NEVER, "no signal stops it");
    if (now_ms >= stop_ms) return;
    check_late(fd);
    expect(sockets[fd].taken == sockets[fd].echoed,
           "what came in is not sent back");
}

static bool has_reason(int fd, const char *reason) {
    const struct fake_socket *socket = &sockets[fd];
    if (strcmp(reason, "client closed") == 0)
        return socket->finished && socket->echoed == socket->sent;
    if (strcmp(reason, strerror(ENOMEM)) == 0)
        return memory_refused > refused_before || weather.breaks > 0;
    if (strcmp(reason, strerror(ENOSPC)) == 0 ||
        strcmp(reason, strerror(EBADF)) == 0)
        return !clients[fd].watched;
    return strcmp(reason, strerror(socket->broken)) == 0;
}

void log_closed(int fd, const char *reason, uint64_t sum) {
    char idle[64];
    snprintf(idle, sizeof idle, "idle for %.15g s", (double)timeout_ms / 1000);
    note("[%ld] has to go at %ld ms", fd, (long)now_ms, 0);
    expect(sockets[fd].open, "it is closed, and then logged");
    expect(sum == sockets[fd].echoed, "the log says a wrong sum");
    if (strcmp(reason, idle) == 0) {
        expect(stop_ms == NEVER || signalled, "it stops, and says idle");
        check_late(fd);
    } else if (strcmp(reason, "server stopping") == 0)
        check_stopping(fd);
    else
        expect(has_reason(fd, reason), "it is closed for no reason");
    if (clients[fd].watched) pause_ms = NEVER; // there is a descriptor now
    clients[fd].watched = false;
}

// --- the poller --------------------------------------------------------------

void poller_open(bool edge) {
    expect(!edge, "06 is level-triggered");
}

bool poller_add(int fd) {
    errno = ENOSPC;
    if (below(1000) < weather.breaks) return false;
    expect(!clients[fd].watched, "it is watched twice");
    expect(sockets[fd].nonblocking, "it is not non-blocking");
    clients[fd].watched = true;
    clients[fd].interest = INTEREST_READ;
    clients[fd].due_ms = now_ms + allowed_ms + 1;
    clients[fd].bytes = clients[fd].taken = 0;
    return true;
}

bool poller_change(int fd, enum interest interest) {
    expect(clients[fd].watched && sockets[fd].open, "it is not watched");
    errno = ENOMEM;
    if (fd >= FIRST_CLIENT && below(1000) < weather.breaks) return false;
    clients[fd].interest = interest;
    return true;
}

// A byte moved buys it time; so does the signal that stops the server, and
// while it stops, that there are bytes to send.
static void check_deadline(int fd) {
    bool moved = bytes_of(fd) != clients[fd].bytes;
    bool late = clients[fd].due_ms <= now_ms;
    if (late && !moved && !signalled)
        expect(stop_ms != NEVER && clients[fd].interest == INTEREST_WRITE,
               "it is late and still there");
    if (late || moved || signalled)
        clients[fd].due_ms = now_ms + allowed_ms + 1;
}

static void check_client(int fd) {
    struct connection *connection = connection_of(fd);
    const struct fake_socket *socket = &sockets[fd];
    expect(socket->open, "what is watched is closed");
    expect(connection && connection->interest == clients[fd].interest,
           "it waits for something else than the connection");
    expect(!socket->told || socket->calls > 0, "it was ready, and not seen");
    expect(socket->taken - clients[fd].taken <= READ_SIZE,
           "more than a read buffer in a turn");
    check_deadline(fd);
    clients[fd].bytes = bytes_of(fd);
    clients[fd].taken = socket->taken;
}

// The next time at which something has to be done, besides the listeners'
// pause.
static int64_t check_clients(void) {
    int64_t next_ms = stop_ms;
    int watched = 0, holders = 0;
    for (int fd = FIRST_CLIENT; fd < FD_END; fd++) {
        expect(clients[fd].watched || !sockets[fd].open,
               "a client is forgotten");
        if (!clients[fd].watched) continue;
        check_client(fd);
        watched++;
        holders += sockets[fd].taken > sockets[fd].echoed;
        if (clients[fd].due_ms < next_ms) next_ms = clients[fd].due_ms;
    }
    check_memory(holders);
    expect(stop_ms == NEVER || watched > 0,
           "it stops, has no client left and goes on");
    return next_ms;
}

static void check_wait(int64_t until_ms) {
    if (signalled) allowed_ms = STOP_IDLE_MS;
    if (stop_ms != NEVER || pause_ms <= now_ms) pause_ms = NEVER;
    int64_t next_ms = check_clients();
    expect(stop_ms > now_ms, "it goes on after its end");
    check_listeners(stop_ms != NEVER);
    for (int i = 0; i < listener_count; i++)
        expect(clients[listeners[i].fd].interest ==
                   (pause_ms == NEVER ? INTEREST_READ : INTEREST_NONE),
               "the listeners are watched exactly when there is no pause: no");
    if (pause_ms < next_ms) next_ms = pause_ms;
    if (until_ms != next_ms)
        note("it waits until %ld, the next event is at %ld", (long)until_ms,
             (long)next_ms, 0);
    expect(until_ms == next_ms, "it waits for another time");
}

static bool is_ready(int fd) {
    const struct fake_socket *socket = &sockets[fd];
    if (!clients[fd].watched || !socket->open ||
        clients[fd].interest == INTEREST_NONE)
        return false;
    if (fd < FIRST_CLIENT) return client_waits(fd);
    if (socket->broken) return true;
    if (clients[fd].interest == INTEREST_WRITE)
        return percent(100 - weather.blocks);
    return socket->sent > socket->taken || socket->finished;
}

// Signals, and listeners in the order in which they are watched. Returns how
// many.
static int list_others(int *ready) {
    int count = 0;
    for (; signals > 0; signals--) {
        ready[count++] = POLLER_SIGNAL;
        stop_ms = stop_ms == NEVER ? now_ms + STOP_MS : now_ms;
        signalled = true;
        note("a signal arrives at %ld ms", (long)now_ms, 0, 0);
    }
    for (int i = 0; i < listener_count; i++)
        if (is_ready(listeners[i].fd)) ready[count++] = listeners[i].fd;
    return count;
}

// Clients from anywhere on, like a kernel whose list goes round.
static int list_ready(int ready[POLLER_BATCH]) {
    int last = percent(50), clients_end = FD_END - FIRST_CLIENT;
    int most = POLLER_BATCH - (last ? signals + listener_count : 0);
    int first = (int)below((unsigned)clients_end);
    int count = last ? 0 : list_others(ready);
    for (int i = 0; i < clients_end && count < most; i++) {
        int fd = FIRST_CLIENT + (first + i) % clients_end;
        if (is_ready(fd)) ready[count++] = fd;
    }
    if (last) count += list_others(ready + count);
    for (int i = 0; i < count; i++)
        if (ready[i] != POLLER_SIGNAL) sockets[ready[i]].told = true;
    return count;
}

// --- the world ---------------------------------------------------------------

static void client_acts(void) {
    int fd = FIRST_CLIENT +
             (int)below(percent(90) ? CLIENTS_MAX : FD_END - FIRST_CLIENT);
    struct fake_socket *socket = &sockets[fd];
    unsigned dice = below(100);
    if (!socket->open || socket->finished) return;
    if (dice < 85)
        socket->sent += some(2 * READ_SIZE);
    else if (dice < 97)
        socket->finished = true;
    else
        socket->broken = ECONNRESET;
    note("[%ld] has sent %ld, no more: %ld", fd, (long)socket->sent,
         socket->finished);
}

// Much of the time it has no trouble of some kind, and so gets further into the
// others.
static void change_weather(void) {
    weather = (struct weather){
        .interrupts = percent(20) ? below(30) : 0,
        .blocks = percent(50) ? below(95) : 0,
        .shortens = percent(50) ? below(100) : 0,
        .breaks = percent(30) ? below(10) : 0,
        .no_memory = percent(30) ? below(95) : 0,
    };
    clients_allowed = (int)below(percent(50) ? 15 : CLIENTS_MAX);
}

static void world_goes_on(void) {
    if (percent(1)) change_weather();
    if (percent(30)) clients_connect();
    for (unsigned acts = below(8); acts > 0; acts--) client_acts();
    if (turns_left-- == 0) signals += percent(10) ? 2 : 1;
    if (turns_left < 0 && percent(1)) signals++;
}

// Sleeps end late, by signals that are ignored, or not before a SIGCONT.
static void sleep_until(int64_t until_ms) {
    int64_t left_ms = until_ms == NEVER ? 1000 : until_ms - now_ms;
    if (percent(20)) left_ms = (int64_t)below((unsigned)left_ms);
    if (percent(5)) left_ms += some(20);
    if (percent(1)) left_ms += some(20 * 1000);
    now_ms += left_ms;
}

int poller_wait(int ready[POLLER_BATCH], int64_t until_ms) {
    check_wait(until_ms);
    model_steps(1);
    signalled = false;
    refused_before = memory_refused;
    for (int fd = FIRST_LISTENER; fd < FD_END; fd++) {
        sockets[fd].calls = 0;
        sockets[fd].told = false;
    }
    world_goes_on();
    if (percent(50)) now_ms += some(50);

    int count = list_ready(ready);
    if (count == 0) sleep_until(until_ms);
    // While the whole program is suspended, a client may send.
    if (count == 0 && percent(30)) client_acts();
    note("at %ld ms %ld are ready", (long)now_ms, count, 0);
    return count;
}

static void live(void) {
    char expected[sizeof last_line];
    alarm(60); // or it hangs
    timeout_ms = allowed_ms = 1 + some(8000);
    turns_left = (int)(percent(50) ? some(LIFE) : below(LIFE));
    clients_allowed = CLIENTS_MAX;
    server_main(0, NULL);
    snprintf(expected, sizeof expected,
             "stopped: served %ju connection%s, echoed %ju byte%s",
             (uintmax_t)served, plural(served), (uintmax_t)echoed,
             plural(echoed));
    expect(strcmp(last_line, expected) == 0, "the totals are wrong");
    for (int fd = FIRST_LISTENER; fd < FD_END; fd++)
        expect(!sockets[fd].open, "a descriptor is left behind");
    expect(memory_bytes == 0, "memory is left behind");
    _exit(0);
}

int main(int argc, char **argv) {
    model_open(argc, argv);
    fake_socket_open(FIRST_CLIENT); // makes the streams, once for all lives
    sockets[FIRST_CLIENT].open = false;
    while (model_steps(0)) {
        int status;
        pid_t child = fork();
        if (child == 0) live();
        if (child == -1 || waitpid(child, &status, 0) == -1) return 1;
        if (WIFSIGNALED(status)) wrong(strsignal(WTERMSIG(status)));
        if (status != 0) return 1;
    }
    model_close();
}
