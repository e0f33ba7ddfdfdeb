// faults.h: what faults.so counts, and the page on which it says so.
//
// What `nm -u` finds in the six servers is of three kinds.
//
// 1. FAULT_FUNCTIONS, below. The walk makes each of their calls fail, one after
//    the other, with every errno that the manual page allows there. Some are
//    there for readers' own servers: ours do not call accept4, sendto,
//    recvfrom, send, select or epoll_pwait.
//
// 2. What can fail, but is left alone, and why:
//
//    clock_gettime, signal, sigprocmask, getrlimit, umask, sleep
//        fail for wrong arguments only, or not at all
//    connect
//        probes a Unix path at start; any error but ECONNREFUSED means "leave
//        it alone", and that is tested in command-line.bats
//    pthread_cond_wait, pthread_cond_timedwait, pthread_cond_signal,
//    pthread_mutex_lock, pthread_mutex_unlock, pthread_attr_init,
//    pthread_attr_destroy, pthread_attr_setdetachstate,
//    pthread_attr_setstacksize
//        fail for wrong arguments only
//    epoll_ctl, but for EPOLL_CTL_ADD of what was not there
//        the kernel has all that it needs, and cannot fail
//
// 3. What makes no system call of its own, like strlen or snprintf. What libc
//    calls inside (malloc in getaddrinfo) is counted, its own system calls are
//    not: they do not pass by here.
//
// faults.bats compares these lists with what `nm -u` says.

#ifndef FAULTS_H
#define FAULTS_H

#include <stdatomic.h>

#define FAULT_FUNCTIONS(X)                                                     \
    X(accept)                                                                  \
    X(accept4)                                                                 \
    X(bind)                                                                    \
    X(calloc)                                                                  \
    X(close)                                                                   \
    X(epoll_create1)                                                           \
    X(epoll_ctl)                                                               \
    X(epoll_pwait)                                                             \
    X(epoll_wait)                                                              \
    X(fcntl)                                                                   \
    X(getaddrinfo)                                                             \
    X(getnameinfo)                                                             \
    X(getsockname)                                                             \
    X(getsockopt)                                                              \
    X(ioctl)                                                                   \
    X(listen)                                                                  \
    X(lstat)                                                                   \
    X(malloc)                                                                  \
    X(open)                                                                    \
    X(poll)                                                                    \
    X(pthread_create)                                                          \
    X(read)                                                                    \
    X(realloc)                                                                 \
    X(recv)                                                                    \
    X(recvfrom)                                                                \
    X(select)                                                                  \
    X(send)                                                                    \
    X(sendto)                                                                  \
    X(setrlimit)                                                               \
    X(setsockopt)                                                              \
    X(signalfd)                                                                \
    X(socket)                                                                  \
    X(unlink)                                                                  \
    X(write)

#define FAULT_NUMBER(name) CALL_##name,
enum function { FAULT_FUNCTIONS(FAULT_NUMBER) FUNCTION_COUNT };

#define FAULT_NAME(name) #name,
#define FAULT_NAMES                                                            \
    { FAULT_FUNCTIONS(FAULT_NAME) }

enum { UNIX_PEER = -1 }; // in the place of a port

// Mapped by the program and by whoever started it, so that it can be read at
// any time, and after any end.
struct report {
    atomic_int loaded;      // the program has the library in it
    atomic_int port;        // of the first TCP socket that listens
    atomic_int at_work;     // it has waited for clients, the start is over
    atomic_int hits;        // how many calls were made to fail
    atomic_int hit_at_work; // one of them was after the start
    atomic_int hit_fd;      // what the last of them was about, -1 if nothing
    atomic_int hit_port;    // the peer's port, if that was a connection
    atomic_int hit_error;   // its errno, 0 if it was only short
    atomic_uint calls[FUNCTION_COUNT];
};

#endif
