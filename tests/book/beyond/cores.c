// cores: one loop per core.
//
// The loop of 04, once in each of N processes. Each has a poller, clients and a
// listener of its own; all listeners have the same port (SO_REUSEPORT), and the
// kernel deals the clients out among them. Nothing is shared, so nothing is
// locked. The price: a client that was dealt to a busy loop waits there, even
// if another loop is idle.

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address.h"
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "poller.h"
#include "process.h"

#ifndef SO_REUSEPORT_LB // FreeBSD's name for what Linux does
#define SO_REUSEPORT_LB SO_REUSEPORT
#endif

// Where all loops listen. The first bind turns port 0 into a real one.
static struct sockaddr_storage name;
static socklen_t name_size;
static struct listener listener;
static int loop;

static void find_name(const char *text) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    struct address address;

    address_parse(&address, text);
    if (address.path ||
        getaddrinfo(address.host, address.port, &hints, &found)) {
        log_always("error: one loop per core needs HOST:PORT, not %s", text);
        exit(EXIT_FAILURE);
    }
    memcpy(&name, found->ai_addr, found->ai_addrlen);
    name_size = found->ai_addrlen;
    freeaddrinfo(found);
}

// One more listener on the same port. All of them must ask for that, and belong
// to the same user.
static int listen_too(void) {
    int yes = 1, fd = socket(name.ss_family, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT_LB, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&name, name_size) == -1 ||
        listen(fd, INT_MAX) == -1 || !net_set_nonblocking(fd) ||
        getsockname(fd, (struct sockaddr *)&name, &name_size) == -1)
        die("cannot listen");
    return fd;
}

static void pause_listener(void) {
    listeners_pause();
    poller_change(listener.fd, INTEREST_NONE);
}

static void resume_listener(void) {
    listeners_resume();
    poller_change(listener.fd, INTEREST_READ);
}

static void accept_client(void) {
    int fd = listener_accept(listener.fd);
    if (fd == -1) {
        if (!net_should_retry()) pause_listener();
        return;
    }
    log_event("[%d] belongs to loop %d", fd, loop);
    struct connection *client = connection_open(fd);
    if (client && !poller_add(fd)) connection_close(client, strerror(errno));
}

static void close_client(struct connection *client, const char *reason) {
    connection_close(client, reason);
    if (listeners_paused()) resume_listener();
}

static void advance_client(struct connection *client) {
    enum interest before = client->interest;
    connection_advance(client);

    if (client->interest == INTEREST_NONE)
        close_client(client, connection_reason(client));
    else if (client->interest != before)
        if (!poller_change(client->fd, client->interest))
            close_client(client, strerror(errno));
}

static void stop(void) {
    close(listener.fd);
    for (int fd = 0; fd < connection_end(); fd++)
        if (connection_of(fd))
            connection_close(connection_of(fd), "server stopping");
    connections_free();
}

// 04's main. It also stops when the parent is gone, because then no process has
// the other end of the pipe.
_Noreturn static void run_loop(int parent) {
    bool stopping = false;

    listeners = &listener;
    listener_count = 1;
    poller_open(false); // level-triggered
    if (!poller_add(listener.fd) || !poller_add(parent))
        die("cannot watch a listener");

    while (!stopping) {
        int ready[POLLER_BATCH];
        int count = poller_wait(ready, listeners_paused_until_ms());

        for (int i = 0; i < count; i++) {
            if (ready[i] == POLLER_SIGNAL || ready[i] == parent)
                stopping = true;
            else if (listener_is(ready[i]))
                accept_client();
            else
                advance_client(connection_of(ready[i]));
        }
        if (listeners_pause_is_over()) resume_listener();
    }
    stop();
    exit(EXIT_SUCCESS);
}

// The listener is the child's alone. If the parent kept it, clients would still
// be dealt to it when the child has ended.
static void start_loop(const int pipe_ends[2]) {
    listener.fd = listen_too();
    pid_t child = fork();
    if (child == -1) die("fork");
    if (child == 0) {
        close(pipe_ends[1]);
        run_loop(pipe_ends[0]);
    }
    close(listener.fd);
    log_always("loop %d is process %d", loop, (int)child);
}

// Waits for SIGINT or SIGTERM, or until no loop is left.
static void wait_for_the_end(const sigset_t *signals) {
    int signal;
    pid_t child;

    while (sigwait(signals, &signal) == 0 && signal == SIGCHLD) {
        while ((child = waitpid(-1, NULL, WNOHANG)) > 0)
            log_always("process %d has ended", (int)child);
        if (child == -1) return;
    }
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv, TAKES_WORKERS);
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    int loops = options.workers ? options.workers : cores;
    int pipe_ends[2];
    char shown[ADDRESS_SIZE];
    sigset_t signals;

    log_open(options.level);
    process_prepare();
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (pipe(pipe_ends) == -1) die("pipe");

    find_name(options.addresses[0]);
    for (loop = 1; loop <= loops; loop++) start_loop(pipe_ends);
    log_always("listening on %s",
               address_name((struct sockaddr *)&name, name_size, shown));
    wait_for_the_end(&signals);
    close(pipe_ends[1]);
    while (wait(NULL) > 0) {
    }
}
