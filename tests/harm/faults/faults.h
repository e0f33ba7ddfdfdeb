// faults.h: the functions whose calls faults.so can make fail.
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
//    clock_gettime, signal, sigprocmask, sigpending, kill, getrlimit, umask,
//    sleep
//        fail for wrong arguments only, or not at all
//    connect
//        probes a Unix path at start; any error but ECONNREFUSED means "leave
//        it alone", and that is tested in command-line.bats
//    pthread_cond_wait, pthread_cond_signal, pthread_mutex_lock,
//    pthread_mutex_unlock, pthread_attr_init, pthread_attr_destroy,
//    pthread_attr_setdetachstate, pthread_attr_setstacksize
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

#endif
