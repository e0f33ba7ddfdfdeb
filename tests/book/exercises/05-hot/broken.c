// An echo server on kqueue that no client holds up: what one does not take at
// once is kept in its buffer.
//
//     ./server PORT
//
// It listens on that port of 127.0.0.1. It is told when a client has sent
// something, and when there is room to send.

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

struct client {
    char bytes[64 * 1024];
    size_t sent, length; // what is between them has to go out
};

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

static bool watch(int poller, int fd, short filter, unsigned short flags,
                  struct client *client) {
    struct kevent change;
    EV_SET(&change, (uintptr_t)fd, filter, flags, 0, 0, (void *)client);
    return kevent(poller, &change, 1, NULL, 0, NULL) == 0;
}

static void accept_client(int poller, int listener) {
    int fd = accept(listener, NULL, NULL);
    if (fd == -1) return;
    struct client *client = calloc(1, sizeof *client);
    if (client && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
        watch(poller, fd, EVFILT_READ, EV_ADD, client) &&
        watch(poller, fd, EVFILT_WRITE, EV_ADD, client))
        return;
    free(client);
    close(fd);
}

// False: it is over.
static bool advance(int fd, struct client *client) {
    if (client->sent == client->length) {
        ssize_t length = read(fd, client->bytes, sizeof client->bytes);
        if (length == -1) return errno == EAGAIN;
        if (length == 0) return false;
        client->sent = 0;
        client->length = (size_t)length;
    }
    ssize_t written =
        write(fd, client->bytes + client->sent, client->length - client->sent);
    if (written == -1) return errno == EAGAIN;
    client->sent += (size_t)written;
    return true;
}

static void handle(int poller, const struct kevent *event) {
    struct client *client = (void *)event->udata;
    int fd = (int)event->ident;
    if (client == NULL) {
        accept_client(poller, fd);
    } else if (!advance(fd, client)) {
        close(fd);
        free(client);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(argv[1]), poller = kqueue();
    if (poller == -1 || !watch(poller, listener, EVFILT_READ, EV_ADD, NULL))
        die("kqueue");

    for (;;) {
        struct kevent event; // one, so none can be about a closed client
        if (kevent(poller, NULL, 0, &event, 1, NULL) == -1) {
            if (errno == EINTR) continue;
            die("kevent");
        }
        handle(poller, &event);
    }
}
