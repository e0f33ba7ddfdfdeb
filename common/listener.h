// listener.h: the sockets that clients connect to, and their rest.
//
// A process has one set of listeners: one for each ADDRESS, open from
// listeners_open() to listeners_close().
//
// When descriptors, memory or threads run out, a client stays in the backlog.
// A level-triggered listener is then ready all the time and nothing can be done
// about it: the loop would spin. So all listeners rest: they are not asked
// until a client leaves, or for a second. This module says for how long; the
// stage must not wait for a listener that rests.

#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "options.h"

struct listener {
    int fd;
    const char *path; // of a Unix socket: removed when it is closed
    dev_t device;     // of the path, as it was created: if somebody else put
    ino_t inode;      // something in its place, that is left alone
};

extern struct listener *listeners;
extern int listener_count;

// Listens on all addresses of the options and logs each; ends the program with
// status 1 and one line when that is impossible. A Unix path that nobody
// listens on any more is replaced. See socket(2), bind(2), listen(2), unix(7).
void listeners_open(const struct options *options);

// Closes them all, and removes the paths of Unix sockets.
void listeners_close(void);

// Whether fd is one of them.
bool listener_is(int fd);

// Takes a client that could not be kept before, or the next one off the
// backlog. On -1 it is time to rest, unless net_would_block(), and that only
// of a non-blocking listener.
int listener_accept(int fd);

// The listeners in turn: who is the first to be asked after a rest, when there
// may be one descriptor for all of them.
int listener_next(void);

// From now on they rest, for a second: the caller must not ask them. Warns of
// that and why (errno), once until a client can be kept again. If there was
// one, but no memory or no thread for it, it is given here and not lost: the
// next listener_accept() returns it. Else -1.
void listeners_rest(int client);

// A client has left, the rest may end.
void listeners_try_again(void);

// The clock_ms() at which the rest is over, NEVER if there is none.
int64_t listeners_rest_until_ms(void);

// Whether a rest has come to its end: true once, then they do not rest.
bool listeners_rested(void);

#endif
