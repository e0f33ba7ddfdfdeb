// 06-timeouts: no client waits forever.
//
// Every client has a deadline, and each byte it moves buys it a new one. All
// clients get the same time, so a queue of deadlines is always sorted, and the
// loop sleeps until the first. Stopping is one more deadline: until then, what
// was received is still sent back. The poller is 04's or 05's, unchanged.

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
#include "process.h"

enum { STOP_MS = 1000, STOP_IDLE_MS = 100 };

static struct options options;
static int64_t allowed_ms;      // how long a client may stay idle
static char late_reason[64];    // why a late client is closed
static int64_t stop_ms = NEVER; // when to stop at the latest, once stopping

static void watch_listeners(enum interest interest) {
    for (int i = 0; i < listener_count; i++)
        poller_change(listeners[i].fd, interest);
}

static void pause_listeners(void) {
    listeners_pause();
    watch_listeners(INTEREST_NONE);
}

static void resume_listeners(void) {
    listeners_resume();
    watch_listeners(INTEREST_READ);
}

// Rounded up, because the clock counts whole milliseconds.
static int64_t next_deadline_ms(void) {
    return clock_ms() + allowed_ms + 1;
}

static void accept_client(int listener) {
    int fd = listener_accept(listener);
    if (fd == -1) {
        if (!net_should_retry()) pause_listeners();
        return;
    }
    struct connection *client = connection_open(fd);
    if (client && (!deadline_reserve(fd) || !poller_add(fd)))
        connection_close(client, strerror(errno));
    else if (client)
        deadline_add(fd, next_deadline_ms());
}

static void close_client(struct connection *client, const char *reason) {
    deadline_remove(client->fd);
    connection_close(client, reason);
    if (listeners_paused()) resume_listeners();
}

static void advance_client(struct connection *client) {
    enum interest before = client->interest;
    connection_advance(client);
    if (client->progressed) deadline_push(client->fd, next_deadline_ms());

    if (client->interest == INTEREST_NONE)
        close_client(client, connection_reason(client));
    else if (client->interest != before)
        if (!poller_change(client->fd, client->interest))
            close_client(client, strerror(errno));
}

// A late client gets one last try: if the whole program was suspended, its
// bytes may be waiting. While stopping, unsent bytes may wait until the very
// end.
static void expire_clients(void) {
    int64_t now_ms = clock_ms(); // new deadlines are later: the loop ends
    while (deadline_first_ms() <= now_ms) {
        struct connection *client = connection_of(deadline_first());
        advance_client(client);
        if (!client->open || client->progressed) continue;
        if (stop_ms != NEVER && client->interest == INTEREST_WRITE)
            deadline_push(client->fd, next_deadline_ms());
        else
            close_client(client, late_reason);
    }
}

// The first signal gives every client a little time to finish, the second none.
static void begin_stop(void) {
    listeners_close();
    allowed_ms = STOP_IDLE_MS;
    strcpy(late_reason, "server stopping");
    stop_ms = clock_ms() + (stop_ms == NEVER ? STOP_MS : 0);
    for (int fd = 0; fd < connection_end(); fd++)
        if (connection_of(fd)) deadline_push(fd, next_deadline_ms());
}

static bool stopped(void) {
    if (stop_ms == NEVER) return false;
    return deadline_first() == NO_CLIENT || stop_ms <= clock_ms();
}

static int64_t next_event_ms(void) {
    int64_t next_ms = stop_ms;
    if (deadline_first_ms() < next_ms) next_ms = deadline_first_ms();
    if (listeners_paused_until_ms() < next_ms)
        next_ms = listeners_paused_until_ms();
    return next_ms;
}

static void stop(void) {
    for (int fd = 0; fd < connection_end(); fd++)
        if (connection_of(fd))
            close_client(connection_of(fd), "server stopping");
    deadlines_free();
    connections_free();
}

int main(int argc, char **argv) {
    options = options_parse(argc, argv, TAKES_TIMEOUT | TAKES_ADDRESSES);
    log_open(options.level);
    process_prepare();
    poller_open(false); // level-triggered
    listeners_open(options.addresses, options.address_count);
    for (int i = 0; i < listener_count; i++)
        if (!net_set_nonblocking(listeners[i].fd) ||
            !poller_add(listeners[i].fd))
            die("cannot watch a listener");

    allowed_ms = options.timeout_ms;
    snprintf(late_reason, sizeof late_reason, "idle for %.15g s",
             options.timeout_s);

    while (!stopped()) {
        int ready[POLLER_BATCH];
        int count = poller_wait(ready, next_event_ms());
        int signals = 0;

        for (int i = 0; i < count; i++) {
            if (ready[i] == POLLER_SIGNAL)
                signals++;
            else if (listener_is(ready[i]))
                accept_client(ready[i]);
            else
                advance_client(connection_of(ready[i]));
        }
        expire_clients();
        while (signals-- > 0) begin_stop();
        if (listeners_pause_is_over()) resume_listeners();
    }
    stop();
}
