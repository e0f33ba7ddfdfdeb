// 05-kqueue: the same loop on macOS and the BSDs.
//
// kqueue gives the same answer in its own words: what you watch for is a filter
// on a descriptor, one call changes many filters, and a signal is a filter too.
// The price: waiting for something else means changing two filters.

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "connection.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "poller.h"
#include "process.h"

static struct options options;

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

static void accept_client(int listener) {
    if (options.edge) poller_change(listener, INTEREST_READ); // re-arm
    int fd = listener_accept(listener);
    if (fd == -1) {
        if (!net_should_retry()) pause_listeners();
        return;
    }
    struct connection *client = connection_open(fd);
    if (client && !poller_add(fd)) connection_close(client, strerror(errno));
}

static void close_client(struct connection *client, const char *reason) {
    connection_close(client, reason);
    if (listeners_paused()) resume_listeners();
}

static void advance_client(struct connection *client) {
    enum interest before = client->interest;
    connection_advance(client);

    if (client->interest == INTEREST_NONE)
        close_client(client, connection_reason(client));
    else if (client->interest != before || options.edge)
        if (!poller_change(client->fd, client->interest))
            close_client(client, strerror(errno));
}

static void stop(void) {
    listeners_close();
    for (int fd = 0; fd < connection_end(); fd++)
        if (connection_of(fd))
            connection_close(connection_of(fd), "server stopping");
    connections_free();
}

int main(int argc, char **argv) {
    options = options_parse(argc, argv, TAKES_EDGE | TAKES_ADDRESSES);
    log_open(options.level);
    process_prepare();
    poller_open(options.edge);
    listeners_open(options.addresses, options.address_count);
    for (int i = 0; i < listener_count; i++)
        if (!net_set_nonblocking(listeners[i].fd) ||
            !poller_add(listeners[i].fd))
            die("cannot watch a listener");

    for (bool stopping = false; !stopping;) {
        int ready[POLLER_BATCH];
        int count = poller_wait(ready, listeners_paused_until_ms());

        for (int i = 0; i < count; i++) {
            if (ready[i] == POLLER_SIGNAL)
                stopping = true;
            else if (listener_is(ready[i]))
                accept_client(ready[i]);
            else
                advance_client(connection_of(ready[i]));
        }
        if (listeners_pause_is_over()) resume_listeners();
    }
    stop();
}
