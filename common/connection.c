#include "connection.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "net.h"
#include "slots.h"

struct unsent {
    size_t start, end;
    char bytes[];
};

static struct connection *connections; // indexed by descriptor
static int room;                       // slots in that array
static uint64_t served, echoed;

// Shared by all connections: between two calls it holds nothing.
static char inbox[INBOX_SIZE];

// For the unsent bytes of one connection, when there is no memory. While it is
// taken, what others send stays in the kernel until it can be echoed.
static union {
    struct unsent unsent;
    char room[sizeof(struct unsent) + INBOX_SIZE];
} reserve;
static bool memory_is_short;

bool connection_reserve(int fd) {
    struct connection *grown =
        slots_reserve(connections, sizeof *grown, &room, fd);
    if (grown == NULL) return false;
    connections = grown;
    return net_set_nonblocking(fd);
}

void connection_open(int fd) {
    connections[fd] =
        (struct connection){.fd = fd, .open = true, .interest = READABLE};
    served++;
}

struct connection *connection_of(int fd) {
    return fd < room && connections[fd].open ? &connections[fd] : NULL;
}

int connection_end(void) {
    return room;
}

static enum interest over(struct connection *connection, int error) {
    connection->error = error;
    return NOTHING;
}

// Not now: the same call would wait. Said once, until bytes move again.
static enum interest blocked(struct connection *connection,
                             enum interest interest) {
    const char *call = interest == READABLE ? "read" : "write";
    if (!connection->waiting)
        log_detail("[%d] %s would block", connection->fd, call);
    connection->waiting = true;
    return interest;
}

static void count_echoed(struct connection *connection, ssize_t written) {
    connection->moved = true;
    connection->waiting = false;
    connection->echoed += (uint64_t)written;
    echoed += (uint64_t)written;
}

static enum interest keep_unsent(struct connection *connection,
                                 const char *bytes, size_t length) {
    struct unsent *unsent = malloc(sizeof *unsent + length);
    if (unsent == NULL) {
        memory_is_short = true;
        unsent = &reserve.unsent;
    }
    unsent->start = 0;
    unsent->end = length;
    memcpy(unsent->bytes, bytes, length);
    connection->unsent = unsent;
    return blocked(connection, WRITABLE);
}

static void free_unsent(struct connection *connection) {
    if (connection->unsent == &reserve.unsent)
        memory_is_short = false;
    else
        free(connection->unsent);
    connection->unsent = NULL;
}

static enum interest send_unsent(struct connection *connection) {
    struct unsent *unsent = connection->unsent;
    ssize_t written = write(connection->fd, unsent->bytes + unsent->start,
                            unsent->end - unsent->start);
    if (written == -1 && net_would_block())
        return blocked(connection, WRITABLE);
    if (written == -1) return over(connection, errno);

    count_echoed(connection, written);
    unsent->start += (size_t)written;
    if (unsent->start < unsent->end) return blocked(connection, WRITABLE);
    free_unsent(connection);
    return READABLE;
}

// Returns how many of the bytes the socket took, -1 if it is broken.
static ssize_t send_back(struct connection *connection, size_t length) {
    ssize_t written = write(connection->fd, inbox, length);
    if (written == -1 && net_would_block()) return 0;
    if (written > 0) count_echoed(connection, written);
    return written;
}

static enum interest echo(struct connection *connection) {
    ssize_t length = read(connection->fd, inbox, sizeof inbox);
    if (length == -1 && net_would_block()) return blocked(connection, READABLE);
    if (length == -1) return over(connection, errno);
    if (length == 0) return over(connection, 0);
    log_received(connection->fd, inbox, (size_t)length);
    connection->moved = true;
    connection->waiting = false;

    ssize_t written = send_back(connection, (size_t)length);
    if (written == -1) return over(connection, errno);
    if (written == length) return READABLE;
    return keep_unsent(connection, inbox + written, (size_t)(length - written));
}

// Takes from the socket what it has taken back. All of it is there, so nothing
// waits, but a call may take less or be interrupted like any other.
static bool take_echoed(struct connection *connection, size_t length) {
    while (length > 0) {
        ssize_t taken = read(connection->fd, inbox, length);
        if (taken == -1 && net_would_block()) continue;
        if (taken == 0) errno = EIO; // it was there
        if (taken <= 0) return false;
        length -= (size_t)taken;
    }
    return true;
}

// The same without memory: looks at the bytes, and takes from the socket only
// those that it took back.
static enum interest echo_in_place(struct connection *connection) {
    ssize_t length = recv(connection->fd, inbox, sizeof inbox, MSG_PEEK);
    if (length == -1 && net_would_block()) return blocked(connection, READABLE);
    if (length == -1) return over(connection, errno);
    if (length == 0) return over(connection, 0);

    ssize_t written = send_back(connection, (size_t)length);
    if (written == -1) return over(connection, errno);
    if (written == 0) return blocked(connection, WRITABLE);
    log_received(connection->fd, inbox, (size_t)written);
    if (!take_echoed(connection, (size_t)written))
        return over(connection, errno);
    return written == length ? READABLE : blocked(connection, WRITABLE);
}

void connection_advance(struct connection *connection) {
    connection->moved = false;
    if (connection->unsent)
        connection->interest = send_unsent(connection);
    else if (memory_is_short)
        connection->interest = echo_in_place(connection);
    else
        connection->interest = echo(connection);
}

const char *connection_reason(const struct connection *connection) {
    return connection->error ? strerror(connection->error) : "client closed";
}

void connection_close(struct connection *connection, const char *reason) {
    log_closed(connection->fd, reason, connection->echoed);
    free_unsent(connection);
    close(connection->fd);
    *connection = (struct connection){.open = false};
}

void connections_stopped(void) {
    log_always("stopped: served %" PRIu64 " connection%s, echoed %" PRIu64
               " byte%s",
               served, plural(served), echoed, plural(echoed));
    free(connections);
    connections = NULL;
    room = 0;
}
