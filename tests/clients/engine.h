// engine.h: a client's end of a connection, where every byte is checked.
//
// build/tests/client and tests/crowd talk through this. Nothing here waits:
// sockets are non-blocking, and the caller polls. A call that fails returns
// -1, false or what the enum says, leaves errno alone, and engine_trouble()
// has it in words.
//
// What a client sends is its text, over and over. Unless the caller gives it
// another one, that is a pseudo-random stream, different in every process and
// begun at a different place by every client: an echo that is lost, repeated
// or meant for another client shows.

#ifndef ENGINE_H
#define ENGINE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

// A prime, so that however many whole buffers a server loses or repeats, the
// bytes after them look different.
enum { STREAM_BYTES = 1000003 };

struct server {
    const char *name; // the ADDRESS as the user typed it
    struct sockaddr_storage address;
    socklen_t size;
};

struct client {
    int fd;
    in_port_t port; // its own, only if there is an account
    size_t number;  // among all clients of this run
    const char *text;
    size_t period;      // bytes of text
    size_t start;       // where in text it begins
    size_t sent, heard; // bytes
    uint64_t sent_ns;   // just before the last write or connect()
    uint64_t heard_ns;  // just after the last read
};

enum hearing {
    HEARD_ECHO,    // the next bytes of its own text
    HEARD_NOTHING, // not yet
    HEARD_END,     // end of file: the server has closed
    HEARD_ERROR,   // such as a reset
    HEARD_WRONG,   // bytes it has not sent
};

// The one server that all connections go to.
extern struct server server;

// Call it first: prepares the process (common/process.h) and the stream.
void engine_open(void);

// Takes the ADDRESS that the user typed. Returns NULL, or what is wrong with
// it. See common/address.h.
const char *server_parse(const char *text);

// Looks up what server_parse() took. See getaddrinfo(3).
bool server_find(void);

// From now on every connection that is closed appends one line to the file:
// "account: NAME PORT SENT HEARD". False if the file can't be opened.
bool account_open(const char *path, const char *name);

// New sockets get small buffers and, unless 0, segments of that many bytes.
void clients_narrow(int buffer_bytes, int segment_bytes);

// Begins to connect. The socket is writable when that is done; then
// client_finish() says whether it worked. EAGAIN: the backlog of a Unix
// socket is full, try again later. See connect(2).
bool client_begin(struct client *client, size_t number);
bool client_finish(const struct client *client);

// Sends once, and never beyond total bytes in all. Returns how many bytes the
// socket took, 0 if it takes none now, or -1. See write(2).
ssize_t client_send(struct client *client, size_t total);

// Reads once and compares. See read(2).
enum hearing client_hear(struct client *client);

void client_half_close(const struct client *client);
void client_close(const struct client *client);

// Closes with a reset (RST) instead of the orderly end (FIN).
void client_reset(const struct client *client);

// What went wrong in the last call that failed.
const char *engine_trouble(void);

// Whether the last call failed only because it would have blocked.
bool engine_should_retry(void);

uint64_t clock_ns(void);

#endif
