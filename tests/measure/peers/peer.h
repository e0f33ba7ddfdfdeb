// peer.h: what our echo servers on other people's libraries share.
//
// That is what is no library's business: a process that is ready to serve, a
// listener like that of the stages, and reads and writes that never block.

#ifndef PEER_H
#define PEER_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BUFFER_SIZE = 64 * 1024 };

// Prepares the process as the stages do, listens on the PORT that the command
// line names, 0 for any, of 127.0.0.1 and says so on stderr. Returns the
// listening socket: non-blocking, with TCP_NODELAY for clients to inherit. Ends
// the program where that fails.
int peer_listen(int argc, char **argv);

// What a client has sent and not yet taken back. bytes is NULL while it keeps
// up; else it is the client's own, freed when it is sent.
struct unsent {
    char *bytes;
    size_t start, end;
};

enum next { NEXT_CLOSE, NEXT_READ, NEXT_WRITE };

static inline enum next peer_keep(struct unsent *unsent, const char *bytes,
                                  size_t length) {
    unsent->bytes = malloc(length);
    if (unsent->bytes == NULL) return NEXT_CLOSE;
    memcpy(unsent->bytes, bytes, length);
    unsent->start = 0;
    unsent->end = length;
    return NEXT_WRITE;
}

static inline enum next peer_send(int fd, struct unsent *unsent) {
    ssize_t written =
        write(fd, unsent->bytes + unsent->start, unsent->end - unsent->start);
    if (written == -1)
        return errno == EAGAIN || errno == EINTR ? NEXT_WRITE : NEXT_CLOSE;
    unsent->start += (size_t)written;
    if (unsent->start < unsent->end) return NEXT_WRITE;
    free(unsent->bytes);
    unsent->bytes = NULL;
    return NEXT_READ;
}

// Moves what it can without waiting, and returns what the client waits for
// then. In the header, so that it costs a library no call.
static inline enum next peer_advance(int fd, struct unsent *unsent) {
    static char buffer[READ_BUFFER_SIZE];
    if (unsent->bytes) return peer_send(fd, unsent);
    ssize_t length = read(fd, buffer, sizeof buffer);
    if (length == 0) return NEXT_CLOSE;
    if (length == -1)
        return errno == EAGAIN || errno == EINTR ? NEXT_READ : NEXT_CLOSE;

    ssize_t written = write(fd, buffer, (size_t)length);
    if (written == length) return NEXT_READ;
    if (written == -1 && errno != EAGAIN && errno != EINTR) return NEXT_CLOSE;
    if (written == -1) written = 0;
    return peer_keep(unsent, buffer + written, (size_t)(length - written));
}

#endif
