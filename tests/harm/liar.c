// liar: an echo server with one fault, for tests that have to find it.
//
//     liar FAULT [PORT]
//
// Serves one client after the other on 127.0.0.1, and is honest until it has
// echoed HONEST messages to one.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HONEST = 4, MESSAGE_SIZE = 64 * 1024 };

static char message[MESSAGE_SIZE + 1];

// What it does with a message, and how long the answer is, 0 for none at all.
static size_t answer_wrong(size_t length) {
    message[length / 2] ^= 1;
    return length;
}

static size_t answer_extra(size_t length) {
    message[length] = '!';
    return length + 1;
}

static size_t answer_short(size_t length) {
    return length - 1;
}

static size_t answer_close(size_t length) {
    (void)length;
    return 0;
}

static const struct fault {
    const char *name;
    size_t (*answer)(size_t length);
} faults[] = {
    {"wrong", answer_wrong}, // one bit of one byte
    {"extra", answer_extra}, // one byte too many
    {"short", answer_short}, // the last byte is lost
    {"close", answer_close}, // leaves without an answer
};

static void serve(int client, const struct fault *fault) {
    for (int told = 0;; told++) {
        ssize_t length = read(client, message, MESSAGE_SIZE);
        if (length <= 0) return;
        size_t answer =
            told == HONEST ? fault->answer((size_t)length) : (size_t)length;
        if (answer == 0 || write(client, message, answer) == -1) return;
    }
}

static const struct fault *find_fault(const char *name) {
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(faults[i].name, name) == 0) return &faults[i];
    fprintf(stderr, "liar: no such fault: %s\n", name);
    exit(2);
}

static int listen_on(const char *port) {
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)atoi(port))};
    socklen_t size = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&name, size) == -1 ||
        listen(fd, SOMAXCONN) == -1 ||
        getsockname(fd, (struct sockaddr *)&name, &size) == -1) {
        fprintf(stderr, "liar: %s\n", strerror(errno));
        exit(1);
    }
    fprintf(stderr, "%8.3f listening on 127.0.0.1:%d\n", 0.0,
            ntohs(name.sin_port));
    return fd;
}

int main(int argc, char **argv) {
    const struct fault *fault = find_fault(argc > 1 ? argv[1] : "");
    int listener = listen_on(argc > 2 ? argv[2] : "0");
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1) continue;
        serve(client, fault);
        close(client);
    }
}
