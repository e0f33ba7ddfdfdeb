// sys/event.h: kqueue(2) for Linux, on top of epoll(7) and signalfd(2).
//
// Linux has no kqueue. A program written for a BSD or macOS includes
// <sys/event.h> all the same: with this directory on the include path it gets
// this file, and kqueue_on_epoll.c does the work. Elsewhere the build leaves
// the directory out and the system's own header is found. What the functions
// mean, and how errors come back, is in kqueue(2); FreeBSD's page is the model.
//
// Covered: EVFILT_READ, EVFILT_WRITE, EVFILT_SIGNAL with every flag below.
//
// What differs from a BSD, because Linux does:
// - Only what epoll can watch can be added: regular files and directories give
//   EPERM. A TCP socket that is not connected yet reports EV_EOF.
// - A descriptor that was dup()ed or inherited keeps its events when one copy
//   is closed; delete them first. A kqueue is known by the number kqueue()
//   gave, not by a dup() of it.
// - fflags stays 0. On Linux getsockopt(SO_ERROR), and recv() even with
//   MSG_PEEK, take a socket's pending error away: the program would not see
//   it any more. read(2) and write(2) still tell.
// - data is at least 1 where the kernel does not tell: the backlog of a Unix
//   listener, a terminal's room. A socket's room counts its buffer's overhead.
// - EVFILT_SIGNAL blocks its signal in the calling thread, so that a handler
//   does not run; threads started later inherit that. Pending signals of one
//   kind are one signal, so data is mostly 1. One kqueue gets a signal, not
//   all that watch it. EV_DELETE unblocks it again; one still pending is then
//   delivered as usual.
// - EV_ADD enables an event that was disabled, as the manual page says. The
//   kernels themselves leave it disabled: write EV_ADD | EV_ENABLE.
// - No locks: all kqueues of a process belong to one thread.
// - A kqueue has two descriptors more than its own: a program must not close
//   what it did not open. After close() of a kqueue they live on, and its
//   signals stay blocked, until the next kqueue().
//
// What it costs: 16 bytes for each descriptor and filter, in a table as long
// as the highest number watched. A change is one epoll_ctl (re-adding, two). A
// wait is one epoll_wait, one more if EVFILT_WRITE has events, and brings 256
// events at most. Each event costs an ioctl for data (two system calls for a
// TCP listener and for EVFILT_WRITE, two reads for a signal), and an epoll_ctl
// if it is EV_ONESHOT or EV_DISPATCH. A program that does not look at data is
// compiled with -DKQUEUE_NO_DATA: then data is 1, and costs nothing.

#ifndef LINUX_SYS_EVENT_H
#define LINUX_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

// For programs that must know whether this is the real one.
#define KQUEUE_ON_EPOLL 1

// Macros, as on the BSDs: programs ask with #ifdef which ones there are.
#define EVFILT_READ   (-1)
#define EVFILT_WRITE  (-2)
#define EVFILT_SIGNAL (-6)

// What to do with the event.
#define EV_ADD     0x0001
#define EV_DELETE  0x0002
#define EV_ENABLE  0x0004
#define EV_DISABLE 0x0008

// How it behaves.
#define EV_ONESHOT  0x0010
#define EV_CLEAR    0x0020
#define EV_RECEIPT  0x0040
#define EV_DISPATCH 0x0080

// What comes back.
#define EV_ERROR 0x4000
#define EV_EOF   0x8000

struct kevent {
    uintptr_t ident; // the descriptor, or the signal's number
    short filter;
    unsigned short flags;
    unsigned int fflags;
    intptr_t data;
    void *udata;
};

// Fills in *event. Each argument is evaluated once.
#define EV_SET(event, ident_, filter_, flags_, fflags_, data_, udata_)         \
    (*(event) = (struct kevent){                                               \
         .ident = (uintptr_t)(ident_),                                         \
         .filter = (short)(filter_),                                           \
         .flags = (unsigned short)(flags_),                                    \
         .fflags = (unsigned int)(fflags_),                                    \
         .data = (intptr_t)(data_),                                            \
         .udata = (udata_),                                                    \
     })

#ifdef KQUEUE_NO_DATA
#define kqueue kqueue_without_data
#endif

// Returns a new, close-on-exec kqueue for close(2) to end, or -1 and errno.
int kqueue(void);

// Applies the changes, in order, then waits for events unless a change failed
// or asked for a receipt. A NULL timeout waits for ever. Returns how many
// events it has filled in, 0 when the time is over, or -1 and errno: EBADF,
// EINTR, EINVAL, or that of a change that failed with no room to report it.
int kevent(int fd, const struct kevent *changes, int change_count,
           struct kevent *events, int room, const struct timespec *timeout);

#endif
