// faults.c: makes calls fail in a program that knows nothing of it.
//
//     LD_PRELOAD=build/tests/faults.so FAULT=write:17:ECONNRESET
//     04-epoll/server
//
// FAULT is one FUNCTION:WHEN:WHAT, or several separated by commas. FUNCTION is
// one of those in faults.h. WHEN counts the calls since the program started:
//
//     17        the 17th call
//     17+3      the 17th and the two after it
//     5%42      5 of 100 calls, chosen by the seed 42
//
// WHAT is what these calls do:
//
//     EIO ...   nothing; they return with that errno (or EAI_MEMORY ...)
//     half      read or write half of what they could
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
// It needs a dynamic linker that knows LD_PRELOAD and RTLD_NEXT: Linux and the
// BSDs. In programs that are linked statically or make system calls without
// libc (Go), it sees nothing: `strace -e inject=write:error=EIO:when=17` does.

#include "faults.h"

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

enum { FAULTS_MAX = 16, WRONG_USAGE = 2 };
enum { HITS_MAX = 1000, HIGH_DESCRIPTOR = 200 };
enum effect { NONE, FAIL, HALF, ONE, FOREIGN, BOTH, HANG };

struct fault {
    int function;
    unsigned first, count; // calls
    unsigned percent, seed;
    enum effect effect;
    int error;
};

static struct fault faults[FAULTS_MAX];
static int fault_count;
static atomic_uint calls[FUNCTION_COUNT], hits;
static int report = -1; // a descriptor
static atomic_bool waited;

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
    if (!libc_write) *(void **)&libc_write = dlsym(RTLD_NEXT, "write");
    if (libc_write(report, line, (size_t)length) == -1) report = -1;
    errno = before;
}

// --- what FAULT says ---------------------------------------------------------

static const char *const functions[] = FAULT_NAMES;

static const struct {
    const char *name;
    int number;
} errors[] = {
#define ERROR(name)                                                            \
    { #name, name }
    ERROR(EACCES),     ERROR(EADDRINUSE),   ERROR(EADDRNOTAVAIL),
    ERROR(EAGAIN),     ERROR(EBADF),        ERROR(ECONNABORTED),
    ERROR(ECONNRESET), ERROR(EHOSTUNREACH), ERROR(EINTR),
    ERROR(EINVAL),     ERROR(EIO),          ERROR(EMFILE),
    ERROR(ENETDOWN),   ERROR(ENETUNREACH),  ERROR(ENFILE),
    ERROR(ENOBUFS),    ERROR(ENODEV),       ERROR(ENOENT),
    ERROR(ENOMEM),     ERROR(ENOSPC),       ERROR(EPERM),
    ERROR(EPIPE),      ERROR(EPROTO),       ERROR(ETIMEDOUT),
    ERROR(EAI_AGAIN),  ERROR(EAI_FAIL),     ERROR(EAI_MEMORY),
    ERROR(EAI_NONAME), ERROR(EAI_SYSTEM),
};

_Noreturn static void refuse(const char *text) {
    fprintf(stderr, "FAULT: '%s' is not FUNCTION:WHEN:WHAT\n", text);
    _exit(WRONG_USAGE);
}

static bool parse_what(struct fault *fault, const char *what) {
    static const struct {
        const char *name;
        enum effect effect;
        int function; // the only one that can do it, -1 for all
    } effects[] = {{"half", HALF, -1},
                   {"one", ONE, -1},
                   {"foreign", FOREIGN, CALL_getaddrinfo},
                   {"both", BOTH, CALL_getaddrinfo},
                   {"hang", HANG, CALL_getaddrinfo}};
    fault->effect = FAIL;
    for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
        if (strcmp(what, effects[i].name) == 0 &&
            (effects[i].function == -1 ||
             effects[i].function == fault->function))
            fault->effect = effects[i].effect;
    if (fault->effect != FAIL) return true;

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(what, errors[i].name) == 0) fault->error = errors[i].number;
    return fault->error != 0;
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
    char name[32], when[32], what[32];
    if (sscanf(text, "%31[^:]:%31[^:]:%31[^,]", name, when, what) != 3)
        refuse(text);
    fault->function = -1;
    for (int i = 0; i < FUNCTION_COUNT; i++)
        if (strcmp(name, functions[i]) == 0) fault->function = i;
    if (fault->function == -1 || !parse_when(fault, when) ||
        !parse_what(fault, what))
        refuse(text);
}

// Far above the program's own descriptors, if its limit allows that.
static void open_report(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                  S_IRUSR | S_IWUSR);
    if (fd == -1) {
        perror(path);
        _exit(EXIT_FAILURE);
    }
    report = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
    if (report == -1)
        report = fd;
    else
        close(fd);
}

// Before main(): what was called until now was not the program's doing.
__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("FAULT"), *path = getenv("FAULT_REPORT");
    struct fault parsed[FAULTS_MAX] = {0};
    int count = 0;
    for (; text && *text && count < FAULTS_MAX; count++) {
        parse_fault(&parsed[count], text);
        text = strchr(text, ',');
        if (text) text++;
    }
    if (path) open_report(path);
    memcpy(faults, parsed, sizeof faults);
    memset(calls, 0, sizeof calls);
    waited = false;
    fault_count = count;
    tell("loaded\n");
}

// --- whether a call is to fail -----------------------------------------------

// The same calls for the same seed, whatever other threads do meanwhile.
static unsigned dice(unsigned seed, unsigned call) {
    uint64_t mixed = ((uint64_t)seed << 32 | call) * 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93U;
    return (unsigned)((mixed ^ mixed >> 32) % 100);
}

static bool falls_on(const struct fault *fault, unsigned call) {
    if (fault->percent > 0) return dice(fault->seed, call) < fault->percent;
    return call >= fault->first && call - fault->first < fault->count;
}

// A program that calls one of these has nothing left to prepare.
static bool waits_for_clients(int function) {
    return function == CALL_accept || function == CALL_accept4 ||
           function == CALL_poll || function == CALL_select ||
           function == CALL_epoll_wait || function == CALL_epoll_pwait;
}

static void note_hit(const struct fault *fault, unsigned call, int fd) {
    if (atomic_fetch_add(&hits, 1) >= HITS_MAX) return;
    tell("hit %s %u [%d]: %s\n", functions[fault->function], call, fd,
         fault->effect != FAIL ? "another way"
         : fault->error > 0    ? strerror(fault->error)
                               : gai_strerror(fault->error));
}

// Counts a call, and says what is to become of it. If it is to fail, errno is
// set.
static enum effect strike(int function, int fd) {
    unsigned call = atomic_fetch_add(&calls[function], 1) + 1;
    if (waits_for_clients(function) && !atomic_exchange(&waited, true))
        tell("waits\n");
    if (fault_count == 0) tell("call %s\n", functions[function]);

    for (int i = 0; i < fault_count; i++) {
        if (faults[i].function != function) continue;
        if (!falls_on(&faults[i], call)) continue;
        note_hit(&faults[i], call, fd);
        if (faults[i].effect == FAIL) errno = faults[i].error;
        return faults[i].effect;
    }
    return NONE;
}

static size_t shortened(enum effect effect, size_t size) {
    if (effect == ONE && size > 1) return 1;
    return effect == HALF && size > 1 ? size / 2 : size;
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

// Declares next, the function of libc that ours stands before.
#define FIND_NEXT(name)                                                        \
    static __typeof__(name) *next;                                             \
    if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, #name)

#define FAILS(name) (strike(CALL_##name, -1) == FAIL)

// Functions that fail or do not, and return -1 then.
#define PLAIN(name, parameters, arguments)                                     \
    int name parameters {                                                      \
        FIND_NEXT(name);                                                       \
        return FAILS(name) ? -1 : next arguments;                              \
    }

// Functions that move bytes, and may move fewer than they were asked to.
#define MOVING(name, parameters, arguments)                                    \
    ssize_t name parameters {                                                  \
        FIND_NEXT(name);                                                       \
        enum effect effect = strike(CALL_##name, fd);                          \
        if (effect == FAIL) return -1;                                         \
        size = shortened(effect, size);                                        \
        return next arguments;                                                 \
    }

MOVING(read, (int fd, void *bytes, size_t size), (fd, bytes, size))
MOVING(write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
MOVING(recv, (int fd, void *bytes, size_t size, int flags),
       (fd, bytes, size, flags))
MOVING(send, (int fd, const void *bytes, size_t size, int flags),
       (fd, bytes, size, flags))
MOVING(recvfrom,
       (int fd, void *bytes, size_t size, int flags, struct sockaddr *from,
        socklen_t *length),
       (fd, bytes, size, flags, from, length))
MOVING(sendto,
       (int fd, const void *bytes, size_t size, int flags,
        const struct sockaddr *to, socklen_t length),
       (fd, bytes, size, flags, to, length))

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
PLAIN(epoll_pwait,
      (int poller, struct epoll_event *events, int room, int ms,
       const sigset_t *signals),
      (poller, events, room, ms, signals))

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

    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    static __typeof__(getsockname) *name_of;
    *(void **)&name_of = dlsym(RTLD_NEXT, "getsockname");
    if (result == 0 && name_of(fd, (struct sockaddr *)&own, &size) == 0 &&
        own.ss_family != AF_UNIX)
        tell("port %d\n", ntohs(((struct sockaddr_in *)&own)->sin_port));
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

int fcntl(int fd, int command, ...) {
    FIND_NEXT(fcntl);
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return FAILS(fcntl) ? -1 : next(fd, command, argument);
}

int ioctl(int fd, request_type request, ...) {
    FIND_NEXT(ioctl);
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return FAILS(ioctl) ? -1 : next(fd, request, argument);
}

int open(const char *path, int flags, ...) {
    FIND_NEXT(open);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) ? (mode_t)va_arg(arguments, int) : 0;
    va_end(arguments);
    return FAILS(open) ? -1 : next(path, flags, mode);
}

int getaddrinfo(const char *host, const char *port,
                const struct addrinfo *hints, struct addrinfo **found) {
    FIND_NEXT(getaddrinfo);
    enum effect effect = strike(CALL_getaddrinfo, -1);
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
    if (failure) return failure;
    return next(host, port, hints, &(*found)->ai_next);
}

int getnameinfo(const struct sockaddr *address, socklen_t size, char *host,
                socklen_t host_size, char *port, socklen_t port_size,
                int flags) {
    FIND_NEXT(getnameinfo);
    if (FAILS(getnameinfo)) return errno;
    return next(address, size, host, host_size, port, port_size, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *run(void *), void *argument) {
    FIND_NEXT(pthread_create);
    if (FAILS(pthread_create)) return errno;
    return next(thread, attributes, run, argument);
}

// --- memory ------------------------------------------------------------------

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
} memory;

// dlsym() may want memory itself, and copes when there is none. This happens
// before main(), so in one thread.
static bool found_memory(void) {
    static bool searching;
    if (memory.realloc) return true;
    if (searching) return false;
    searching = true;
    *(void **)&memory.malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&memory.calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&memory.realloc = dlsym(RTLD_NEXT, "realloc");
    return true;
}

void *malloc(size_t size) {
    if (!found_memory() || FAILS(malloc)) return NULL;
    return memory.malloc(size);
}

void *calloc(size_t count, size_t size) {
    if (!found_memory() || FAILS(calloc)) return NULL;
    return memory.calloc(count, size);
}

void *realloc(void *old, size_t size) {
    if (!found_memory() || FAILS(realloc)) return NULL;
    return memory.realloc(old, size);
}
