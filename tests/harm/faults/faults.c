// faults.c: makes calls fail in a program that knows nothing of it.
//
//     LD_PRELOAD=build/tests/faults.so FAULT=write:17:ECONNRESET
//     04-epoll/server
//
// FAULT is one FUNCTION:WHEN:WHAT, or several separated by commas. FUNCTION is
// one of those below. WHEN counts the calls since the program started:
//
//     17        the 17th call
//     17+3      the 17th and the two after it
//     5%42      5 of 100 calls, chosen by the seed 42
//
// WHAT is what these calls do:
//
//     EIO ...   nothing; they return with that errno (or EAI_MEMORY ...)
//     one       read or write one byte
//     foreign   getaddrinfo: before what it finds it puts 192.0.2.1, an address
//               that no machine has (RFC 5737)
//     both      the same with ::1
//     hang      getaddrinfo never returns
//
// FAULT_REPORT names a file for what happens, one line each: "loaded"; "port
// N", a TCP socket listens there; "waits", the first call that waits for
// clients; "hit NAME N", that call was made to fail, and the errno in words.
// Without a FAULT, "call NAME" for each. All other calls go to libc at once.
//
// Not here are functions that fail for wrong arguments only, like
// pthread_mutex_lock, and connect, which probes a Unix path at start: any error
// but ECONNREFUSED means "leave it alone". Some are here for readers' own
// servers: ours do not call accept4, recv, send or select.
//
// It needs a dynamic linker that knows LD_PRELOAD and RTLD_NEXT: Linux and the
// BSDs. In programs that are linked statically or make system calls without
// libc (Go), it sees nothing: `strace -e inject=write:error=EIO:when=17` does.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/signalfd.h>
#endif

#ifndef RTLD_NEXT // glibc has it for _GNU_SOURCE only, and accept() changes
                  // then
#define RTLD_NEXT ((void *)-1L)
#endif

enum { FAULTS_MAX = 16, HITS_MAX = 1000, HIGH_DESCRIPTOR = 200 };
enum effect { NONE, FAIL, ONE, FOREIGN, BOTH, HANG };

static struct fault {
    char function[32];
    unsigned first, count; // calls
    unsigned percent, seed;
    enum effect effect;
    int error;
} faults[FAULTS_MAX];

static int fault_count;
static int report = -1; // a descriptor
static bool begun;      // main() runs
static atomic_uint hits;

static const struct {
    const char *name;
    enum effect effect;
    int error;
} effects[] = {
#define ERROR(name)                                                            \
    { #name, FAIL, name }
    ERROR(EACCES),     ERROR(EADDRINUSE), ERROR(EADDRNOTAVAIL),
    ERROR(EAGAIN),     ERROR(EBADF),      ERROR(ECONNABORTED),
    ERROR(ECONNRESET), ERROR(EINTR),      ERROR(EINVAL),
    ERROR(EIO),        ERROR(EMFILE),     ERROR(ENETDOWN),
    ERROR(ENFILE),     ERROR(ENOBUFS),    ERROR(ENODEV),
    ERROR(ENOENT),     ERROR(ENOMEM),     ERROR(ENOSPC),
    ERROR(EPERM),      ERROR(EPIPE),      ERROR(EPROTO),
    ERROR(ETIMEDOUT),  ERROR(EAI_AGAIN),  ERROR(EAI_FAIL),
    ERROR(EAI_MEMORY), ERROR(EAI_NONAME), ERROR(EAI_SYSTEM),
    {"one", ONE, 0},   {"both", BOTH, 0}, {"foreign", FOREIGN, 0},
    {"hang", HANG, 0},
};

// What libc calls inside (malloc in getaddrinfo) passes by here, too; its own
// system calls do not.
static void *find_next(const char *name) {
    // dlsym() may want memory itself, and copes when there is none.
    static _Thread_local bool searching;
    if (searching) return NULL;
    searching = true;
    void *found = dlsym(RTLD_NEXT, name);
    searching = false;
    return found;
}

// Declares next, the function of libc that ours stands before.
#define FIND_NEXT(name)                                                        \
    static __typeof__(name) *next;                                             \
    static atomic_uint calls;                                                  \
    if (next == NULL) *(void **)&next = find_next(#name)

// Adds a line to the report. It neither asks for memory nor changes errno.
__attribute__((format(printf, 1, 2))) static void tell(const char *format,
                                                       ...) {
    static __typeof__(write) *libc_write;
    if (report == -1) return;
    int before = errno;
    char line[160];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (!libc_write) *(void **)&libc_write = find_next("write");
    if (libc_write(report, line, (size_t)length) == -1) report = -1;
    errno = before;
}

static bool parse_what(struct fault *fault, const char *what) {
    for (size_t i = 0; i < sizeof effects / sizeof *effects; i++) {
        if (strcmp(what, effects[i].name) != 0) continue;
        fault->effect = effects[i].effect;
        fault->error = effects[i].error;
        return true;
    }
    return false;
}

static bool parse_when(struct fault *fault, const char *when) {
    char end;
    fault->count = 1;
    if (sscanf(when, "%u%%%u%c", &fault->percent, &fault->seed, &end) == 2)
        return true;
    fault->percent = 0;
    if (sscanf(when, "%u+%u%c", &fault->first, &fault->count, &end) == 2)
        return true;
    return sscanf(when, "%u%c", &fault->first, &end) == 1;
}

static void parse_fault(struct fault *fault, const char *text) {
    char when[32], what[32];
    if (sscanf(text, "%31[^:]:%31[^:]:%31[^,]", fault->function, when, what) ==
            3 &&
        parse_when(fault, when) && parse_what(fault, what))
        return;
    fprintf(stderr, "FAULT: '%s' is not FUNCTION:WHEN:WHAT\n", text);
    _exit(2);
}

// Far above the program's own descriptors, if its limit allows that.
static void open_report(const char *path) {
    int mode = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    int fd = open(path, mode, S_IRUSR | S_IWUSR);
    report = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
    if (report != -1)
        close(fd);
    else
        report = fd;
}

// Before main(): what was called until now was not the program's doing.
__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("FAULT"), *path = getenv("FAULT_REPORT");
    while (text && *text && fault_count < FAULTS_MAX) {
        parse_fault(&faults[fault_count++], text);
        text = strchr(text, ',');
        if (text) text++;
    }
    if (path) open_report(path);
    begun = true;
    tell("loaded\n");
}

// --- whether a call is to fail -----------------------------------------------

// The same calls for the same seed, whatever other threads do meanwhile.
static unsigned dice(unsigned seed, unsigned call) {
    uint64_t state = seed * UINT64_C(1000003) + call;
    state = state * 6364136223846793005 + 1442695040888963407;
    return (unsigned)(state >> 33) % 100;
}

static bool falls_on(const struct fault *fault, unsigned call) {
    if (fault->percent > 0) return dice(fault->seed, call) < fault->percent;
    return call >= fault->first && call - fault->first < fault->count;
}

// Counts a call, and says what is to become of it. If it is to fail, errno is
// set.
static enum effect strike(const char *name, atomic_uint *calls, int fd) {
    if (!begun) return NONE;
    unsigned call = atomic_fetch_add(calls, 1) + 1;
    // A program that calls one of these has nothing left to prepare.
    static const char waits[] = "accept4 poll select epoll_wait";
    static atomic_bool waited;
    if (strstr(waits, name) && !atomic_exchange(&waited, true)) tell("waits\n");
    if (fault_count == 0) tell("call %s\n", name);

    for (const struct fault *fault = faults; fault < faults + fault_count;
         fault++) {
        if (strcmp(fault->function, name) != 0 || !falls_on(fault, call))
            continue;
        if (atomic_fetch_add(&hits, 1) < HITS_MAX)
            tell("hit %s %u [%d]: %s\n", name, call, fd,
                 fault->effect != FAIL ? "another way"
                 : fault->error > 0    ? strerror(fault->error)
                                       : gai_strerror(fault->error));
        if (fault->effect == FAIL) errno = fault->error;
        return fault->effect;
    }
    return NONE;
}

// --- the functions -----------------------------------------------------------

// The C libraries of Linux give these types in words of their own.
#if defined __linux__ && !defined __GLIBC__
typedef int request_type;
typedef int resource_type;
#elif defined __linux__
typedef unsigned long request_type;
typedef __rlimit_resource_t resource_type;
#else
typedef unsigned long request_type;
#endif

#define FAILS(name) (strike(#name, &calls, -1) == FAIL)

// Functions that fail or do not, and what they return then.
#define RETURNING(failure, type, name, parameters, arguments)                  \
    type name parameters {                                                     \
        FIND_NEXT(name);                                                       \
        return next == NULL || FAILS(name) ? (failure) : next arguments;       \
    }
#define PLAIN(name, parameters, arguments)                                     \
    RETURNING(-1, int, name, parameters, arguments)

// Functions that move bytes, and may move fewer than they were asked to.
#define MOVING(name, parameters, arguments)                                    \
    ssize_t name parameters {                                                  \
        FIND_NEXT(name);                                                       \
        enum effect effect = strike(#name, &calls, fd);                        \
        if (effect == FAIL) return -1;                                         \
        if (effect == ONE && size > 1) size = 1;                               \
        return next arguments;                                                 \
    }

// Functions with an argument that may be missing. It is passed on as it comes.
#define VARIADIC(name, first_type, second_type)                                \
    int name(first_type first, second_type second, ...) {                      \
        FIND_NEXT(name);                                                       \
        va_list arguments;                                                     \
        va_start(arguments, second);                                           \
        void *third = va_arg(arguments, void *);                               \
        va_end(arguments);                                                     \
        return FAILS(name) ? -1 : next(first, second, third);                  \
    }

MOVING(read, (int fd, void *bytes, size_t size), (fd, bytes, size))
MOVING(write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
MOVING(recv, (int fd, void *bytes, size_t size, int flags),
       (fd, bytes, size, flags))
MOVING(send, (int fd, const void *bytes, size_t size, int flags),
       (fd, bytes, size, flags))

RETURNING(NULL, void *, malloc, (size_t size), (size))
RETURNING(NULL, void *, calloc, (size_t count, size_t size), (count, size))
RETURNING(NULL, void *, realloc, (void *old, size_t size), (old, size))

RETURNING(errno, int, getnameinfo,
          (const struct sockaddr *address, socklen_t size, char *host,
           socklen_t host_size, char *port, socklen_t port_size, int flags),
          (address, size, host, host_size, port, port_size, flags))
RETURNING(errno, int, pthread_create,
          (pthread_t * thread, const pthread_attr_t *attributes,
           void *run(void *), void *argument),
          (thread, attributes, run, argument))

VARIADIC(open, const char *, int)
VARIADIC(fcntl, int, int)
VARIADIC(ioctl, int, request_type)

PLAIN(accept, (int fd, struct sockaddr *peer, socklen_t *size),
      (fd, peer, size))
PLAIN(bind, (int fd, const struct sockaddr *address, socklen_t size),
      (fd, address, size))
PLAIN(getsockname, (int fd, struct sockaddr *address, socklen_t *size),
      (fd, address, size))
PLAIN(getsockopt, (int fd, int level, int option, void *value, socklen_t *size),
      (fd, level, option, value, size))
PLAIN(setsockopt,
      (int fd, int level, int option, const void *value, socklen_t size),
      (fd, level, option, value, size))
PLAIN(socket, (int family, int type, int protocol), (family, type, protocol))
PLAIN(lstat, (const char *path, struct stat *status), (path, status))
PLAIN(unlink, (const char *path), (path))
PLAIN(poll, (struct pollfd * list, nfds_t count, int ms), (list, count, ms))
PLAIN(select,
      (int end, fd_set *readers, fd_set *writers, fd_set *others,
       struct timeval *timeout),
      (end, readers, writers, others, timeout))

#ifdef __linux__
int accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags);
PLAIN(accept4, (int fd, struct sockaddr *peer, socklen_t *size, int flags),
      (fd, peer, size, flags))
PLAIN(setrlimit, (resource_type resource, const struct rlimit *limit),
      (resource, limit))
PLAIN(signalfd, (int fd, const sigset_t *signals, int flags),
      (fd, signals, flags))
PLAIN(epoll_create1, (int flags), (flags))
PLAIN(epoll_wait, (int fd, struct epoll_event *events, int room, int ms),
      (fd, events, room, ms))
// Only a descriptor that is new to the poller takes memory, so only such a call
// can fail for want of it, and only such calls are counted.
int epoll_ctl(int poller, int operation, int fd, struct epoll_event *event) {
    FIND_NEXT(epoll_ctl);
    int result = next(poller, operation, fd, event);
    if (operation != EPOLL_CTL_ADD || result == -1) return result;
    if (!FAILS(epoll_ctl)) return 0;

    int error = errno;
    next(poller, EPOLL_CTL_DEL, fd, event);
    errno = error;
    return -1;
}
#endif

int listen(int fd, int backlog) {
    FIND_NEXT(listen);
    if (FAILS(listen)) return -1;
    int result = next(fd, backlog);

    struct sockaddr_in own;
    socklen_t size = sizeof own;
    static __typeof__(getsockname) *name_of;
    if (!name_of) *(void **)&name_of = find_next("getsockname");
    if (result == 0 && name_of(fd, (struct sockaddr *)&own, &size) == 0 &&
        own.sin_family != AF_UNIX)
        tell("port %d\n", ntohs(own.sin_port));
    return result;
}

// A close() that fails has closed the descriptor all the same. See close(2).
int close(int fd) {
    FIND_NEXT(close);
    bool fails = FAILS(close);
    int error = errno;
    int result = next(fd);
    if (!fails) return result;
    errno = error;
    return -1;
}

int getaddrinfo(const char *host, const char *port,
                const struct addrinfo *hints, struct addrinfo **found) {
    FIND_NEXT(getaddrinfo);
    enum effect effect = strike("getaddrinfo", &calls, -1);
    if (effect == FAIL) {
        int failure = errno;
        errno = EMFILE; // what EAI_SYSTEM refers to
        return failure;
    }
    if (effect == HANG)
        for (;;) pause();
    if (effect == NONE) return next(host, port, hints, found);
    const char *first = effect == BOTH ? "::1" : "192.0.2.1";
    int failure = next(first, port, hints, found);
    return failure ? failure : next(host, port, hints, &(*found)->ai_next);
}
