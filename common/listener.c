#include "listener.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "log.h"
#include "net.h"

enum { PAUSE_MS = 1000, WARN_MS = 1000 };

struct listener *listeners;
int listener_count;

static struct {
    int64_t until_ms;  // when it ends, NEVER if there is none
    bool warned;       // since a connection was accepted
    int64_t warned_ms; // when the last warning was logged
    bool first_served; // a connection was accepted since the last rotation
} pausing = {.until_ms = NEVER, .warned_ms = -WARN_MS};

static bool set_option(int fd, int level, int option) {
    int yes = 1;
    return setsockopt(fd, level, option, &yes, sizeof yes) == 0;
}

// Returns the listening socket, or -1 with errno as the failed call set it.
static int listen_on(int family, const struct sockaddr *address,
                     socklen_t size) {
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd == -1) return -1;

    bool ready = true;
    // Without this a restart waits out the old connections' TIME_WAIT.
    if (family != AF_UNIX) ready = set_option(fd, SOL_SOCKET, SO_REUSEADDR);
    // Without this Nagle's algorithm holds an echo back until the one before it
    // is acknowledged. Accepted sockets inherit it: seen on Linux, FreeBSD and
    // NetBSD.
    if (family != AF_UNIX) ready &= set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    if (family == AF_INET6) ready &= set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    // The system cuts the backlog to the longest it allows. SOMAXCONN is only
    // the default from when the C library was built.
    if (ready && bind(fd, address, size) == 0 && listen(fd, INT_MAX) == 0)
        return fd;

    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

// The ADDRESS as the user typed it, fit for a log line.
static const char *shown(const struct address *address) {
    static char text[4 * ADDRESS_SIZE];
    return log_escape(text, sizeof text, address->text, strlen(address->text));
}

_Noreturn static void refuse(const struct address *address,
                             const char *reason) {
    log_always("error: cannot listen on %s: %s", shown(address), reason);
    exit(EXIT_FAILURE);
}

// A look-up can take many seconds, and 04 to 06 have already blocked SIGINT and
// SIGTERM. During the look-up these two signals end the program at once.
static int look_up(const struct address *address, struct addrinfo **found) {
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | (address->numeric ? AI_NUMERICHOST : 0),
    };
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &stop, &before);
    int failure = getaddrinfo(address->host, address->port, &hints, found);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return failure;
}

// Listens on the first of the host's addresses that can be bound. One that is
// in use ends the search: a second server on localhost must not end up on the
// other address family.
static int open_tcp(const struct address *address) {
    struct addrinfo *found;
    int fd = -1;

    int failure = look_up(address, &found);
    if (failure == EAI_SYSTEM) refuse(address, strerror(errno));
    if (failure) refuse(address, gai_strerror(failure));
    for (struct addrinfo *next = found; next; next = next->ai_next) {
        fd = listen_on(next->ai_family, next->ai_addr, next->ai_addrlen);
        if (fd != -1 || errno == EADDRINUSE) break;
    }
    int reason = errno;
    freeaddrinfo(found);
    if (fd == -1) refuse(address, strerror(reason));
    return fd;
}

// Why a Unix socket must not be removed (an errno), or 0 if no server listens
// on it.
static int probe(const struct sockaddr_un *name) {
    int reason = EADDRINUSE, fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd == -1) return errno;
    // Non-blocking, because a server with a full backlog is alive: Linux says
    // EAGAIN then. (macOS and the BSDs say ECONNREFUSED, so there a live server
    // that busy looks dead.)
    if (!net_set_nonblocking(fd))
        reason = errno;
    else if (connect(fd, (const struct sockaddr *)name, sizeof *name) == -1 &&
             errno == ECONNREFUSED)
        reason = 0;
    close(fd);
    return reason;
}

// Removes a Unix socket that no server listens on any more. Returns NULL, or
// why the path has to stay.
static const char *remove_stale(const struct sockaddr_un *name) {
    struct stat status;
    if (lstat(name->sun_path, &status) == -1) return strerror(errno);
    if (!S_ISSOCK(status.st_mode)) return "the path exists and is not a socket";

    int reason = probe(name);
    if (reason == 0 && unlink(name->sun_path) == -1) reason = errno;
    return reason ? strerror(reason) : NULL;
}

static int open_unix(const struct address *address) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    // address_parse() has checked the length.
    memcpy(name.sun_path, address->path, strlen(address->path));

    // Write permission on the path is permission to connect: this user only.
    mode_t mask = umask(S_IXUSR | S_IRWXG | S_IRWXO);
    int fd = listen_on(AF_UNIX, (struct sockaddr *)&name, sizeof name);
    if (fd == -1 && errno == EADDRINUSE) {
        const char *reason = remove_stale(&name);
        if (reason) refuse(address, reason);
        fd = listen_on(AF_UNIX, (struct sockaddr *)&name, sizeof name);
    }
    if (fd == -1) refuse(address, strerror(errno));
    umask(mask);
    return fd;
}

// Remembers which file the path names, so that no other is removed.
static void own_path(struct listener *listener, const char *path) {
    struct stat status;
    if (lstat(path, &status) == -1) return;
    listener->path = path;
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
}

static void log_listening(int fd, const struct address *address) {
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char name[ADDRESS_SIZE];

    if (address->path || getsockname(fd, (struct sockaddr *)&bound, &size))
        log_always("listening on %s", shown(address));
    else
        log_always("listening on %s",
                   address_name((struct sockaddr *)&bound, size, name));
}

void listeners_open(char **addresses, int count) {
    listeners = calloc((size_t)count, sizeof *listeners);
    if (listeners == NULL) die("cannot allocate the listeners");
    atexit(listeners_close);

    for (int i = 0; i < count; i++) {
        struct listener *listener = &listeners[listener_count];
        struct address address;
        address_parse(&address, addresses[i]);
        listener->fd = address.path ? open_unix(&address) : open_tcp(&address);
        if (address.path) own_path(listener, address.path);
        listener_count++;
        log_listening(listener->fd, &address);
        log_detail("[%d] is the listener", listener->fd);
    }
}

static void remove_path(const struct listener *listener) {
    struct stat status;
    if (listener->path && lstat(listener->path, &status) == 0 &&
        status.st_dev == listener->device && status.st_ino == listener->inode)
        unlink(listener->path);
}

void listeners_close(void) {
    for (int i = 0; i < listener_count; i++) {
        remove_path(&listeners[i]);
        close(listeners[i].fd);
    }
    free(listeners);
    listeners = NULL;
    listener_count = 0;
    pausing.until_ms = NEVER;
}

bool listener_is(int fd) {
    for (int i = 0; i < listener_count; i++)
        if (listeners[i].fd == fd) return true;
    return false;
}

int listener_accept(int fd) {
    int client = net_accept(fd);
    if (client == -1 && !net_should_retry()) listeners_warn();
    if (client == -1) return -1;
    pausing.warned = false;
    pausing.first_served = true;
    return client;
}

void listeners_warn(void) {
    int reason = errno;
    if (pausing.warned || clock_ms() < pausing.warned_ms + WARN_MS) return;
    log_always("warning: cannot accept: %s; pausing", strerror(reason));
    pausing.warned = true;
    pausing.warned_ms = clock_ms();
}

void listeners_pause(void) {
    pausing.until_ms = clock_ms() + PAUSE_MS;
}

bool listeners_paused(void) {
    return pausing.until_ms != NEVER;
}

int64_t listeners_paused_until_ms(void) {
    return pausing.until_ms;
}

bool listeners_pause_is_over(void) {
    return listeners_paused() && pausing.until_ms <= clock_ms();
}

void listeners_resume(void) {
    pausing.until_ms = NEVER;
    if (!pausing.first_served) return;
    pausing.first_served = false;

    struct listener first = listeners[0];
    for (int i = 1; i < listener_count; i++) listeners[i - 1] = listeners[i];
    listeners[listener_count - 1] = first;
}
