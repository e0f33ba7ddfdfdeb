// server.h: the server that is watched, as a child process, and its log.
//
// There is one. Whatever way the watcher ends, the server ends, too (after a
// SIGKILL only on Linux). Errors are errno's.

#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct server {
    pid_t pid;
    int log; // its stderr, to be read without waiting; -1 once it has ended
};

// Starts arguments[0]. On false there is no server. See fork(2), pipe(2).
bool server_start(struct server *server, char **arguments);

// Reads what the log holds now and hands it on, a line at a time, without its
// newline. False when the log has come to its end.
bool server_read(struct server *server, void line(const char *text));

// Asks the server to stop, reads its log to the end and waits for it; ends it
// by force if it takes longer than STOP_MS. Returns what waitpid(2) says of it.
int server_stop(struct server *server, void line(const char *text));

enum { STOP_MS = 3000 };

#endif
