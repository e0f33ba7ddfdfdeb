// An echo server in one thread that closes a client after 1.9 silent seconds.
//
//     ./server PORT
//
// It listens on that port of 127.0.0.1. It sleeps in select(2) until a client
// has sent something, or is due.

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 64, PATIENCE_MS = 1900 };

static struct client {
    int fd;         // -1: there is none
    int64_t due_ms; // when it will have been silent too long
} clients[CLIENTS];

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

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool echo(struct client *client) {
    char inbox[4096];
    ssize_t length = read(client->fd, inbox, sizeof inbox);
    client->due_ms = now_ms() + PATIENCE_MS;
    return length > 0 && write_all(client->fd, inbox, (size_t)length);
}

static void accept_client(int listener) {
    int fd = accept(listener, NULL, NULL), i = 0;
    if (fd == -1) return;
    while (i < CLIENTS && clients[i].fd != -1) i++;
    if (i == CLIENTS || fd >= FD_SETSIZE)
        close(fd);
    else
        clients[i] = (struct client){fd, now_ms() + PATIENCE_MS};
}

// Waits until a client has sent something or is due. False: a signal arrived.
static bool wait_ready(int listener, fd_set *ready) {
    int64_t left_ms = INT64_MAX;
    int highest = listener;
    FD_ZERO(ready);
    FD_SET(listener, ready);
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i].fd == -1) continue;
        FD_SET(clients[i].fd, ready);
        if (clients[i].fd > highest) highest = clients[i].fd;
        int64_t client_ms = clients[i].due_ms - now_ms();
        if (client_ms < left_ms) left_ms = client_ms > 0 ? client_ms : 0;
    }
    struct timeval left = {.tv_sec = (time_t)(left_ms / 1000)};
    bool forever = left_ms == INT64_MAX;
    int count = select(highest + 1, ready, NULL, NULL, forever ? NULL : &left);
    if (count == -1 && errno != EINTR) die("select");
    return count != -1;
}

static void turn(int listener) {
    fd_set ready;
    if (!wait_ready(listener, &ready)) return;
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = &clients[i];
        if (client->fd == -1) continue;
        bool lives = !FD_ISSET(client->fd, &ready) || echo(client);
        if (lives && now_ms() < client->due_ms) continue;
        close(client->fd);
        client->fd = -1;
    }
    if (FD_ISSET(listener, &ready)) accept_client(listener);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < CLIENTS; i++) clients[i].fd = -1;
    int listener = listen_on(argv[1]);
    for (;;) turn(listener);
}
