// lean-threads: the system calls of a thread per connection and nothing else,
// for the floor. Without descriptors or threads it drops clients and spins.

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

enum { STACK_SIZE = 128 * 1024 };

static void *serve(void *argument) {
    int fd = (int)(intptr_t)argument;
    char inbox[READ_SIZE];
    ssize_t length;
    while ((length = recv(fd, inbox, sizeof inbox, 0)) > 0)
        if (send(fd, inbox, (size_t)length, 0) != length) break;
    close(fd);
    return NULL;
}

int main(int argc, char **argv) {
    int listener = peer_listen(argc, argv, "no library");
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);

    fcntl(listener, F_SETFL, 0); // from now on accept waits
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd != -1 &&
            pthread_create(&thread, &attributes, serve, (void *)(intptr_t)fd))
            close(fd);
    }
}
