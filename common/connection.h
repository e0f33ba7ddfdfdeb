// connection.h: one echo client on a non-blocking socket.
//
// A connection moves as many bytes as it can without waiting and then says what
// it waits for, its interest. It never waits both ways: who does not read is
// not read from. So a client costs at most one read buffer of memory, and
// appears at most once in a batch of events.
//
// Connections stand in one array indexed by descriptor; an idle one is
// sizeof(struct connection) bytes, an eighth more while the array grows. All
// read into one buffer of INBOX_SIZE bytes, the inbox; only what the socket
// would not take is copied to memory of the connection's own, until it is sent.
// So all connections together take at most, n being the highest descriptor,
//
//     (n * 9/8 + 64) * sizeof(struct connection)
//     + (slow readers + 2) * (INBOX_SIZE + sizeof(struct unsent))
//
// and, for the moment in which the array grows, its old self as well.
//
// When there is no memory for unsent bytes, nobody loses any: there is a
// reserve for one connection, and until it is free again, bytes stay in the
// kernel until the socket has taken them back.

#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

enum interest {
    NOTHING,  // it is over
    READABLE, // nothing to send: wait until the client sends
    WRITABLE, // the socket is full: wait until there is room, read nothing
};

struct unsent;

struct connection {
    int fd;
    enum interest interest;
    struct unsent *unsent; // NULL while the client keeps up
    uint64_t echoed;       // bytes that the socket took
    int error;             // why it is over: an errno, 0 if the client closed
    bool open;             // this slot of the array is taken
    bool moved;            // the last connection_advance() moved a byte
    bool waiting;          // it was logged that a call would block
};

// Makes fd non-blocking and makes room for its connection. False, with errno
// (ENOMEM most likely), if that fails. See fcntl(2).
bool connection_reserve(int fd);

// Makes a reserved descriptor a connection, that from now on owns it.
void connection_open(int fd);

// The connection of a descriptor, NULL if it has none. The pointer is good
// until the next connection_reserve().
struct connection *connection_of(int fd);

// One above the highest descriptor that may have a connection.
int connection_end(void);

// Echoes what it can without waiting, one inbox at most, and sets the interest.
// When that is NOTHING, close it. See read(2) and write(2) for its error.
void connection_advance(struct connection *connection);

// Why its interest is NOTHING, in words.
const char *connection_reason(const struct connection *connection);

// Logs the reason, forgets what is unsent and closes the descriptor.
void connection_close(struct connection *connection, const char *reason);

// When all are closed: logs how many were served and frees the array.
void connections_stopped(void);

#endif
