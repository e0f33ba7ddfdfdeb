// 06-timeouts: nobody waits forever.
//
// Every client has a deadline, and whoever moves a byte gets a new one. All get
// the same time, so a queue of them is always sorted, and the loop sleeps until
// the first one. To stop takes one deadline more: until then, what was received
// is still sent back. The poller is now common/'s, that of 04 or 05 unchanged.

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "connection.h"
#include "deadlines.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "poller.h"

enum { ACCEPT_BATCH = 64 }; // more have to wait until the others had a turn
enum { EXPIRE_BATCH = 64, DRAIN_MS = 1000 };

static struct options options;
static int64_t stop_ms = NEVER; // once it stops: when it ends at the latest

static void watch_listeners(enum interest interest) {
    for (int i = 0; i < listener_count; i++)
        poller_change(listeners[i].fd, interest);
}

// From now, rounded up: the clock counts whole milliseconds.
static int64_t next_deadline_ms(void) {
    return clock_ms() + options.timeout_ms + 1;
}

static bool take_client(int fd) {
    if (!connection_reserve(fd) || !deadline_reserve(fd) || !poller_add(fd))
        return false;
    connection_open(fd);
    deadline_add(fd, next_deadline_ms());
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
    deadline_remove(client->fd);
    connection_close(client, reason);
    listeners_try_again();
}

static void advance_client(struct connection *client) {
    enum interest before = client->interest;
    connection_advance(client);
    if (client->moved) deadline_push(client->fd, next_deadline_ms());

    if (client->interest == NOTHING)
        close_client(client, connection_reason(client));
    else if (stop_ms != NEVER && client->interest == READABLE && !client->moved)
        close_client(client, "server stopping");
    else if (client->interest != before)
        if (!poller_change(client->fd, client->interest))
            close_client(client, strerror(errno));
}

static bool is_late(void) {
    return deadline_first_ms() <= clock_ms();
}

// Whoever is late gets a last try: after a long sleep of the whole program,
// bytes may be waiting.
static void expire_clients(void) {
    char reason[64];
    snprintf(reason, sizeof reason, "idle for %.15g s", options.timeout_s);

    for (int i = 0; i < EXPIRE_BATCH && is_late(); i++) {
        struct connection *client = connection_of(deadline_first());
        advance_client(client);
        if (client->open && !client->moved) close_client(client, reason);
    }
}

// The first signal lets what is on its way arrive, the second one ends that.
static void begin_stop(void) {
    stop_ms = stop_ms == NEVER ? clock_ms() + DRAIN_MS : 0;
    listeners_close();
}

// While it stops, everybody is asked for what they had sent before; whoever has
// nothing more is closed. True if somebody may have more.
static bool drain_clients(void) {
    bool more = false;
    for (int fd = 0; fd < connection_end(); fd++) {
        struct connection *client = connection_of(fd);
        if (client == NULL || client->interest != READABLE) continue;
        advance_client(client);
        more |= client->open && client->interest == READABLE;
    }
    return more;
}

static bool stopped(void) {
    if (stop_ms == NEVER) return false;
    return deadline_first() == NOBODY || stop_ms <= clock_ms();
}

static int64_t next_event_ms(void) {
    int64_t next_ms = stop_ms;
    if (deadline_first_ms() < next_ms) next_ms = deadline_first_ms();
    if (listeners_rest_until_ms() < next_ms)
        next_ms = listeners_rest_until_ms();
    return next_ms;
}

static void stop(void) {
    for (int fd = 0; fd < connection_end(); fd++)
        if (connection_of(fd))
            close_client(connection_of(fd), "server stopping");
    deadlines_free();
    connections_stopped();
}

int main(int argc, char **argv) {
    options = options_parse(argc, argv, TAKES_TIMEOUT | TAKES_ADDRESSES);
    bool draining = false;

    poller_open(false); // level-triggered
    listeners_open(&options);
    for (int i = 0; i < listener_count; i++)
        if (!net_set_nonblocking(listeners[i].fd) ||
            !poller_add(listeners[i].fd))
            die("cannot watch a listener");

    while (!stopped()) {
        int ready[POLLER_BATCH];
        int count = poller_wait(ready, draining ? 0 : next_event_ms());
        int signals = 0;

        for (int i = 0; i < count; i++) {
            if (ready[i] == POLLER_SIGNAL)
                signals++;
            else if (listener_is(ready[i]))
                accept_clients(ready[i]);
            else
                advance_client(connection_of(ready[i]));
        }
        expire_clients();
        while (signals-- > 0) begin_stop();
        draining = stop_ms != NEVER && drain_clients();
        if (listeners_rested()) {
            watch_listeners(READABLE);
            accept_clients(listener_next());
        }
    }
    stop();
}
