// free_port.h: a port that nobody has, and that nobody is going to be given.
//
// Port 0 is what a server should be started with. Where a port has to be known
// before, it is taken from below those that Linux gives to clients (ip(7),
// ip_local_port_range): with thousands of clients beside a test, one of them
// would soon have what was free a moment ago.

#ifndef FREE_PORT_H
#define FREE_PORT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// At any address, of IPv4 and of IPv6 where there is one.
static bool port_is_free(uint16_t port) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6,
                                .sin6_port = htons(port)};
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    int fd6 = socket(AF_INET6, SOCK_STREAM, 0);
    bool is_free = bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
    if (fd6 != -1) {
        setsockopt(fd6, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
        is_free &= bind(fd6, (struct sockaddr *)&any6, sizeof any6) == 0;
        close(fd6);
    }
    close(fd);
    return is_free;
}

// Returns -1 if a thousand are taken.
static int free_port(void) {
    enum { FIRST = 10000, COUNT = 20000 };
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    srandom((unsigned)getpid() ^ (unsigned)now.tv_nsec);
    for (int tries = 0; tries < 1000; tries++) {
        int port = FIRST + (int)(random() % COUNT);
        if (port_is_free((uint16_t)port)) return port;
    }
    return -1;
}

#endif
