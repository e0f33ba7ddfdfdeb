// server.h: the server under test, as a child process, and what it costs.

#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
    pid_t pid;
    int log; // its stderr, to be read without waiting
};

struct cost {
    int descriptors, threads;
    long memory_kb; // its own: code and libraries are not counted
    int64_t cpu_ms;
};

// Starts arguments[0] with a limit of descriptors. Ends the program if that is
// impossible; and whenever the program ends, so does the server.
struct server server_start(char **arguments, int limit);

// False if /proc does not say, because there is none or the server is gone.
bool server_cost(const struct server *server, struct cost *cost);

// Waits until it has ended. Returns its exit status, minus the signal's number
// if it was one. See waitpid(2).
int server_wait(struct server *server);

#endif
