// libevent: its events, and our own reads and writes.
//
// An event is a descriptor, what it waits for and a callback. It is part of the
// client's own memory (event_assign), the listener is the library's
// (evconnlistener), and a change of interest is a change of event.

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>

#include "peer.h"

struct client {
    struct event event;
    enum next waits_for;
    struct unsent unsent;
};

static struct event_base *base;

static void close_client(struct client *client) {
    event_del(&client->event);
    close(event_get_fd(&client->event));
    free(client->unsent.bytes);
    free(client);
}

static void advance_client(int fd, short what, void *argument);

static void watch(struct client *client, int fd, enum next interest) {
    short event = interest == NEXT_READ ? EV_READ : EV_WRITE;
    client->waits_for = interest;
    event_assign(&client->event, base, fd, (short)(event | EV_PERSIST),
                 advance_client, client);
    if (event_add(&client->event, NULL) == -1) close_client(client);
}

static void advance_client(int fd, short what, void *argument) {
    struct client *client = argument;
    enum next next = peer_advance(fd, &client->unsent);
    (void)what;
    if (next == NEXT_CLOSE) {
        close_client(client);
    } else if (next != client->waits_for) {
        event_del(&client->event);
        watch(client, fd, next);
    }
}

static void accept_client(struct evconnlistener *listener, int fd,
                          struct sockaddr *address, int size, void *argument) {
    struct client *client = calloc(1, sizeof *client);
    (void)listener, (void)address, (void)size, (void)argument;
    if (client == NULL) abort();
    watch(client, fd, NEXT_READ);
}

int main(int argc, char **argv) {
    int fd = peer_listen(argc, argv);
    struct event_config *config = event_config_new();
    // Several changes of one descriptor in a turn are one system call.
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    base = event_base_new_with_config(config);
    evconnlistener_new(base, accept_client, NULL, 0, 0, fd);
    return event_base_dispatch(base);
}
