#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

enum { BACKLOG_NAP_MS = 10 };

const char *waiting_for = "the address";

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void fail_client(const struct client *client) {
    fail("connection %zu: %s", client->number, engine_trouble());
}

double seconds_since(uint64_t then_ns) {
    return (double)(clock_ns() - then_ns) / 1e9;
}

// --- waiting -----------------------------------------------------------------

void wait_ready(struct pollfd *polls, size_t count, int timeout_ms,
                const char *what) {
    waiting_for = what;
    while (poll(polls, (nfds_t)count, timeout_ms) == -1)
        if (errno != EINTR) fail("poll: %s", strerror(errno));
}

int await(const struct client *client, short events, int timeout_ms,
          const char *what) {
    static char context[160];
    struct pollfd poll = {.fd = client->fd, .events = events};
    snprintf(context, sizeof context,
             "%s (connection %zu: sent %zu bytes, heard %zu)", what,
             client->number, client->sent, client->heard);
    wait_ready(&poll, 1, timeout_ms, context);
    return poll.revents;
}

bool read_line(char *line, int size) {
    waiting_for = "a line on stdin";
    if (fgets(line, size, stdin) == NULL) return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

// What is typed there does not matter, only that it ends.
bool stdin_ended(void) {
    char ignored[256];
    return read(STDIN_FILENO, ignored, sizeof ignored) <= 0;
}

// --- connecting --------------------------------------------------------------

struct client begin_connecting(size_t number) {
    struct client client;
    while (!client_begin(&client, number)) {
        if (errno != EAGAIN) fail("%s", engine_trouble());
        // Linux's Unix sockets do not queue for a place in a full backlog.
        wait_ready(NULL, 0, BACKLOG_NAP_MS, "a place in the backlog");
    }
    return client;
}

void finish_connecting(struct client *client) {
    struct pollfd poll = {.fd = client->fd, .events = POLLOUT};
    wait_ready(&poll, 1, -1, "the connection to be established");
    if (!client_finish(client)) fail("%s", engine_trouble());
    client->heard_ns = clock_ns();
}

struct client connect_client(size_t number) {
    struct client client = begin_connecting(number);
    finish_connecting(&client);
    return client;
}

// --- bytes -------------------------------------------------------------------

size_t send_some(struct client *client, size_t total) {
    ssize_t taken = client_send(client, total);
    if (taken == -1) fail_client(client);
    return (size_t)taken;
}

bool hear(struct client *client) {
    enum hearing heard = client_hear(client);
    if (heard == HEARD_ERROR || heard == HEARD_WRONG) fail_client(client);
    return heard != HEARD_END;
}

void hear_more(struct client *client) {
    if (!hear(client)) fail_client(client);
}

// Errors show in read().
void advance(struct client *client, int revents, size_t total) {
    if (revents & ~POLLOUT) hear_more(client);
    if (revents & POLLOUT) send_some(client, total);
}

void send_and_read(struct client *client, size_t total) {
    while (client->sent < total) {
        int revents = await(client, POLLIN | POLLOUT, -1,
                            "the server to read or to echo");
        advance(client, revents, total);
    }
}

void send_unread(struct client *client, size_t total) {
    while (client->sent < total) {
        int revents = await(client, POLLOUT, STUCK_MS, "the server to read");
        if (send_some(client, total) == 0 && revents == 0) return;
    }
}

void read_rest(struct client *client) {
    while (client->heard < client->sent) {
        await(client, POLLIN, -1, "the echo");
        hear_more(client);
    }
}

void half_close_and_read(struct client *client) {
    client_half_close(client);
    do {
        await(client, POLLIN, -1, "the server to close");
    } while (hear(client));
    if (client->heard < client->sent) fail_client(client);
}

double say_text(size_t number, const char *text) {
    struct client client = connect_client(number);
    client.text = text;
    client.period = strlen(text);
    client.start = 0;

    uint64_t before_ns = clock_ns();
    send_and_read(&client, client.period);
    read_rest(&client);
    client_close(&client);
    return (double)(client.heard_ns - before_ns) / 1e9;
}
