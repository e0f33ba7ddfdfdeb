// lookup.c: hosts that are there for tests only.
//
// Preloaded, it lets a server find
//     foreign.example  192.0.2.1, an address that no machine has (RFC 5737),
//                      then 127.0.0.1
//     both.example     ::1, then 127.0.0.1
//     slow.example     never; it says so on stderr and waits
// See ld.so(8), LD_PRELOAD.

#define _GNU_SOURCE 1 // RTLD_NEXT

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int lookup(const char *, const char *, const struct addrinfo *,
                   struct addrinfo **);

static void hang(void) {
    static const char words[] = "looking up slow.example\n";
    if (write(STDERR_FILENO, words, sizeof words - 1) == -1) return;
    for (;;) pause();
}

int getaddrinfo(const char *host, const char *port,
                const struct addrinfo *hints, struct addrinfo **found) {
    lookup *real;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    const char *first = NULL;
    if (strcmp(host, "slow.example") == 0) hang();
    if (strcmp(host, "foreign.example") == 0) first = "192.0.2.1";
    if (strcmp(host, "both.example") == 0) first = "::1";
    if (first == NULL) return real(host, port, hints, found);

    int failure = real(first, port, hints, found);
    if (failure) return failure;
    return real("127.0.0.1", port, hints, &(*found)->ai_next);
}
