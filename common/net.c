#include "net.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

enum { ACCEPT_TRIES = 1000 }; // and then it is not the clients

// What accept(2) reports of one client that is gone before it was taken, while
// the one behind it in the backlog may be well; Linux passes network errors,
// too. Or the call was interrupted.
static bool client_is_lost(void) {
    switch (errno) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
        return true;
    default:
        return false;
    }
}

int net_accept(int listener) {
    // A Unix socket's peer has no name, and some systems fill in nothing at
    // all.
    struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    socklen_t size;
    int client, tries = ACCEPT_TRIES;

    do {
        size = sizeof peer;
        client = accept(listener, (struct sockaddr *)&peer, &size);
    } while (client == -1 && client_is_lost() && --tries > 0);

    if (client != -1) log_accepted(client, (struct sockaddr *)&peer, size);
    return client;
}

bool net_set_nonblocking(int fd) {
    int yes = 1;
    return ioctl(fd, FIONBIO, &yes) != -1; // fcntl(2) would take two calls
}

bool net_would_block(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

ssize_t net_read(int fd, char *bytes, size_t size) {
    ssize_t length;
    log_detail("[%d] waiting in read", fd);
    do length = read(fd, bytes, size);
    while (length == -1 && net_would_block());
    return length;
}

size_t net_write_all(int fd, const char *bytes, size_t length) {
    size_t sum = 0;
    log_detail("[%d] waiting in write", fd);
    while (sum < length) {
        ssize_t written = write(fd, bytes + sum, length - sum);
        if (written == -1 && !net_would_block()) break;
        if (written > 0) sum += (size_t)written;
    }
    return sum;
}
