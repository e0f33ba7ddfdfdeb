// sys/event.h: kqueue(2) for Linux, on top of epoll(7).
//
// Linux has no kqueue. With this directory on the include path, a program for
// macOS or a BSD finds this file when it includes <sys/event.h>, and
// kqueue_on_epoll.c does the work. On those systems the build leaves the
// directory out. What the functions mean is in their page kqueue(2). This is
// enough for this book's programs: it covers the filters and flags below.
//
// What it does not do:
// - data counts nothing: it is 1, or the error's number with EV_ERROR.
// - fflags, EV_RECEIPT, EV_DISPATCH and other filters.
// - Regular files: EPERM. An unconnected TCP socket reports EV_EOF.
// - Threads: all kqueues of a process belong to one thread.
//
// What differs from a BSD and macOS:
// - A descriptor whose two filters are enabled is edge-triggered if both have
//   EV_CLEAR, and then an edge of one reports the other, too, if it is ready.
//   With room for one event at a time, it is level-triggered.
// - EV_ENABLE is enough to report an EV_CLEAR event that is still ready; old
//   NetBSDs want EV_ADD | EV_ENABLE. EV_ADD | EV_DELETE is EV_DELETE.
// - A socket's own shutdown(SHUT_WR) doesn't make its EVFILT_WRITE EV_EOF.
// - A descriptor that was dup()ed, or that a child process has as well, keeps
//   its events when it's closed; delete them first. A kqueue is known by the
//   number that kqueue() returned, not by a dup() of it.
// - After fork() the child has the same kqueue, where a BSD's has none. What it
//   changes is changed for its parent, so it has to leave the kqueue alone.
// - EVFILT_SIGNAL takes a signal: it is no longer pending, where a BSD only
//   looks on. So of two kqueues one gets it, and one that was pending before
//   EV_ADD is reported, too. A program that blocks the signal first, adds it,
//   then looks at sigpending(2) once, misses none here or there.
// - EVFILT_SIGNAL blocks its signal in the calling thread, so that it isn't
//   delivered, and nothing unblocks it: EV_DELETE and close() leave that to the
//   program. Setting SIG_IGN discards one that is pending.
// - A timer's ident is at most INT_MAX. A wait ends after a day.
// - Each signal and each timer is a descriptor more than a BSD needs. When the
//   kqueue is closed they live on, until kqueue() returns the same number.
//
// What it costs: 40 bytes per descriptor, in a table as long as the highest
// number watched, and the kernel's memory for one epoll registration. A change
// is one epoll_ctl(2), one more if it is the first after the number was closed
// and given out again. A wait is one epoll_wait(2), for half as many
// descriptors as there is room for events, because one may be two. An event
// costs no call; a signal or a timer costs a read(2), and EV_ONESHOT is a
// change.

#ifndef LINUX_SYS_EVENT_H
#define LINUX_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

// Macros, as on the BSDs: programs ask with #ifdef which ones there are.
#define EVFILT_READ   (-1)
#define EVFILT_WRITE  (-2)
#define EVFILT_SIGNAL (-6)
#define EVFILT_TIMER  (-7) // data is its period in milliseconds

// What to do with the event.
#define EV_ADD     0x0001
#define EV_DELETE  0x0002
#define EV_ENABLE  0x0004
#define EV_DISABLE 0x0008

// How it behaves, from its first EV_ADD on.
#define EV_ONESHOT 0x0010
#define EV_CLEAR   0x0020

// What comes back.
#define EV_ERROR 0x4000
#define EV_EOF   0x8000

struct kevent {
    uintptr_t ident; // the descriptor, the signal's number or a timer's name
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

// Returns a new, close-on-exec kqueue for close(2) to end, or -1 and errno.
int kqueue(void);

// Applies the changes, in order, then waits for events unless a change failed.
// A NULL timeout waits for ever. Returns how many events it has filled in, 0
// when the time is over, or -1 and errno: EBADF, EINTR, EINVAL, or that of a
// change that failed with no room to report it.
int kevent(int fd, const struct kevent *changes, int change_count,
           struct kevent *events, int room, const struct timespec *timeout);

#endif
