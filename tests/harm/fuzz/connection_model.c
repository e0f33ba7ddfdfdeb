// connection_model: what comes in goes out, and what else connection.h says.
//
// Many connections on fake sockets, in all weathers: short reads and writes,
// calls that would block or are interrupted, ends, errors, no memory,
// descriptors that are used again. After every step the connection that was
// advanced is compared with what happened to its socket.

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "connection.h"
#include "fake_memory.h"
#include "fake_socket.h"
#include "log.h"
#include "model.h"
#include "net.h"

enum {
    STEPS = 1000 * 1000,
    SEASON = 700,                // steps that the weather lasts
    KERNEL_MAX = 300 * 1024,     // bytes that a fake socket holds
    UNSENT = sizeof(size_t) * 2, // sizeof(struct unsent)
    FIRST_FD = 3,
};

// What the model knows of a descriptor besides its socket.
static struct {
    bool open;              // has a connection
    bool holds;             // has unsent bytes in memory
    enum interest interest; // as it was after the last turn
    unsigned index;         // in the list of open ones
} clients[SOCKETS];

static int list[SOCKETS]; // the descriptors that have a connection
static unsigned count, count_max;
static unsigned holders; // of unsent bytes
static int highest;      // descriptor since the start
static uint64_t served, echoed;

// --- the log, as far as it is checked ----------------------------------------

static size_t shown;         // bytes that the log says came in, in this turn
static unsigned lines;       // about a write that would block, in this turn
static const char *farewell; // why a connection was closed
static char last_line[256];
enum log_level log_level = VERBOSE;

void log_received(int fd, const char *bytes, size_t length) {
    const struct fake_socket *socket = &fake_sockets[fd];
    uint64_t start = socket->taken - length;
    expect(fd == turn.fd, "the log names another descriptor");
    expect(length <= socket->taken && stream_is(socket, start, bytes, length),
           "the log shows other bytes than came in");
    shown += length;
}

void log_closed(int fd, const char *reason, uint64_t sum) {
    expect(fd == turn.fd && !turn.closed, "it is closed, and then logged");
    expect(sum == fake_sockets[fd].echoed, "the log says a wrong sum");
    farewell = reason;
}

void log_accepted(int fd, const struct sockaddr *peer, socklen_t size) {
    (void)fd, (void)peer, (void)size;
}

void log_always(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_line, sizeof last_line, format, arguments);
    va_end(arguments);
    if (strstr(last_line, "write would block")) lines++;
}

const char *plural(uint64_t number) {
    return number == 1 ? "" : "s";
}

// --- what has to hold --------------------------------------------------------

// The array, and one read buffer at most of each client that does not read.
static void check_memory(void) {
    size_t capacity = (size_t)highest * 9 / 8 + 64;
    size_t bound = capacity * sizeof(struct connection) +
                   memory_blocks * (READ_SIZE + UNSENT);
    expect(memory_blocks == holders, "memory is lost");
    expect(memory_bytes <= bound, "it takes more memory than the header says");
    expect(memory_arrays <= 1, "an array is lost");
    expect(connection_of(connection_end()) == NULL, "one beyond the end");
}

// It is over for a reason, and names that one.
static void check_over(const struct connection *connection,
                       const struct fake_socket *socket, bool refused) {
    const char *reason = connection_reason(connection);
    int error = refused ? ENOMEM : turn.error;
    expect(error || turn.ended, "it is over for no reason");
    expect(connection->error == error, "it is over by another error");
    expect(strcmp(reason, error ? strerror(error) : "client closed") == 0,
           "another reason");
    expect(error || socket->echoed == socket->sent,
           "bytes are lost at the end");
}

static void check_interest(const struct connection *connection,
                           const struct fake_socket *socket, bool refused) {
    bool unsent = socket->taken > socket->echoed;
    expect(!turn.error, "an error is passed over");
    expect(!turn.ended, "the end is passed over");
    expect(!refused, "it goes on without the bytes it had no memory for");
    expect((connection->unsent != NULL) == unsent,
           "it keeps memory exactly while bytes are unsent: no");
    expect(connection->interest == (unsent ? INTEREST_WRITE : INTEREST_READ),
           "it waits for the wrong thing");
}

static void check_counts(const struct connection *connection,
                         const struct fake_socket *socket, bool held) {
    expect(turn.taken <= READ_SIZE && turn.written <= READ_SIZE,
           "more than one read buffer in a turn");
    expect(connection->progressed == (turn.taken + turn.written > 0),
           "progressed is wrong");
    expect(connection->echoed == socket->echoed, "echoed is wrong");
    expect(shown == turn.taken, "the log shows more or less than came in");
    expect(lines == (connection->unsent && !held),
           "a write that would block is logged once: no");
    expect(!turn.closed, "it closes the descriptor by itself");
    expect(turn.calls > 0, "a turn does nothing");
}

static void check_same(const struct connection *connection, int fd) {
    expect(connection == connection_of(fd) && connection->fd == fd,
           "it is not found");
    expect(connection->echoed == fake_sockets[fd].echoed &&
               connection->interest == clients[fd].interest &&
               (connection->unsent != NULL) == clients[fd].holds,
           "another connection's turn has changed this one");
}

// --- steps -------------------------------------------------------------------

static void close_client(int fd, const char *reason) {
    turn_begin(fd);
    farewell = NULL;
    connection_close(connection_of(fd), reason);
    expect(farewell && strcmp(farewell, reason) == 0, "the log has no reason");
    expect(turn.closed && turn.calls == 1, "the descriptor is not closed");
    expect(connection_of(fd) == NULL, "a closed connection is found");

    holders -= clients[fd].holds;
    clients[fd].open = clients[fd].holds = false;
    list[clients[fd].index] = list[--count];
    clients[list[count]].index = clients[fd].index;
    check_memory();
}

static void advance(int fd) {
    struct connection *connection = connection_of(fd);
    const struct fake_socket *socket = &fake_sockets[fd];
    bool held = clients[fd].holds;
    unsigned refused = memory_refused;
    uint64_t before = socket->echoed;
    note(clients[fd].interest == INTEREST_READ
             ? "[%ld] was waiting for bytes and advances"
             : "[%ld] was waiting for room and advances",
         fd, 0, 0);

    check_same(connection, fd);
    turn_begin(fd);
    shown = lines = 0;
    connection_advance(connection);

    clients[fd].holds = connection->unsent != NULL;
    holders += clients[fd].holds;
    holders -= held;
    clients[fd].interest = connection->interest;
    echoed += socket->echoed - before;
    refused = memory_refused - refused;
    if (connection->interest == INTEREST_NONE)
        check_over(connection, socket, refused);
    else
        check_interest(connection, socket, refused);
    check_counts(connection, socket, held);
    check_memory();
    if (connection->interest == INTEREST_NONE)
        close_client(fd, connection_reason(connection));
}

static int free_descriptor(void) {
    int fd = FIRST_FD;
    // Now and then far above the others, so that the array has to grow.
    if (percent(3)) fd += (int)some(SOCKETS - 100);
    while (fake_sockets[fd].open) fd++; // the lowest, as the system does
    return fd;
}

// There is no memory for it, or its socket is broken: it is closed, with that
// reason, and no other connection has changed.
static void check_refused(int fd, bool no_memory) {
    expect(turn.closed, "a client that it can't keep stays open");
    expect(farewell &&
               strcmp(farewell, strerror(no_memory ? ENOMEM : EBADF)) == 0,
           "a client is refused, and the log says another reason");
    expect(connection_of(fd) == NULL, "a client that was refused has a slot");
    check_memory();
}

static void open_client(void) {
    int fd = free_descriptor();
    if (count == count_max || fd >= SOCKETS - 1) return;
    note("[%ld] is accepted", fd, 0, 0);
    fake_socket_open(fd);
    turn_begin(fd);
    farewell = NULL;
    served++;
    unsigned refused = memory_refused;
    struct connection *connection = connection_open(fd);
    if (connection_end() > fd && fd > highest) highest = fd;
    if (connection == NULL) {
        check_refused(fd, memory_refused > refused);
        return;
    }
    expect(fake_sockets[fd].nonblocking, "it is not non-blocking");
    expect(connection == connection_of(fd) && connection->fd == fd &&
               !connection->unsent && !connection->echoed &&
               !connection->error && connection->interest == INTEREST_READ,
           "a new connection is not new");
    clients[fd].open = true;
    clients[fd].interest = INTEREST_READ;
    clients[fd].index = count;
    list[count++] = fd;
    check_memory();
}

static void client_sends(int fd) {
    struct fake_socket *socket = &fake_sockets[fd];
    unsigned length = some(2 * READ_SIZE);
    if (socket->finished || socket->sent - socket->taken > KERNEL_MAX) return;
    socket->sent += length;
    note("[%ld] its client sends %ld", fd, (long)length, 0);
}

static void client_acts(int fd) {
    struct fake_socket *socket = &fake_sockets[fd];
    if (percent(70)) {
        socket->finished = true;
        note("[%ld] its client has sent everything", fd, 0, 0);
    } else if (percent(50)) {
        socket->broken = ECONNRESET;
        note("[%ld] its client resets it", fd, 0, 0);
    } else
        close_client(fd, "server stopping");
}

// When nothing goes wrong any more, everything that was sent comes back, in a
// number of turns that the number of bytes says.
static void calm(int fd) {
    struct fake_socket *socket = &fake_sockets[fd];
    struct weather before = weather;
    uint64_t turns = (socket->sent - socket->echoed) / READ_SIZE + 4;
    note("[%ld] has no trouble from now on", fd, 0, 0);
    weather = (struct weather){0};

    while (clients[fd].open && turns-- > 0) advance(fd);
    if (clients[fd].open) {
        expect(clients[fd].interest == INTEREST_READ && turn.read_blocked,
               "it does not come to rest");
        expect(socket->echoed == socket->sent, "bytes stay in it");
    }
    weather = before;
}

static void stop(void) {
    char line[sizeof last_line];
    note("all are closed", 0, 0, 0);
    while (count > 0) close_client(list[0], "server stopping");
    connections_free();
    snprintf(line, sizeof line,
             "stopped: served %ju connection%s, echoed %ju byte%s",
             (uintmax_t)served, plural(served), (uintmax_t)echoed,
             plural(echoed));
    expect(strcmp(line, last_line) == 0, "the totals are wrong");
    expect(memory_bytes == 0, "memory is left behind");
    expect(connection_of(FIRST_FD) == NULL && connection_end() == 0,
           "something is left behind");
    highest = 0;
}

// Each season has weather of its own, and many have none of some kind.
static void change_weather(void) {
    weather = (struct weather){
        .interrupts = percent(30) ? below(30) : 0,
        .blocks = percent(60) ? below(70) : 0,
        .shortens = percent(60) ? below(100) : 0,
        .breaks = percent(30) ? below(10) : 0,
    };
    memory_fails = percent(50) ? below(95) : 0;
    count_max = 1 + some(200);
    note("the weather changes", 0, 0, 0);
}

static void take_step(void) {
    unsigned dice = below(1000);
    if (count == 0 || dice < 50) {
        open_client();
        return;
    }
    int fd = list[below(count)];
    if (dice < 400)
        client_sends(fd);
    else if (dice < 980)
        advance(fd);
    else if (dice < 995)
        client_acts(fd);
    else
        calm(fd);
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    for (unsigned long step = 0; model_step(); step++) {
        if (step % SEASON == 0) change_weather();
        if (percent(1) && below(200) == 0) stop();
        take_step();
    }
    memory_fails = 0;
    stop();
    model_close();
}
