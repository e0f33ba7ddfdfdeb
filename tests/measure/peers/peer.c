#include "peer.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "process.h"

static uint16_t read_port(int argc, char **argv, const char *version) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts(version);
        exit(EXIT_SUCCESS);
    }
    char *end = "";
    long port = argc == 2 ? strtol(argv[1], &end, 10) : -1;
    if (port < 0 || port > UINT16_MAX || *end != '\0')
        errx(2, "usage: %s PORT", argv[0]);
    return (uint16_t)port;
}

int peer_listen(int argc, char **argv, const char *version) {
    process_prepare();
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(read_port(argc, argv, version)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) ||
        bind(fd, (struct sockaddr *)&address, size) || listen(fd, SOMAXCONN) ||
        getsockname(fd, (struct sockaddr *)&address, &size) ||
        fcntl(fd, F_SETFL, O_NONBLOCK))
        err(EXIT_FAILURE, "cannot listen");
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    return fd;
}
