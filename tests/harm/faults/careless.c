// careless.c: the server that tutorials begin with: one client after the other,
// and it takes for granted that a call does all it was asked to.
//
//     careless PORT
//
// It passes for an echo server as long as nothing happens. faults.bats walks
// over it, to see that the walk finds what is wrong.

#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[64 * 1024];

static void serve(int client) {
    ssize_t length;
    while ((length = read(client, buffer, sizeof buffer)) > 0)
        if (write(client, buffer, (size_t)length) == -1) break;
    close(client);
}

int main(int argc, char **argv) {
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (argc != 2) return EXIT_FAILURE;
    signal(SIGPIPE, SIG_IGN);
    name.sin_port = htons((uint16_t)atoi(argv[1]));
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&name, sizeof name) == -1 ||
        listen(listener, SOMAXCONN) == -1)
        exit(EXIT_FAILURE);
    for (;;) serve(accept(listener, NULL, NULL));
}
