// 05-kqueue: the same loop on macOS and the BSDs.
//
// kqueue answers the question of epoll in its own words: what to watch for is a
// filter of a descriptor, one call changes many filters, and a signal is a
// filter, too. The price: who waits another way changes two filters.

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/event.h>
#include <time.h>

#include "clock.h"
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"

enum { ACCEPT_BATCH = 64 }; // more have to wait until the others had a turn
enum { POLLER_BATCH = 64, POLLER_SIGNAL = -1 };

static int poller;
static unsigned short trigger; // EV_CLEAR with --edge

static struct kevent change(int ident, short filter, unsigned short flags) {
    struct kevent event;
    EV_SET(&event, (uintptr_t)ident, filter, flags, 0, 0, 0);
    return event;
}

static void poller_open(bool edge) {
    struct kevent signals[] = {change(SIGINT, EVFILT_SIGNAL, EV_ADD),
                               change(SIGTERM, EVFILT_SIGNAL, EV_ADD)};
    trigger = edge ? EV_CLEAR : 0;
    poller = kqueue();
    if (poller == -1 || kevent(poller, signals, 2, NULL, 0, NULL) == -1)
        die("cannot open the poller");

    // kqueue sees even those signals come that the program ignores.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
}

static bool poller_add(int fd) {
    unsigned short flags = EV_ADD | trigger;
    // What the second one takes is taken now, while a client can still wait
    // for memory; and first, so that without it nothing is watched.
    struct kevent filters[] = {change(fd, EVFILT_WRITE, flags | EV_DISABLE),
                               change(fd, EVFILT_READ, flags)};
    return kevent(poller, filters, 2, NULL, 0, NULL) == 0;
}

static bool poller_change(int fd, enum interest interest) {
    unsigned short wanted = EV_ADD | EV_ENABLE | trigger;
    struct kevent filters[] = {
        change(fd, EVFILT_READ, interest == READABLE ? wanted : EV_DISABLE),
        change(fd, EVFILT_WRITE, interest == WRITABLE ? wanted : EV_DISABLE)};
    return kevent(poller, filters, 2, NULL, 0, NULL) == 0;
}

static int poller_wait(int ready[POLLER_BATCH], int64_t until_ms) {
    struct kevent events[POLLER_BATCH];
    log_detail("waiting in kevent");
    int left_ms = clock_left_ms(until_ms);
    struct timespec left = {left_ms / 1000, left_ms % 1000 * 1000000L};
    int count = kevent(poller, NULL, 0, events, POLLER_BATCH,
                       left_ms == -1 ? NULL : &left);
    if (count == -1 && errno != EINTR) die("kevent");

    for (int i = 0; i < count; i++) {
        int fd = (int)events[i].ident; // or the number of a signal
        bool is_signal = events[i].filter == EVFILT_SIGNAL;
        if (is_signal) log_detail("a signal has come");
        if (!is_signal) log_detail("[%d] is ready", fd);
        ready[i] = is_signal ? POLLER_SIGNAL : fd;
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
