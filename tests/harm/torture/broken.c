// broken.c: an echo server like many that are shown to beginners.
//
//     broken PORT
//
// A thread a client, plain calls. It lives until somebody leaves before the
// echo is written: nobody has told it to ignore SIGPIPE. tests/self/torture.bats
// looks whether make torture finds that.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void *serve(void *argument) {
    int client = (int)(intptr_t)argument;
    char bytes[4096];
    ssize_t length;
    while ((length = read(client, bytes, sizeof bytes)) > 0)
        if (write(client, bytes, (size_t)length) != length) break;
    close(client);
    return NULL;
}

int main(int argc, char **argv) {
    int port = argc == 2 ? atoi(argv[1]) : 0;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) == -1 ||
        listen(listener, SOMAXCONN) == -1)
        return EXIT_FAILURE;

    for (;;) {
        pthread_t thread;
        int client = accept(listener, NULL, NULL);
        void *argument = (void *)(intptr_t)client;
        if (client != -1 && pthread_create(&thread, NULL, serve, argument) == 0)
            pthread_detach(thread);
    }
}
