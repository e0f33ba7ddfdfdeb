#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
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

enum { REST_MS = 1000, NOBODY = -1 };

struct listener *listeners;
int listener_count;

static int64_t rest_until_ms = NEVER;
static int kept = NOBODY; // accepted, but there was no room for it
static bool accepted;     // the last listener_accept() returned a client
static bool warned, waiting;

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
    // Clients inherit this: an echo must not wait until the one before it was
    // acknowledged. See tcp(7).
    if (family != AF_UNIX) ready &= set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    if (family == AF_INET6) ready &= set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (ready && bind(fd, address, size) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;

    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

_Noreturn static void refuse(const struct address *address,
                             const char *reason) {
    log_always("error: cannot listen on %s: %s", address->text, reason);
    exit(EXIT_FAILURE);
}

static int open_tcp(const struct address *address) {
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | (address->numeric ? AI_NUMERICHOST : 0),
    };
    struct addrinfo *found;
    int fd = -1;

    int failure = getaddrinfo(address->host, address->port, &hints, &found);
    if (failure == EAI_SYSTEM) refuse(address, strerror(errno));
    if (failure) refuse(address, gai_strerror(failure));
    for (struct addrinfo *next = found; next && fd == -1; next = next->ai_next)
        fd = listen_on(next->ai_family, next->ai_addr, next->ai_addrlen);
    int reason = errno;
    freeaddrinfo(found);
    if (fd == -1) refuse(address, strerror(reason));
    return fd;
}

// Why a Unix socket may not be removed (errno): 0 if nobody listens on it.
static int probe(const struct sockaddr_un *name) {
    int reason = EADDRINUSE, fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd == -1) return errno;
    // Non-blocking, because a server with a full backlog is alive. (Linux says
    // EAGAIN then. The BSDs say ECONNREFUSED: there it must not be that busy.)
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
    if (!S_ISSOCK(status.st_mode)) return "the path exists and is no socket";

    int reason = probe(name);
    if (reason == 0 && unlink(name->sun_path) == -1) reason = errno;
    return reason ? strerror(reason) : NULL;
}

static int open_unix(const struct address *address) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    // Its length has been checked.
    memcpy(name.sun_path, address->path, strlen(address->path));

    // Whoever may write to the path may connect: nobody but this user.
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

// Remembers whose path it is, so that only this one will be removed.
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
        log_always("listening on %s", address->text);
    else
        log_always("listening on %s",
                   address_name((struct sockaddr *)&bound, size, name));
}

void listeners_open(const struct options *options) {
    listeners = calloc((size_t)options->address_count, sizeof *listeners);
    if (listeners == NULL) die("no room for the listeners");
    atexit(listeners_close);

    for (int i = 0; i < options->address_count; i++) {
        struct listener *listener = &listeners[listener_count];
        struct address address;
        address_parse(&address, options->addresses[i]);
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
    if (kept != NOBODY) {
        log_closed(kept, "server stopping", 0);
        close(kept);
    }
    free(listeners);
    listeners = NULL;
    listener_count = 0;
    kept = NOBODY;
    rest_until_ms = NEVER;
}

bool listener_is(int fd) {
    for (int i = 0; i < listener_count; i++)
        if (listeners[i].fd == fd) return true;
    return false;
}

// Linux says that descriptors have run out before it looks whether there is
// anybody to need one. If there is nobody, that is no failure: the listener
// goes on waiting as it does.
static bool nobody_waits(int fd) {
    int reason = errno;
    struct pollfd listener = {.fd = fd, .events = POLLIN};
    bool nobody = poll(&listener, 1, 0) == 0;
    errno = reason;
    return nobody;
}

static int wait_for_somebody(int fd) {
    if (fcntl(fd, F_GETFL) & O_NONBLOCK) {
        errno = EAGAIN;
        return -1;
    }
    struct pollfd listener = {.fd = fd, .events = POLLIN};
    while (poll(&listener, 1, -1) == -1 && errno == EINTR) {
    }
    return net_accept(fd);
}

int listener_accept(int fd) {
    int client = kept;
    kept = NOBODY;
    if (accepted) warned = false; // the one before could be kept

    if (client == NOBODY) client = net_accept(fd);
    if (client == -1 && !net_would_block() && nobody_waits(fd))
        client = wait_for_somebody(fd);
    accepted = client != -1;

    bool would_block = client == -1 && net_would_block();
    if (would_block && !waiting) log_detail("accept would block");
    waiting = would_block; // said once, until somebody comes
    return client;
}

int listener_next(void) {
    static unsigned turn;
    return listeners[turn++ % (unsigned)listener_count].fd;
}

void listeners_rest(int client) {
    if (!warned)
        log_always("warning: cannot accept: %s; resting until a client leaves",
                   strerror(errno));
    warned = true;
    accepted = false;
    kept = client;
    rest_until_ms = clock_ms() + REST_MS;
}

void listeners_try_again(void) {
    if (rest_until_ms != NEVER) rest_until_ms = 0;
}

int64_t listeners_rest_until_ms(void) {
    return rest_until_ms;
}

bool listeners_rested(void) {
    if (rest_until_ms == NEVER || clock_ms() < rest_until_ms) return false;
    rest_until_ms = NEVER;
    return true;
}
