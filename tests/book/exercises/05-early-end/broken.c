// An echo server on kqueue.
//
//     ./server PORT
//
// It listens on that port of 127.0.0.1.

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/event.h>
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

static bool write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written == -1) return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

static bool watch(int poller, int fd) {
    struct kevent change;
    EV_SET(&change, (uintptr_t)fd, EVFILT_READ, EV_ADD, 0, 0, 0);
    return kevent(poller, &change, 1, NULL, 0, NULL) == 0;
}

// False: it is over.
static bool echo(int fd) {
    char inbox[4096];
    ssize_t length = read(fd, inbox, sizeof inbox);
    return length > 0 && write_all(fd, inbox, (size_t)length);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(argv[1]), poller = kqueue();
    if (poller == -1 || !watch(poller, listener)) die("kqueue");

    for (;;) {
        struct kevent event;
        if (kevent(poller, NULL, 0, &event, 1, NULL) == -1) {
            if (errno == EINTR) continue;
            die("kevent");
        }
        int fd = (int)event.ident;
        if (fd == listener) {
            int client = accept(listener, NULL, NULL);
            if (client != -1 && !watch(poller, client)) close(client);
        } else if ((event.flags & EV_EOF) || !echo(fd)) {
            close(fd);
        }
    }
}
