// liar: an echo server with faults, for tests that have to find them.
//
//     liar [FAULT] PORT
//
// Serves one client after the other on 127.0.0.1, as tutorials do that begin:
// it takes for granted that a call does all it was asked to. With a FAULT it is
// wrong, too, when it has echoed HONEST messages to a client:
//
//     wrong    one bit of one byte
//     extra    one byte too many
//     short    the last byte is lost
//     close    leaves without an answer

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HONEST = 4, MESSAGE_SIZE = 64 * 1024 };

static char message[MESSAGE_SIZE + 1];

// Spoils the message, and returns how long the answer is, 0 for none at all.
static size_t lie(const char *fault, size_t length) {
    if (strcmp(fault, "close") == 0) return 0;
    if (strcmp(fault, "short") == 0) return length - 1;
    if (strcmp(fault, "wrong") == 0) message[length / 2] ^= 1;
    if (strcmp(fault, "extra") != 0) return length;
    message[length] = '!';
    return length + 1;
}

static void serve(int client, const char *fault) {
    ssize_t length;
    for (int told = 0; (length = read(client, message, MESSAGE_SIZE)) > 0;
         told++) {
        size_t answer = (size_t)length;
        if (told == HONEST) answer = lie(fault, answer);
        if (answer == 0 || write(client, message, answer) == -1) return;
    }
}

static int listen_on(const char *port) {
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)atoi(port))};
    socklen_t size = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&name, size) == -1 ||
        listen(fd, SOMAXCONN) == -1 ||
        getsockname(fd, (struct sockaddr *)&name, &size) == -1) {
        perror("liar");
        exit(1);
    }
    fprintf(stderr, "%8.3f listening on 127.0.0.1:%d\n", 0.0,
            ntohs(name.sin_port));
    return fd;
}

int main(int argc, char **argv) {
    int listener = listen_on(argv[argc - 1]);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        serve(client, argc > 2 ? argv[1] : "");
        close(client);
    }
}
