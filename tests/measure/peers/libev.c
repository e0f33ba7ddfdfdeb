// libev: its watchers, and our own accepts, reads and writes.
//
// A watcher is part of the client's own memory; to change what it waits for,
// it is stopped, modified and started. Changes of one turn are made together,
// just before the loop waits.

#define _GNU_SOURCE // accept4

#include <sys/socket.h>

#include <ev.h>

#include "peer.h"

struct client {
    ev_io io;
    enum next waits_for;
    struct unsent unsent;
};

static void watch(struct ev_loop *loop, struct client *client,
                  enum next interest) {
    client->waits_for = interest;
    ev_io_stop(loop, &client->io);
    ev_io_modify(&client->io, interest == NEXT_READ ? EV_READ : EV_WRITE);
    ev_io_start(loop, &client->io);
}

static void close_client(struct ev_loop *loop, struct client *client) {
    ev_io_stop(loop, &client->io);
    close(client->io.fd);
    free(client->unsent.bytes);
    free(client);
}

static void advance_client(struct ev_loop *loop, ev_io *io, int what) {
    struct client *client = (struct client *)io;
    enum next next = peer_advance(io->fd, &client->unsent);
    (void)what;
    if (next == NEXT_CLOSE)
        close_client(loop, client);
    else if (next != client->waits_for)
        watch(loop, client, next);
}

static void accept_clients(struct ev_loop *loop, ev_io *io, int what) {
    int fd;
    (void)what;
    while ((fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK)) != -1) {
        struct client *client = calloc(1, sizeof *client);
        if (client == NULL) abort();
        client->waits_for = NEXT_READ;
        ev_io_init(&client->io, advance_client, fd, EV_READ);
        ev_io_start(loop, &client->io);
    }
}

int main(int argc, char **argv) {
    int fd = peer_listen(argc, argv);
    struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO | EVFLAG_NOENV);
    ev_io listener;
    ev_io_init(&listener, accept_clients, fd, EV_READ);
    ev_io_start(loop, &listener);
    ev_run(loop, 0);
}
