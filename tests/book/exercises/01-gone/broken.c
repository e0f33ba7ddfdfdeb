// An echo server that serves one client after the other.
//
//     ./server PORT
//
// It listens on that port of 127.0.0.1. If it can't go on, it says why.

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

static void echo(int client) {
    static char inbox[4096];
    for (;;) {
        ssize_t length = read(client, inbox, sizeof inbox);
        if (length == 0) return;
        if (length == -1) die("read");
        if (!write_all(client, inbox, (size_t)length)) return;
    }
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
        if (client == -1) die("accept");
        echo(client);
        close(client);
    }
}
