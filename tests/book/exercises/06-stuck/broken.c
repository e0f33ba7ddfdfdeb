// An echo server with one thread per client, and a second of patience: a
// client that keeps it waiting longer than that is closed.
//
//     ./server PORT
//
// It listens on that port of 127.0.0.1.

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
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

static void *serve(void *argument) {
    int client = (int)(intptr_t)argument;
    char inbox[4096];
    ssize_t length;

    struct timeval patience = {.tv_sec = 1};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while ((length = read(client, inbox, sizeof inbox)) > 0)
        if (!write_all(client, inbox, (size_t)length)) break;
    close(client);
    return NULL;
}

static bool start_thread(int client) {
    pthread_t thread;
    void *argument = (void *)(intptr_t)client;
    if (pthread_create(&thread, NULL, serve, argument) != 0) return false;
    pthread_detach(thread);
    return true;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(argv[1]);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1) {
            perror("accept");
            sleep(1);
            continue;
        }
        if (!start_thread(client)) close(client);
    }
}
