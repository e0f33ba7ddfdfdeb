// An echo server in one thread that no client holds up: it sleeps in poll(2).
//
//     ./server PORT
//
// It listens on that port of 127.0.0.1. A client has a buffer; as long as there
// is something in it, the server waits until the client can take it.

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 64 };

struct client {
    char bytes[64 * 1024];
    size_t sent, length; // what is between them has to go out
};

static struct client clients[CLIENTS];
static struct pollfd polls[CLIENTS + 1]; // the last one is the listener

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
    client->sent = client->length;
    return true;
}

static void accept_client(int listener) {
    int fd = accept(listener, NULL, NULL), i = 0;
    if (fd == -1) return;
    while (i < CLIENTS && polls[i].fd != -1) i++;
    if (i == CLIENTS || fcntl(fd, F_SETFL, O_NONBLOCK) == -1) {
        close(fd);
        return;
    }
    polls[i].fd = fd;
    clients[i].sent = clients[i].length = 0;
}

static void turn(void) {
    for (int i = 0; i < CLIENTS; i++) {
        bool unsent = clients[i].sent < clients[i].length;
        polls[i].events = unsent ? POLLOUT : POLLIN;
    }
    if (poll(polls, CLIENTS + 1, -1) == -1) {
        if (errno == EINTR) return;
        die("poll");
    }

    for (int i = 0; i < CLIENTS; i++) {
        if (polls[i].fd == -1 || polls[i].revents == 0) continue;
        if (advance(polls[i].fd, &clients[i])) continue;
        close(polls[i].fd);
        polls[i].fd = -1;
    }
    if (polls[CLIENTS].revents != 0) accept_client(polls[CLIENTS].fd);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(argv[1]);
    if (fcntl(listener, F_SETFL, O_NONBLOCK) == -1) die("fcntl");
    for (int i = 0; i < CLIENTS; i++) polls[i].fd = -1;
    polls[CLIENTS] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (;;) turn();
}
