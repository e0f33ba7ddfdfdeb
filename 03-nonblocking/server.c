// 03-nonblocking: one thread, all clients, no call that waits.
//
// A non-blocking call answers at once, if need be with "not now" (EAGAIN). So
// one thread can ask everybody in turn. The price: it never stops asking, and
// that takes a core. With --poll it sleeps until poll(2) knows of somebody who
// is ready; the price of that: the list of all is handed over at every call.

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>

#include "clock.h"
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "slots.h"

enum { ACCEPT_BATCH = 64 }; // more have to wait until the others had a turn

// Everybody there is to ask: the listeners first, then the clients.
static struct pollfd *list;
static int count, room;

static bool list_add(int fd) {
    struct pollfd *grown = slots_reserve(list, sizeof *list, &room, count);
    if (grown == NULL) return false;
    list = grown;
    list[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    return true;
}

static void watch_listeners(short events) {
    for (int i = 0; i < listener_count; i++) list[i].events = events;
}

static bool take_client(int fd) {
    if (!connection_reserve(fd) || !list_add(fd)) return false;
    connection_open(fd);
    return true;
}

static void accept_clients(int listener) {
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int fd = listener_accept(listener);
        if (fd == -1 && net_would_block()) return;
        if (fd == -1 || !take_client(fd)) {
            listeners_rest(fd);
            watch_listeners(0);
            return;
        }
    }
}

static void close_client(struct pollfd *entry, const char *reason) {
    connection_close(connection_of(entry->fd), reason);
    *entry = list[--count]; // the last one moves up
    listeners_try_again();
}

// True if there was something to do.
static bool advance_client(struct pollfd *entry) {
    struct connection *client = connection_of(entry->fd);
    connection_advance(client);

    if (client->interest == NOTHING)
        close_client(entry, connection_reason(client));
    else
        entry->events = client->interest == WRITABLE ? POLLOUT : POLLIN;
    return client->moved || !client->open;
}

// Marks who is to be asked: everybody, or those whom poll(2) finds ready.
static void find_ready(bool sleep) {
    if (sleep) log_detail("waiting in poll");
    int left_ms = clock_left_ms(listeners_rest_until_ms());
    bool found = sleep && poll(list, (nfds_t)count, left_ms) != -1;

    for (int i = 0; i < count; i++) {
        if (!found) list[i].revents = list[i].events;
        if (found && list[i].revents) log_detail("[%d] is ready", list[i].fd);
    }
}

// Says how many rounds were for nothing before one that was not.
static void count_round(bool useful, int clients) {
    static uint64_t wasted;
    if (useful && wasted > 0)
        log_detail("asked %d client%s %" PRIu64 " time%s for nothing", clients,
                   plural((uint64_t)clients), wasted, plural(wasted));
    wasted = useful ? 0 : wasted + 1;
}

int main(int argc, char **argv) {
    struct options options =
        options_parse(argc, argv, TAKES_POLL | TAKES_ADDRESSES);
    listeners_open(&options);
    for (int i = 0; i < listener_count; i++)
        if (!net_set_nonblocking(listeners[i].fd) || !list_add(listeners[i].fd))
            die("cannot watch a listener");

    for (;;) {
        int asked = count;
        find_ready(options.poll);

        for (int i = 0; i < listener_count; i++)
            if (list[i].revents) accept_clients(list[i].fd);
        bool useful = count > asked;
        // From the end: whoever moves up has had a turn.
        for (int i = asked - 1; i >= listener_count; i--)
            if (list[i].revents) useful |= advance_client(&list[i]);

        count_round(useful, asked - listener_count);
        if (listeners_rested()) {
            watch_listeners(POLLIN);
            accept_clients(listener_next());
        }
    }
}
