// listener.h: the sockets that accept connections.
//
// A process has one set of listeners, one per ADDRESS, from listeners_open() to
// listeners_close().
//
// When descriptors run out, accept(2) fails and the connection stays in the
// backlog (on macOS, because net_accept() checks first). A level-triggered
// listener then stays ready and the loop would spin. So from 03 on it pauses:
// it stops watching its listeners until a client disconnects or a second has
// passed. (01 and 02 sleep for a second.)

#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct listener {
    int fd;
    const char *path; // of a Unix socket, removed at close; NULL for TCP
    dev_t device;     // of that path when it was created: if another program
    ino_t inode;      // has replaced it since, it is left alone
};

extern struct listener *listeners;
extern int listener_count;

// Listens on each ADDRESS and logs it. Exits with status 1 and one line on
// stderr if it can't. Replaces a Unix path that no server listens on any more.
// The strings must live as long as the listeners. See socket(2), bind(2),
// listen(2), getaddrinfo(3), unix(7).
void listeners_open(char **addresses, int count);

// Closes them all and removes the paths of Unix sockets.
void listeners_close(void);

// Whether fd is one of them.
bool listener_is(int fd);

// Takes the next connection from the backlog. Returns -1 with errno set if
// there is none; unless net_should_retry(), it is time to pause. See accept(2).
int listener_accept(int fd);

// Logs that connections can't be accepted, and why (errno): once until one is
// accepted again, and at most once a second.
void listeners_warn(void);

// Pauses for a second. The caller stops watching the listeners.
void listeners_pause(void);
bool listeners_paused(void);

// When the pause ends, in clock_ms() time, or NEVER.
int64_t listeners_paused_until_ms(void);

// Whether there is a pause and its second has passed.
bool listeners_pause_is_over(void);

// Ends the pause. The caller watches the listeners again, in their new order:
// they take turns being first, because a single free descriptor goes to the
// first.
void listeners_resume(void);

#endif
