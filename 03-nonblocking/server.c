// 03-nonblocking: one thread, every client, no call that blocks.
//
// A non-blocking call returns at once, if need be with "not now" (EAGAIN), so
// one thread can ask every client in turn. The price: it never stops asking,
// and that takes a whole core. With --poll it sleeps until poll(2) finds a
// client ready; the price of that: every call hands over the whole list.

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "array.h"
#include "clock.h"
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "process.h"

// A round asks every client, so it accepts more than one new one.
enum { ACCEPT_BATCH = 64 };

// Everything to ask: first the listeners, then the clients.
static struct pollfd *list;
static int count, capacity;

static bool list_add(int fd) {
    struct pollfd *grown = array_reserve(list, sizeof *list, &capacity, count);
    if (grown == NULL) return false;
    list = grown;
    list[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    return true;
}

static void watch_listeners(enum interest interest) {
    for (int i = 0; i < listener_count; i++) {
        list[i].fd = listeners[i].fd; // they take turns
        list[i].events = interest == INTEREST_READ ? POLLIN : 0;
    }
}

static void pause_listeners(void) {
    listeners_pause();
    watch_listeners(INTEREST_NONE);
}

static void resume_listeners(void) {
    listeners_resume();
    watch_listeners(INTEREST_READ);
}

// False if no connection was waiting.
static bool accept_client(int listener) {
    int fd = listener_accept(listener);
    if (fd == -1) {
        if (!net_should_retry()) pause_listeners();
        return false;
    }
    struct connection *client = connection_open(fd);
    if (client && !list_add(fd)) connection_close(client, strerror(errno));
    return true;
}

static void close_client(struct pollfd *entry, const char *reason) {
    connection_close(connection_of(entry->fd), reason);
    *entry = list[--count]; // the last entry takes its place
    if (listeners_paused()) resume_listeners();
}

static void advance_client(struct pollfd *entry) {
    struct connection *client = connection_of(entry->fd);
    connection_advance(client);

    if (client->interest == INTEREST_NONE)
        close_client(entry, connection_reason(client));
    else
        entry->events = client->interest == INTEREST_WRITE ? POLLOUT : POLLIN;
}

// Marks which entries to ask: those poll(2) finds ready, or all of them.
static void find_ready(bool sleep) {
    if (sleep) {
        int left_ms = clock_left_ms(listeners_paused_until_ms());
        log_detail("waiting in poll");
        if (poll(list, (nfds_t)count, left_ms) != -1) return;
        if (errno == EINVAL) die("cannot poll %d descriptors", count);
    }
    for (int i = 0; i < count; i++) list[i].revents = list[i].events;
}

int main(int argc, char **argv) {
    struct options options =
        options_parse(argc, argv, TAKES_POLL | TAKES_ADDRESSES);
    log_open(options.level);
    process_prepare();
    listeners_open(options.addresses, options.address_count);
    for (int i = 0; i < listener_count; i++)
        if (!net_set_nonblocking(listeners[i].fd) || !list_add(listeners[i].fd))
            die("cannot watch a listener");

    for (;;) {
        int asked = count;
        find_ready(options.poll);

        for (int i = 0; i < listener_count; i++)
            for (int n = 0; n < ACCEPT_BATCH && list[i].revents; n++)
                if (!accept_client(list[i].fd)) break;
        // From the end: an entry that takes another's place has had its turn.
        for (int i = asked - 1; i >= listener_count; i--)
            if (list[i].revents) advance_client(&list[i]);
        if (listeners_pause_is_over()) resume_listeners();
    }
}
