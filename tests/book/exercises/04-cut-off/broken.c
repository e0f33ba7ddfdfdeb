// An echo server on epoll, edge-triggered: each client is reported when
// something new has come from it, and is read until there is nothing more.
//
//     ./server PORT
//
// It listens on that port of 127.0.0.1.

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what) {
    perror(what);
    exit(EXIT_FAILURE);
}

// Only this machine gets in.
static int listen_on(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((in_port_t)atoi(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (fd == -1) die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == -1 ||
        listen(fd, SOMAXCONN) == -1)
        die("cannot listen");
    fprintf(stderr, "listening on 127.0.0.1:%s\n", port);
    return fd;
}

// Waits for a client that does not read, and makes all the others wait: that is
// not what this exercise is about.
static bool write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written == -1 && errno != EAGAIN) return false;
        if (written == -1) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            poll(&room, 1, -1);
            continue;
        }
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

// False: it is over.
static bool advance(int fd) {
    char inbox[4096];
    for (;;) {
        ssize_t length = read(fd, inbox, sizeof inbox);
        if (length <= 0) return false;
        if (!write_all(fd, inbox, (size_t)length)) return false;
    }
}

static void accept_client(int poller, int listener) {
    int fd = accept(listener, NULL, NULL);
    if (fd == -1) return;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == -1)
        close(fd);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(argv[1]), poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (poller == -1 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) == -1)
        die("epoll");

    for (;;) {
        if (epoll_wait(poller, &event, 1, -1) == -1) {
            if (errno == EINTR) continue;
            die("epoll_wait");
        }
        if (event.data.fd == listener)
            accept_client(poller, listener);
        else if (!advance(event.data.fd))
            close(event.data.fd);
    }
}
