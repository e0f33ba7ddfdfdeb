// libevent: its events, and our own reads and writes.
//
// An event is a descriptor, what it waits for and a callback. It is part of the
// client's own memory (event_assign), the listener is the library's
// (evconnlistener), and a change of interest is a change of event.

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>

#include "peer.h"

struct client {
    struct event event;
    char *unsent; // NULL while the client keeps up
    size_t start, end;
};

static struct event_base *base;
static char inbox[READ_SIZE];

static void close_client(struct client *client) {
    event_del(&client->event);
    close(event_get_fd(&client->event));
    free(client->unsent);
    free(client);
}

static void watch(struct client *client, int fd, short interest,
                  event_callback_fn callback) {
    event_assign(&client->event, base, fd, interest | EV_PERSIST, callback,
                 client);
    if (event_add(&client->event, NULL) == -1) close_client(client);
}

static int would_block(void) {
    return errno == EAGAIN || errno == EINTR;
}

static void when_readable(int fd, short what, void *argument);

static void when_writable(int fd, short what, void *argument) {
    struct client *client = argument;
    ssize_t written =
        write(fd, client->unsent + client->start, client->end - client->start);
    (void)what;
    if (written == -1 && would_block()) return;
    if (written == -1) {
        close_client(client);
        return;
    }
    client->start += (size_t)written;
    if (client->start < client->end) return;
    free(client->unsent);
    client->unsent = NULL;
    event_del(&client->event);
    watch(client, fd, EV_READ, when_readable);
}

static void keep_unsent(struct client *client, int fd, const char *bytes,
                        size_t length) {
    client->unsent = malloc(length);
    if (client->unsent == NULL) {
        close_client(client);
        return;
    }
    memcpy(client->unsent, bytes, length);
    client->start = 0;
    client->end = length;
    event_del(&client->event);
    watch(client, fd, EV_WRITE, when_writable);
}

static void when_readable(int fd, short what, void *argument) {
    struct client *client = argument;
    (void)what;
    ssize_t length = read(fd, inbox, sizeof inbox);
    if (length == -1 && would_block()) return;
    ssize_t written = length > 0 ? write(fd, inbox, (size_t)length) : -1;
    if (written == -1 && length > 0 && would_block()) written = 0;

    if (written == -1)
        close_client(client);
    else if (written < length)
        keep_unsent(client, fd, inbox + written, (size_t)(length - written));
}

static void accept_client(struct evconnlistener *listener, int fd,
                          struct sockaddr *address, int size, void *argument) {
    struct client *client = calloc(1, sizeof *client);
    (void)listener, (void)address, (void)size, (void)argument;
    if (client == NULL)
        close(fd);
    else
        watch(client, fd, EV_READ, when_readable);
}

static void end_rest(int fd, short what, void *listener) {
    (void)fd, (void)what;
    evconnlistener_enable(listener);
}

// Descriptors have run out: the library would ask again at once, for ever.
static void rest(struct evconnlistener *listener, void *argument) {
    (void)argument;
    evconnlistener_disable(listener);
    event_base_once(base, -1, EV_TIMEOUT, end_rest, listener,
                    &(struct timeval){.tv_sec = REST_S});
}

int main(int argc, char **argv) {
    int fd = peer_listen(argc, argv, event_get_version());
    struct event_config *config = event_config_new();
    // Several changes of one descriptor in a turn are one system call.
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    base = event_base_new_with_config(config);
    struct evconnlistener *listener =
        evconnlistener_new(base, accept_client, NULL, 0, 0, fd);
    evconnlistener_set_error_cb(listener, rest);
    return event_base_dispatch(base);
}
