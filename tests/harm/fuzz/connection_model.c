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
    bool said;              // the log says that it waits
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
static unsigned lines;       // about calls that would block, in this turn
static const char *farewell; // why a connection was closed
static char last_line[256];

void log_received(int fd, const char *bytes, size_t length) {
    const struct fake_socket *socket = &fake_sockets[fd];
    uint64_t end = turn.peeked ? socket->echoed : socket->taken;
    expect(fd == turn.fd, "the log names another descriptor");
    expect(length <= end && stream_is(socket, end - length, bytes, length),
           "the log shows other bytes than came in");
    shown += length;
}

void log_detail(const char *format, ...) {
    if (strstr(format, "would block")) lines++;
}

void log_closed(int fd, const char *reason, uint64_t sum) {
    expect(fd == turn.fd && !turn.closed, "it is closed, and then logged");
    expect(sum == fake_sockets[fd].echoed, "the log says a wrong sum");
    farewell = reason;
}

void log_accepted(int fd, const struct sockaddr *peer, socklen_t size) {
    (void)fd, (void)peer, (void)size;
}

void log_event(const char *format, ...) {
    (void)format;
}

void log_always(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_line, sizeof last_line, format, arguments);
    va_end(arguments);
}

const char *plural(uint64_t number) {
    return number == 1 ? "" : "s";
}

// --- what has to hold --------------------------------------------------------

// Whether one connection has its unsent bytes in the reserve.
static bool reserve_is_taken(void) {
    expect(holders >= memory_blocks, "memory is lost");
    expect(holders - memory_blocks <= 1, "two have the one reserve");
    return holders > memory_blocks;
}

// The formula of connection.h, less the inbox and the reserve, which are there
// all the time.
static void check_memory(void) {
    size_t slots = (size_t)highest * 9 / 8 + 64;
    size_t bound = slots * sizeof(struct connection) +
                   memory_blocks * (INBOX_SIZE + UNSENT);
    expect(memory_bytes <= bound, "it takes more memory than the header says");
    expect(memory_arrays <= 1, "an array is lost");
    reserve_is_taken();
    expect(connection_of(connection_end()) == NULL, "one beyond the end");
}

static void check_over(const struct connection *connection,
                       const struct fake_socket *socket) {
    const char *reason = connection_reason(connection);
    expect(turn.error || turn.ended, "it is over for no reason");
    if (turn.error) {
        expect(connection->error == turn.error, "it is over by another error");
        expect(strcmp(reason, strerror(turn.error)) == 0, "another reason");
        return;
    }
    expect(connection->error == 0, "an end is taken for an error");
    expect(strcmp(reason, "client closed") == 0, "another reason");
    expect(socket->echoed == socket->sent, "bytes are lost at the end");
}

static void check_interest(const struct connection *connection,
                           const struct fake_socket *socket) {
    bool unsent = socket->taken > socket->echoed;
    expect(!turn.error, "an error is passed over");
    expect(!turn.ended, "the end is passed over");
    expect(socket->taken >= socket->echoed, "what was echoed can come again");
    expect((connection->unsent != NULL) == unsent,
           "it keeps memory exactly while bytes are unsent: no");
    if (unsent || turn.refused)
        expect(connection->interest == WRITABLE, "it does not wait for room");
    else
        expect(connection->interest == READABLE, "it waits for room in vain");
}

// A call that would block is logged, and not again until bytes move.
static void check_lines(const struct connection *connection, int fd) {
    bool blocked = connection->interest == WRITABLE || turn.read_blocked;
    if (turn.written + turn.taken > 0) clients[fd].said = false;
    expect(lines <= 1, "a call that would block is logged twice");
    if (connection->interest != NOTHING && blocked && !clients[fd].said)
        expect(lines == 1, "a call that blocks is not logged");
    clients[fd].said |= lines > 0;
    expect(connection->waiting == clients[fd].said, "waiting is wrong");
}

// In a turn that began when the reserve was taken by somebody else.
static void check_short(const struct fake_socket *socket) {
    expect(socket->taken <= socket->echoed,
           "it takes bytes for which there is no memory");
}

static void check_counts(const struct connection *connection,
                         const struct fake_socket *socket) {
    size_t in = turn.peeked ? turn.written : turn.taken;
    expect(turn.taken <= INBOX_SIZE && turn.written <= INBOX_SIZE,
           "more than one inbox in a turn");
    expect(connection->moved == (turn.taken + turn.written > 0),
           "moved is wrong");
    expect(connection->echoed == socket->echoed, "echoed is wrong");
    expect(shown == in, "the log shows more or less than came in");
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
    bool held = clients[fd].holds, scarce = reserve_is_taken();
    uint64_t before = socket->echoed;
    note(clients[fd].interest == READABLE
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
    if (connection->interest == NOTHING)
        check_over(connection, socket);
    else
        check_interest(connection, socket);
    if (scarce && !held && connection->interest != NOTHING) check_short(socket);
    expect(scarce || !turn.peeked, "it does as if memory were short");
    check_counts(connection, socket);
    check_lines(connection, fd);
    check_memory();
    if (connection->interest == NOTHING)
        close_client(fd, connection_reason(connection));
}

static int free_descriptor(void) {
    int fd = FIRST_FD;
    // Now and then far above the others, so that the array has to grow.
    if (percent(3)) fd += (int)some(SOCKETS - 100);
    while (fake_sockets[fd].open) fd++; // the lowest, as the system does
    return fd;
}

static void open_client(void) {
    int fd = free_descriptor();
    if (count == count_max || fd >= SOCKETS - 1) return;
    note("[%ld] is accepted", fd, 0, 0);
    fake_socket_open(fd);
    turn_begin(fd);
    if (fd > highest) highest = fd;
    while (!connection_reserve(fd)) {
        expect(errno == ENOMEM || errno == EBADF, "the errno of reserve");
        expect(connection_of(fd) == NULL, "a failed reserve takes the slot");
    }
    expect(fake_sockets[fd].nonblocking, "it is not non-blocking");
    expect(connection_end() > fd, "there is no room for it");
    connection_open(fd);
    served++;

    struct connection *connection = connection_of(fd);
    expect(connection && !connection->unsent && !connection->echoed &&
               !connection->error && connection->interest == READABLE,
           "a new connection is not new");
    clients[fd].open = true;
    clients[fd].said = false;
    clients[fd].interest = READABLE;
    clients[fd].index = count;
    list[count++] = fd;
    check_memory();
}

static void client_sends(int fd) {
    struct fake_socket *socket = &fake_sockets[fd];
    unsigned length = some(2 * INBOX_SIZE);
    if (socket->finished || socket->sent - socket->taken > KERNEL_MAX) return;
    socket->sent += length;
    note("[%ld] its client sends %ld", fd, (long)length, 0);
}

static void client_acts(int fd) {
    struct fake_socket *socket = &fake_sockets[fd];
    if (percent(70)) {
        socket->finished = true;
        note("[%ld] its client has said everything", fd, 0, 0);
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
    uint64_t turns = (socket->sent - socket->echoed) / INBOX_SIZE + 4;
    note("[%ld] has no trouble from now on", fd, 0, 0);
    weather = (struct weather){0};

    while (clients[fd].open && turns-- > 0) advance(fd);
    if (clients[fd].open) {
        expect(clients[fd].interest == READABLE && turn.read_blocked,
               "it does not come to rest");
        expect(socket->echoed == socket->sent, "bytes stay in it");
    }
    weather = before;
}

static void stop(void) {
    char line[sizeof last_line];
    note("all are closed", 0, 0, 0);
    while (count > 0) close_client(list[0], "server stopping");
    connections_stopped();
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
