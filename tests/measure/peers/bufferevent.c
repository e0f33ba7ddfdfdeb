// bufferevent: libevent reads and writes, too.
//
// Each client has an input and an output buffer of the library's, and the echo
// moves one to the other without a copy. The callbacks say that bytes came,
// that all went, and that it is over.

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "peer.h"

static struct event_base *base;

static void echo(struct bufferevent *client, void *argument) {
    struct evbuffer *output = bufferevent_get_output(client);
    (void)argument;
    bufferevent_write_buffer(client, bufferevent_get_input(client));
    // A client that does not read is not read from.
    if (evbuffer_get_length(output) >= READ_BUFFER_SIZE)
        bufferevent_disable(client, EV_READ);
}

static void when_sent(struct bufferevent *client, void *argument) {
    (void)argument;
    bufferevent_enable(client, EV_READ);
}

static void close_client(struct bufferevent *client, void *argument) {
    (void)argument;
    bufferevent_free(client);
}

static void when_over(struct bufferevent *client, short what, void *argument) {
    (void)argument;
    if ((what & BEV_EVENT_EOF) &&
        evbuffer_get_length(bufferevent_get_output(client)) > 0)
        bufferevent_setcb(client, NULL, close_client, when_over, NULL);
    else
        bufferevent_free(client);
}

static void accept_client(struct evconnlistener *listener, int fd,
                          struct sockaddr *address, int size, void *argument) {
    struct bufferevent *client =
        bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    (void)listener, (void)address, (void)size, (void)argument;
    if (client == NULL) {
        evutil_closesocket(fd);
        return;
    }
    bufferevent_set_max_single_read(client, READ_BUFFER_SIZE);
    bufferevent_set_max_single_write(client, READ_BUFFER_SIZE);
    bufferevent_setcb(client, echo, when_sent, when_over, NULL);
    bufferevent_enable(client, EV_READ | EV_WRITE);
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
