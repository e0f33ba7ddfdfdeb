// poller.h: the kernel's waiting room, where one thread waits for many
// descriptors.
//
// poller_epoll.c is the poller of 04-epoll, poller_kqueue.c that of 05-kqueue;
// the build takes the one that the system has. A process has one poller. A
// descriptor is its own name: it goes in by poller_add(), comes out of
// poller_wait(), and closing it is enough to be forgotten.
//
// A descriptor is watched for one interest at a time, so it comes out at most
// once in a batch, and nothing that comes out can have been closed before in
// the same batch, unless you close something else than what came out.

#ifndef POLLER_H
#define POLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "connection.h"

enum { POLLER_BATCH = 64 };  // what one poller_wait() returns, at most
enum { POLLER_SIGNAL = -1 }; // comes out for SIGINT and SIGTERM

// Once, before the others. From now on SIGINT and SIGTERM come out of
// poller_wait(). With edge, a descriptor comes out when it becomes ready, not
// as long as it is. Ends the program if there is no poller to be had. See
// epoll_create(2) and signalfd(2), or kqueue(2).
void poller_open(bool edge);

// Watches a new descriptor: READABLE. False, with errno, if the kernel cannot
// (ENOMEM, ENOSPC). See epoll_ctl(2), kevent(2).
bool poller_add(int fd);

// Watches for another interest; NOTHING lets a descriptor rest. With edge, and
// also for the interest it had before, reports readiness that is still there.
// False, with errno, if the kernel cannot: never for READABLE and NOTHING.
bool poller_change(int fd, enum interest interest);

// Waits until something is ready, a signal arrives or it is until_ms by
// clock_ms(). Stores what is ready and returns how much, 0 if nothing. See
// epoll_wait(2), kevent(2).
int poller_wait(int ready[POLLER_BATCH], int64_t until_ms);

#endif
