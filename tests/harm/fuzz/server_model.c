// server_model: the loop of 06 in a world that is made up.
//
// The real server.c with the real connections, deadlines and listeners; only
// sockets, memory, the poller and the clock are fakes. Time passes in
// poller_wait() alone, so everything that has to happen by a certain time has
// happened when the server comes back to wait. Each life of the server is a
// process, because it stops at its end.

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
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
#include "process.h"

enum {
    STEPS = 1000 * 1000,
    STEP_COST = 4, // a turn of the loop costs as much as steps elsewhere
    LIFE = 3000,   // turns until it is stopped
    STOP_MS = 1000,
    STOP_IDLE_MS = 100,
    PAUSE_MS = 1000,
    LISTENER = 3,
    FIRST_FD = 4,
    CLIENTS_MAX = 100, // more than the poller names in a turn
    FD_END = FIRST_FD + CLIENTS_MAX,
};

int server_main(int argc, char **argv);
void model_listeners_open(char **addresses, int count);
void *fake_malloc(size_t size);

static struct {
    bool watched;
    enum interest interest;
    bool told;        // the poller named it in this turn
    int64_t moved_ms; // the last time that a byte did
    int64_t due_ms;   // when it is late
    uint64_t bytes;   // in and out, until then
    uint64_t taken;   // when this turn began
} clients[FD_END];

static int backlog, turns_left, signals, accepts;
static int64_t now_ms, timeout_ms, allowed_ms;
static int64_t stop_ms = NEVER, pause_ms = NEVER;
static bool no_descriptors, signalled;
static unsigned refused_before; // calls without memory, before this turn
static uint64_t served;
static char last_line[256];
enum log_level log_level = VERBOSE;

// --- what the server calls ---------------------------------------------------

struct options options_parse(int argc, char **argv, int takes) {
    (void)argc, (void)argv, (void)takes;
    return (struct options){.timeout_s = (double)timeout_ms / 1000,
                            .timeout_ms = timeout_ms,
                            .address_count = 1};
}

void log_open(enum log_level level) {
    (void)level;
}

void process_prepare(void) {
}

void model_listeners_open(char **addresses, int count) {
    (void)addresses, (void)count;
    do listeners = fake_malloc(sizeof *listeners);
    while (listeners == NULL);
    *listeners = (struct listener){.fd = LISTENER};
    listener_count = 1;
    fake_socket_open(LISTENER);
}

int64_t clock_ms(void) {
    return now_ms;
}

bool net_should_retry(void) {
    return errno == EAGAIN || errno == EINTR;
}

bool net_set_nonblocking(int fd) {
    bool fails = fd != LISTENER && percent(weather.breaks);
    errno = EBADF;
    fake_sockets[fd].nonblocking |= !fails;
    return !fails;
}

int net_accept(int listener) {
    int client = FIRST_FD;
    expect(listener == LISTENER && fake_sockets[listener].open,
           "it accepts on something");
    expect(accepts++ == 0, "it accepts twice in a turn");
    while (client < FD_END && fake_sockets[client].open) client++;
    errno = EMFILE;
    if (no_descriptors || client == FD_END) pause_ms = now_ms + PAUSE_MS;
    if (pause_ms != NEVER) return -1;
    errno = EAGAIN;
    if (backlog == 0 || percent(5)) return -1; // it had gone already
    backlog--;
    served++;
    fake_socket_open(client);
    note("[%ld] is accepted", client, 0, 0);
    return client;
}

void log_received(int fd, const char *bytes, size_t length) {
    (void)fd, (void)bytes, (void)length;
}

void log_always(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_line, sizeof last_line, format, arguments);
    va_end(arguments);
    expect(!strstr(last_line, "warning:") || strstr(last_line, "Too many"),
           "it pauses without a reason");
}

const char *log_escape(char *out, size_t size, const char *bytes,
                       size_t length) {
    snprintf(out, size, "%.*s", (int)length, bytes);
    return out;
}

const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

void die(const char *format, ...) {
    wrong(format);
}

// --- what has to hold when a client is closed --------------------------------

static uint64_t bytes_of(int fd) {
    return fake_sockets[fd].taken + fake_sockets[fd].echoed;
}

// It was late, and had its last try.
static void check_late(int fd) {
    const struct fake_socket *socket = &fake_sockets[fd];
    note("[%ld] moved a byte at %ld ms, now %ld", fd,
         (long)clients[fd].moved_ms, (long)now_ms);
    expect(clients[fd].due_ms <= now_ms, "it is closed too early");
    expect(bytes_of(fd) == clients[fd].bytes, "it has just moved a byte");
    expect(socket->calls > 0, "it has had no last try");
    expect(weather.blocks + weather.interrupts > 0 ||
               socket->taken > socket->echoed || socket->sent == socket->taken,
           "it had sent something and is expired");
}

static void check_stopping(int fd) {
    const struct fake_socket *socket = &fake_sockets[fd];
    note("[%ld] is closed by the stop, %ld bytes unsent", fd,
         (long)(socket->taken - socket->echoed), 0);
    expect(stop_ms != NEVER, "no signal stops it");
    if (now_ms >= stop_ms) return;
    check_late(fd);
    expect(socket->taken == socket->echoed, "what came in is not sent back");
}

static bool has_reason(int fd, const char *reason) {
    const struct fake_socket *socket = &fake_sockets[fd];
    if (strcmp(reason, "client closed") == 0)
        return socket->finished && socket->echoed == socket->sent;
    if (strcmp(reason, strerror(ENOMEM)) == 0)
        return memory_refused > refused_before || weather.breaks > 0;
    if (strcmp(reason, strerror(ENOSPC)) == 0 ||
        strcmp(reason, strerror(EBADF)) == 0)
        return !clients[fd].watched;
    return strcmp(reason, strerror(socket->broken)) == 0;
}

void log_closed(int fd, const char *reason, uint64_t echoed) {
    char idle[64];
    snprintf(idle, sizeof idle, "idle for %.15g s", (double)timeout_ms / 1000);
    note("[%ld] is closed at %ld ms", fd, (long)now_ms, 0);
    expect(echoed == fake_sockets[fd].echoed, "the log says a wrong sum");
    if (strcmp(reason, idle) == 0) {
        expect(stop_ms == NEVER || signalled, "it stops, and says idle");
        check_late(fd);
    } else if (strcmp(reason, "server stopping") == 0)
        check_stopping(fd);
    else
        expect(has_reason(fd, reason), "it is closed for no reason");
    if (clients[fd].watched) pause_ms = NEVER; // there is a descriptor now
    clients[fd].watched = clients[fd].told = false;
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
    clients[fd].told = false;
    clients[fd].interest = INTEREST_READ;
    clients[fd].moved_ms = now_ms;
    clients[fd].due_ms = now_ms + allowed_ms + 1;
    clients[fd].bytes = clients[fd].taken = 0;
    return true;
}

bool poller_change(int fd, enum interest interest) {
    expect(clients[fd].watched && fake_sockets[fd].open, "it is not watched");
    errno = ENOMEM;
    if (fd != LISTENER && below(1000) < weather.breaks) return false;
    clients[fd].interest = interest;
    return true;
}

// A byte moved buys it time; so does the signal that stops the server, and
// while it stops, that there are bytes to send.
static void check_deadline(int fd) {
    bool late = clients[fd].due_ms <= now_ms;
    if (bytes_of(fd) != clients[fd].bytes)
        clients[fd].moved_ms = now_ms;
    else if (late && !signalled)
        expect(stop_ms != NEVER && clients[fd].interest == INTEREST_WRITE,
               "it is late and still there");
    else if (!signalled)
        return;
    clients[fd].due_ms = now_ms + allowed_ms + 1;
}

static void check_client(int fd) {
    struct connection *connection = connection_of(fd);
    const struct fake_socket *socket = &fake_sockets[fd];
    expect(socket->open, "what is watched is closed");
    expect(connection && connection->interest == clients[fd].interest,
           "it waits for another thing than the connection");
    expect(!clients[fd].told || socket->calls > 0,
           "it was ready, and not seen");
    expect(socket->taken - clients[fd].taken <= READ_SIZE,
           "more than a read buffer in a turn");
    check_deadline(fd);
    clients[fd].bytes = bytes_of(fd);
    clients[fd].taken = socket->taken;
}

// The next time at which something has to be done.
static int64_t check_clients(void) {
    int64_t next_ms = stop_ms;
    bool any = stop_ms == NEVER;
    for (int fd = FIRST_FD; fd < FD_END; fd++) {
        expect(clients[fd].watched || !fake_sockets[fd].open,
               "a client is forgotten");
        if (!clients[fd].watched) continue;
        any = true;
        check_client(fd);
        if (clients[fd].due_ms < next_ms) next_ms = clients[fd].due_ms;
    }
    expect(any, "it stops, has no client left and goes on");
    return next_ms;
}

static void check_listener(void) {
    if (stop_ms == NEVER) {
        expect(clients[LISTENER].interest ==
                   (pause_ms == NEVER ? INTEREST_READ : INTEREST_NONE),
               "the listener is watched exactly when there is no pause: no");
    } else
        expect(!fake_sockets[LISTENER].open, "it stops and goes on listening");
}

static void check_wait(int64_t until_ms) {
    if (signalled) allowed_ms = STOP_IDLE_MS;
    if (stop_ms != NEVER || pause_ms <= now_ms) pause_ms = NEVER;
    int64_t next_ms = check_clients();
    expect(stop_ms > now_ms, "it goes on after its end");
    check_listener();
    expect(listeners_paused_until_ms() == pause_ms, "another pause");
    if (pause_ms < next_ms) next_ms = pause_ms;
    if (until_ms != next_ms)
        note("it waits until %ld, the next event is at %ld", (long)until_ms,
             (long)next_ms, 0);
    expect(until_ms == next_ms, "it waits for another time");
}

static bool is_ready(int fd) {
    const struct fake_socket *socket = &fake_sockets[fd];
    if (!clients[fd].watched || !socket->open ||
        clients[fd].interest == INTEREST_NONE)
        return false;
    if (fd == LISTENER) return backlog > 0;
    if (socket->broken) return true;
    if (clients[fd].interest == INTEREST_WRITE)
        return percent(100 - weather.blocks);
    return socket->sent > socket->taken || socket->finished;
}

static void come_signals(int ready[POLLER_BATCH], int *count) {
    signalled = signals > 0;
    for (; signals > 0; signals--) {
        ready[(*count)++] = POLLER_SIGNAL;
        stop_ms = stop_ms == NEVER ? now_ms + STOP_MS : now_ms;
        note("a signal arrives at %ld ms", (long)now_ms, 0, 0);
    }
}

// From anywhere on, like a kernel whose list goes round. Signals come first or
// last.
static int list_ready(int ready[POLLER_BATCH]) {
    int count = 0, last = percent(50);
    int first = LISTENER + (int)below(FD_END - LISTENER);
    if (!last) come_signals(ready, &count);
    for (int i = 0; i < FD_END - LISTENER; i++) {
        int fd = LISTENER + (first - LISTENER + i) % (FD_END - LISTENER);
        if (count + signals == POLLER_BATCH || !is_ready(fd)) continue;
        clients[fd].told = true;
        ready[count++] = fd;
    }
    if (last) come_signals(ready, &count);
    return count;
}

// --- the world ---------------------------------------------------------------

static void client_acts(void) {
    int fd = FIRST_FD + (int)below(CLIENTS_MAX);
    struct fake_socket *socket = &fake_sockets[fd];
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

static void begin_turn(void) {
    turn_begin(ANY_FD);
    accepts = 0;
    refused_before = memory_refused;
    for (int fd = LISTENER; fd < FD_END; fd++) {
        fake_sockets[fd].calls = 0;
        clients[fd].told = false;
    }
}

int poller_wait(int ready[POLLER_BATCH], int64_t until_ms) {
    check_wait(until_ms);
    begin_turn();
    model_step();
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
    char expected[64];
    timeout_ms = allowed_ms = 1 + some(8000);
    turns_left = (int)(percent(50) ? some(LIFE) : below(LIFE));
    change_weather();
    server_main(0, NULL);
    snprintf(expected, sizeof expected, "stopped: served %ju connection",
             (uintmax_t)served);
    expect(strncmp(last_line, expected, strlen(expected)) == 0,
           "the totals are wrong");
    for (int fd = LISTENER; fd < FD_END; fd++)
        expect(!fake_sockets[fd].open, "a descriptor is left behind");
    expect(memory_bytes == 0, "memory is left behind");
    _exit(0);
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    fake_socket_open(LISTENER); // its bytes are made once, not in every life
    // So many turns are a life in the mean.
    for (unsigned long steps = 0; steps < model_steps;
         steps += LIFE / 3UL * STEP_COST) {
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
