// What connection.h says of one turn of a connection. The server calls
// model_advance() where it means connection_advance().

#include "connection.h"

#include <errno.h>

#include "listener.h"
#include "log.h"
#include "model.h"
#include "net.h"
#include "world.h"

uint64_t echoed;

void model_advance(struct connection *connection);

void log_received(int fd, const char *bytes, size_t length) {
    expect(fd == calls.fd && stream_was(&sockets[fd], bytes, length),
           "the log shows other bytes than came in");
    calls.shown += length;
}

// The arrays, and at most one read buffer for each client that doesn't read.
void check_memory(int holders) {
    size_t slot = sizeof(struct connection) + 2 * sizeof(int64_t);
    size_t arrays = ((size_t)highest_fd * 9 / 8 + 64) * slot;
    size_t unsent = (size_t)holders * (READ_SIZE + 2 * sizeof(size_t));
    size_t others = LISTENERS_MAX * sizeof *listeners;
    expect(memory_bytes <= arrays + unsent + others,
           "it takes more memory than the header says");
    expect(connection_of(connection_end()) == NULL, "one beyond the end");
}

static void check_over(const struct connection *connection,
                       const struct fake_socket *socket, bool refused) {
    int error = refused ? ENOMEM : calls.error;
    expect(error || calls.ended, "it is over for no reason");
    expect(connection->error == error, "it is over by another error");
    expect(error || socket->echoed == socket->sent,
           "bytes are lost at the end");
}

static void check_interest(const struct connection *connection, bool unsent,
                           bool refused) {
    expect(!calls.error, "an error is passed over");
    expect(!calls.ended, "the end is passed over");
    expect(!refused, "it goes on without the bytes it had no memory for");
    expect((connection->unsent != NULL) == unsent,
           "it keeps memory exactly while bytes are unsent: no");
    expect(connection->interest == (unsent ? INTEREST_WRITE : INTEREST_READ),
           "it waits for the wrong thing");
}

void model_advance(struct connection *connection) {
    int fd = connection->fd;
    const struct fake_socket *socket = &sockets[fd];
    uint64_t taken = socket->taken;
    bool held = taken > socket->echoed;
    unsigned refused = memory_refused;
    note(held ? "[%ld] has bytes unsent and advances" : "[%ld] advances", fd, 0,
         0);
    expect(connection == connection_of(fd), "it is not found");
    expect(connection->echoed == socket->echoed &&
               (connection->unsent != NULL) == held,
           "another connection's turn has changed this one");

    fake_calls_begin(fd);
    connection_advance(connection);
    refused = memory_refused - refused;
    if (connection->interest == INTEREST_NONE)
        check_over(connection, socket, refused);
    else
        check_interest(connection, socket->taken > socket->echoed, refused);
    expect(calls.count == (calls.read ? 2 : 1),
           "a turn is a write, or a read and a write of what it read");
    expect(connection->progressed == (calls.moved > 0), "progressed is wrong");
    expect(connection->echoed == socket->echoed, "echoed is wrong");
    expect(calls.shown == socket->taken - taken, "the log shows more or less");
    expect(calls.blocked == (connection->unsent && !held),
           "a write that would block is logged once: no");
    fake_calls_begin(ANY_FD);
}
