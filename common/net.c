#include "net.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

// Whether accept(2) failed because of that one connection, so that the next one
// in the backlog may be fine. Its manual page lists these errors.
static bool connection_is_broken(void) {
    switch (errno) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
#ifdef ENONET
    case ENONET:
#endif
        return true;
    default:
        return false;
    }
}

#ifdef __APPLE__
#define ACCEPT_DROPS_CLIENTS 1
#endif

// Without a descriptor, macOS takes the connection from the backlog and closes
// it. So ask for a descriptor first: dup(2) fails as accept(2) would, with
// EMFILE. (It can't foresee ENFILE, a full table in the whole system.)
static bool descriptor_is_free(int fd) {
#ifdef ACCEPT_DROPS_CLIENTS
    fd = dup(fd);
    if (fd != -1) close(fd);
#endif
    return fd != -1;
}

int net_accept(int listener) {
    // A Unix peer has no name, and some systems then fill in nothing at all.
    struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    socklen_t size = sizeof peer;
    if (!descriptor_is_free(listener)) return -1;

    int client = accept(listener, (struct sockaddr *)&peer, &size);
    if (client != -1) log_accepted(client, (struct sockaddr *)&peer, size);
    if (client == -1 && connection_is_broken()) errno = EAGAIN;
    return client;
}

bool net_set_nonblocking(int fd) {
    int yes = 1;
    return ioctl(fd, FIONBIO, &yes) != -1; // one call; fcntl(2) takes two
}

bool net_should_retry(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

ssize_t net_read(int fd, char *bytes, size_t size) {
    ssize_t length;
    log_detail("[%d] waiting in read", fd);
    do length = read(fd, bytes, size);
    while (length == -1 && net_should_retry());
    return length;
}

size_t net_write_all(int fd, const char *bytes, size_t length) {
    size_t sum = 0;
    log_detail("[%d] waiting in write", fd);
    while (sum < length) {
        ssize_t written = write(fd, bytes + sum, length - sum);
        if (written == -1 && !net_should_retry()) break;
        if (written > 0) sum += (size_t)written;
    }
    return sum;
}
