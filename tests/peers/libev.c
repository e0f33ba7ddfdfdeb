// libev: its watchers, and our own accepts, reads and writes.
//
// A watcher is part of the client's own memory; to change what it waits for,
// it is stopped, modified and started. Changes of one turn are made together,
// just before the loop waits.

#define _GNU_SOURCE // accept4

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>

#include "peer.h"

#define TEXT(number)          #number
#define VERSION(major, minor) TEXT(major) "." TEXT(minor)

struct client {
    ev_io io;
    char *unsent; // NULL while the client keeps up
    size_t start, end;
};

static ev_io listener;
static ev_timer rest;
static char inbox[READ_SIZE];

static void close_client(struct ev_loop *loop, struct client *client) {
    ev_io_stop(loop, &client->io);
    close(client->io.fd);
    free(client->unsent);
    free(client);
}

static void watch(struct ev_loop *loop, struct client *client, int interest) {
    ev_io_stop(loop, &client->io);
    ev_io_modify(&client->io, interest);
    ev_io_start(loop, &client->io);
}

static int would_block(void) {
    return errno == EAGAIN || errno == EINTR;
}

static void send_unsent(struct ev_loop *loop, struct client *client) {
    ssize_t written = write(client->io.fd, client->unsent + client->start,
                            client->end - client->start);
    if (written == -1 && would_block()) return;
    if (written == -1) {
        close_client(loop, client);
        return;
    }
    client->start += (size_t)written;
    if (client->start < client->end) return;
    free(client->unsent);
    client->unsent = NULL;
    watch(loop, client, EV_READ);
}

static void keep_unsent(struct ev_loop *loop, struct client *client,
                        const char *bytes, size_t length) {
    client->unsent = malloc(length);
    if (client->unsent == NULL) {
        close_client(loop, client);
        return;
    }
    memcpy(client->unsent, bytes, length);
    client->start = 0;
    client->end = length;
    watch(loop, client, EV_WRITE);
}

static void echo(struct ev_loop *loop, struct client *client) {
    int fd = client->io.fd;
    ssize_t length = read(fd, inbox, sizeof inbox);
    if (length == -1 && would_block()) return;
    ssize_t written = length > 0 ? write(fd, inbox, (size_t)length) : -1;
    if (written == -1 && length > 0 && would_block()) written = 0;

    if (written == -1)
        close_client(loop, client);
    else if (written < length)
        keep_unsent(loop, client, inbox + written, (size_t)(length - written));
}

static void advance_client(struct ev_loop *loop, ev_io *io, int what) {
    struct client *client = (struct client *)io;
    (void)what;
    if (client->unsent)
        send_unsent(loop, client);
    else
        echo(loop, client);
}

static void take_client(struct ev_loop *loop, int fd) {
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        close(fd);
        return;
    }
    ev_io_init(&client->io, advance_client, fd, EV_READ);
    ev_io_start(loop, &client->io);
}

static void accept_clients(struct ev_loop *loop, ev_io *io, int what) {
    int fd;
    (void)what;
    while ((fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK)) != -1)
        take_client(loop, fd);
    if (would_block() || errno == ECONNABORTED) return;
    // Descriptors have run out: the listener would be ready for ever.
    ev_io_stop(loop, io);
    ev_timer_set(&rest, REST_S, 0);
    ev_timer_start(loop, &rest);
}

static void end_rest(struct ev_loop *loop, ev_timer *timer, int what) {
    (void)timer, (void)what;
    ev_io_start(loop, &listener);
}

int main(int argc, char **argv) {
    const char *version = VERSION(EV_VERSION_MAJOR, EV_VERSION_MINOR);
    int fd = peer_listen(argc, argv, version);
    struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO | EVFLAG_NOENV);
    ev_init(&rest, end_rest);
    ev_io_init(&listener, accept_clients, fd, EV_READ);
    ev_io_start(loop, &listener);
    ev_run(loop, 0);
}
