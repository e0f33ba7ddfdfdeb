#include "connection.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "log.h"
#include "net.h"

struct unsent {
    size_t start, end;
    char bytes[];
};

static struct {
    struct connection *array; // indexed by descriptor
    int capacity;             // of that array
    uint64_t served, echoed;  // connections and bytes, since the start
} all;

// Shared by all connections: empty between two calls of connection_advance().
static char buffer[READ_SIZE];

struct connection *connection_open(int fd) {
    all.served++;
    struct connection *grown =
        array_reserve(all.array, sizeof *grown, &all.capacity, fd);
    if (grown) all.array = grown;
    if (grown == NULL || !net_set_nonblocking(fd)) {
        log_closed(fd, strerror(errno), 0);
        close(fd);
        return NULL;
    }
    all.array[fd] =
        (struct connection){.fd = fd, .open = true, .interest = INTEREST_READ};
    return &all.array[fd];
}

struct connection *connection_of(int fd) {
    return fd < all.capacity && all.array[fd].open ? &all.array[fd] : NULL;
}

int connection_end(void) {
    return all.capacity;
}

static enum interest finish(struct connection *connection, int error) {
    connection->error = error;
    return INTEREST_NONE;
}

static void count_echoed(struct connection *connection, size_t length) {
    connection->progressed = true;
    connection->echoed += length;
    all.echoed += length;
}

static enum interest keep_unsent(struct connection *connection,
                                 const char *bytes, size_t length) {
    struct unsent *unsent = malloc(sizeof *unsent + length);
    if (unsent == NULL) return finish(connection, ENOMEM);
    unsent->start = 0;
    unsent->end = length;
    memcpy(unsent->bytes, bytes, length);
    connection->unsent = unsent;
    log_detail("[%d] write would block", connection->fd);
    return INTEREST_WRITE;
}

static enum interest echo(struct connection *connection) {
    ssize_t length = read(connection->fd, buffer, sizeof buffer);
    if (length == -1 && net_should_retry()) return INTEREST_READ;
    if (length == -1) return finish(connection, errno);
    if (length == 0) return finish(connection, 0);
    connection->progressed = true;
    log_received(connection->fd, buffer, (size_t)length);

    ssize_t sent = write(connection->fd, buffer, (size_t)length);
    if (sent == -1 && !net_should_retry()) return finish(connection, errno);
    if (sent == -1) sent = 0;
    count_echoed(connection, (size_t)sent);
    if (sent == length) return INTEREST_READ;
    return keep_unsent(connection, buffer + sent, (size_t)(length - sent));
}

static enum interest send_unsent(struct connection *connection) {
    struct unsent *unsent = connection->unsent;
    ssize_t sent = write(connection->fd, unsent->bytes + unsent->start,
                         unsent->end - unsent->start);
    if (sent == -1 && net_should_retry()) return INTEREST_WRITE;
    if (sent == -1) return finish(connection, errno);

    count_echoed(connection, (size_t)sent);
    unsent->start += (size_t)sent;
    if (unsent->start < unsent->end) return INTEREST_WRITE;
    free(unsent);
    connection->unsent = NULL;
    return INTEREST_READ;
}

void connection_advance(struct connection *connection) {
    connection->progressed = false;
    if (connection->unsent)
        connection->interest = send_unsent(connection);
    else
        connection->interest = echo(connection);
}

const char *connection_reason(const struct connection *connection) {
    return connection->error ? strerror(connection->error) : "client closed";
}

void connection_close(struct connection *connection, const char *reason) {
    log_closed(connection->fd, reason, connection->echoed);
    free(connection->unsent);
    close(connection->fd);
    *connection = (struct connection){.open = false};
}

void connections_free(void) {
    log_always("stopped: served %" PRIu64 " connection%s, echoed %" PRIu64
               " byte%s",
               all.served, plural(all.served), all.echoed, plural(all.echoed));
    free(all.array);
    all.array = NULL;
    all.capacity = 0;
}
