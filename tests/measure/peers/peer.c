#include "peer.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "process.h"

int peer_listen(int argc, char **argv) {
    if (argc != 2) errx(2, "usage: %s PORT", argv[0]);
    process_prepare();
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(argv[1])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) ||
        bind(fd, (struct sockaddr *)&address, size) || listen(fd, INT_MAX) ||
        getsockname(fd, (struct sockaddr *)&address, &size) ||
        fcntl(fd, F_SETFL, O_NONBLOCK))
        err(EXIT_FAILURE, "cannot listen");
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    return fd;
}
