// 04-epoll: the kernel says who is ready.
//
// epoll keeps the list of descriptors that 03 walks, and wakes the loop with
// those that can move: the work grows with who is ready, not with who is
// connected. Signals come the same way. The price: one call more whenever the
// interest of a client changes, and only Linux has it.

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"

enum { ACCEPT_BATCH = 64 }; // more have to wait until the others had a turn
enum { POLLER_BATCH = 64, POLLER_SIGNAL = -1 };

static int poller, signals;
static uint32_t trigger; // EPOLLET with --edge

static bool watch(int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(poller, operation, fd, &event) == 0;
}

static void poller_open(bool edge) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    // Blocked, a signal waits until it is read, like bytes.
    sigprocmask(SIG_BLOCK, &stop, NULL);

    trigger = edge ? EPOLLET : 0;
    signals = signalfd(-1, &stop, SFD_NONBLOCK);
    poller = epoll_create1(0);
    if (poller == -1 || signals == -1 ||
        !watch(EPOLL_CTL_ADD, signals, EPOLLIN))
        die("cannot open the poller");
}

static bool poller_add(int fd) {
    return watch(EPOLL_CTL_ADD, fd, EPOLLIN | trigger);
}

static bool poller_change(int fd, enum interest interest) {
    static const uint32_t events[] = {
        [NOTHING] = 0, [READABLE] = EPOLLIN, [WRITABLE] = EPOLLOUT};
    return watch(EPOLL_CTL_MOD, fd, events[interest] | trigger);
}

static int take_signal(void) {
    struct signalfd_siginfo info;
    log_detail("a signal has come");
    while (read(signals, &info, sizeof info) == -1 && errno == EINTR) {
    }
    return POLLER_SIGNAL;
}

static int poller_wait(int ready[POLLER_BATCH], int64_t until_ms) {
    struct epoll_event events[POLLER_BATCH];
    log_detail("waiting in epoll_wait");
    int left_ms = clock_left_ms(until_ms);
    int count = epoll_wait(poller, events, POLLER_BATCH, left_ms);
    if (count == -1 && errno != EINTR) die("epoll_wait");

    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        if (fd != signals) log_detail("[%d] is ready", fd);
        ready[i] = fd == signals ? take_signal() : fd;
    }
    return count > 0 ? count : 0;
}

static void watch_listeners(enum interest interest) {
    for (int i = 0; i < listener_count; i++)
        poller_change(listeners[i].fd, interest);
}

static bool take_client(int fd) {
    if (!connection_reserve(fd) || !poller_add(fd)) return false;
    connection_open(fd);
    return true;
}

static void accept_clients(int listener) {
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int fd = listener_accept(listener);
        if (fd == -1 && net_would_block()) return;
        if (fd == -1 || !take_client(fd)) {
            listeners_rest(fd);
            watch_listeners(NOTHING);
            return;
        }
    }
    poller_change(listener, READABLE); // if there are more, report them again
}

static void close_client(struct connection *client, const char *reason) {
    connection_close(client, reason);
    listeners_try_again();
}

static void advance_client(struct connection *client) {
    enum interest before = client->interest;
    connection_advance(client);

    if (client->interest == NOTHING)
        close_client(client, connection_reason(client));
    else if (client->interest != before || trigger)
        if (!poller_change(client->fd, client->interest))
            close_client(client, strerror(errno));
}

static void stop(void) {
    listeners_close();
    for (int fd = 0; fd < connection_end(); fd++)
        if (connection_of(fd))
            close_client(connection_of(fd), "server stopping");
    connections_stopped();
}

int main(int argc, char **argv) {
    struct options options =
        options_parse(argc, argv, TAKES_EDGE | TAKES_ADDRESSES);
    bool stopping = false;

    poller_open(options.edge);
    listeners_open(&options);
    for (int i = 0; i < listener_count; i++)
        if (!net_set_nonblocking(listeners[i].fd) ||
            !poller_add(listeners[i].fd))
            die("cannot watch a listener");

    while (!stopping) {
        int ready[POLLER_BATCH];
        int count = poller_wait(ready, listeners_rest_until_ms());

        for (int i = 0; i < count; i++) {
            if (ready[i] == POLLER_SIGNAL)
                stopping = true;
            else if (listener_is(ready[i]))
                accept_clients(ready[i]);
            else
                advance_client(connection_of(ready[i]));
        }
        if (listeners_rested()) {
            watch_listeners(READABLE);
            accept_clients(listener_next());
        }
    }
    stop();
}
