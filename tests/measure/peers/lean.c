// lean: the system calls of one loop and nothing else, for the floor.
//
// epoll, level-triggered; clients are blocking, so a write takes all there is.
// One that does not read stops all others, and without descriptors it spins:
// this is what robustness is measured against, not a server to run.

#include <err.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "peer.h"

enum { BATCH = 64 };

static int poller;
static char read_buffer[READ_BUFFER_SIZE];

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == -1)
        err(EXIT_FAILURE, "epoll_ctl");
}

static void accept_clients(int listener) {
    int fd;
    while ((fd = accept(listener, NULL, NULL)) != -1) watch(fd);
}

static void echo(int fd) {
    ssize_t length = read(fd, read_buffer, sizeof read_buffer);
    if (length <= 0 || write(fd, read_buffer, (size_t)length) != length)
        close(fd);
}

int main(int argc, char **argv) {
    int listener = peer_listen(argc, argv);
    poller = epoll_create1(0);
    watch(listener);
    for (;;) {
        struct epoll_event events[BATCH];
        int count = epoll_wait(poller, events, BATCH, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == listener)
                accept_clients(listener);
            else
                echo(events[i].data.fd);
    }
}
