// An echo server with four loops, one thread each. They share the listener; a
// client belongs to the loop that has accepted it.
//
//     ./server PORT
//
// It listens on that port of 127.0.0.1.

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOPS = 4, CLIENTS = 64 };

static int listener;

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

static bool echo(int fd) {
    char inbox[4096];
    ssize_t length = read(fd, inbox, sizeof inbox);
    return length > 0 && write_all(fd, inbox, (size_t)length);
}

// The first of polls is the listener. An entry without a client has -1.
static void accept_client(struct pollfd *polls) {
    int fd = accept(listener, NULL, NULL), i = 1;
    if (fd == -1) return; // another loop was faster
    while (i < CLIENTS && polls[i].fd != -1) i++;
    if (i == CLIENTS)
        close(fd);
    else
        polls[i] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void *loop(void *unused) {
    struct pollfd polls[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) polls[i].fd = -1;
    polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};

    for (;;) {
        if (poll(polls, CLIENTS, -1) == -1) {
            if (errno == EINTR) continue;
            die("poll");
        }
        for (int i = 1; i < CLIENTS; i++) {
            if (polls[i].fd == -1 || polls[i].revents == 0) continue;
            if (echo(polls[i].fd)) continue;
            close(polls[i].fd);
            polls[i].fd = -1;
        }
        if (polls[0].revents != 0) accept_client(polls);
    }
    return unused;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    listener = listen_on(argv[1]);
    for (int i = 1; i < LOOPS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, loop, NULL) != 0)
            die("cannot start a thread");
    }
    loop(NULL);
}
