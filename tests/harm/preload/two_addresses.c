// two_addresses.c: a host with two addresses, the first of which is not ours.
//
// Preloaded, it lets every server find two.example as 192.0.2.1, an address
// that nobody has (RFC 5737), and 127.0.0.1. See ld.so(8), LD_PRELOAD.

#define _GNU_SOURCE 1 // RTLD_NEXT

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *,
                   struct addrinfo **);

int getaddrinfo(const char *host, const char *port,
                const struct addrinfo *hints, struct addrinfo **found) {
    lookup *real;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (strcmp(host, "two.example") != 0) return real(host, port, hints, found);

    int failure = real("192.0.2.1", port, hints, found);
    if (failure) return failure;
    return real("127.0.0.1", port, hints, &(*found)->ai_next);
}
