#include "greet.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"
#include "log.h"

enum { LINE_SIZE = 64, PATIENCE_MS = 20 * 1000 };

struct guest {
    struct client client;
    bool greeted;
    size_t length;
    char line[LINE_SIZE]; // what it has heard so far
};

// polls[i].fd is -1 when guest i is not there.
static struct guest *guests;
static struct pollfd *polls;
static int present, answered;

static void leave(int index) {
    client_close(&guests[index].client);
    polls[index].fd = -1;
    present--;
}

static void fail(int index, const char *reason) {
    fprintf(stderr, "client %d: %s\n", index + 1, reason);
    leave(index);
}

static void arrive(int index) {
    struct client *client = &guests[index].client;
    polls[index].fd = -1;
    if (!client_begin(client, (size_t)index + 1)) {
        fprintf(stderr, "client %d: %s\n", index + 1, engine_trouble());
        return;
    }
    present++;
    polls[index] = (struct pollfd){.fd = client->fd, .events = POLLOUT};
}

static void say_hello(int index) {
    char line[LINE_SIZE];
    int length =
        snprintf(line, sizeof line, "Hello from client %d\n", index + 1);
    struct client *client = &guests[index].client;
    client->text = line;
    client->period = (size_t)length;
    client->start = 0;
    // So few bytes always find room in a new socket, all of them.
    if (!client_finish(client) || client_send(client, client->period) == -1) {
        fail(index, engine_trouble());
        return;
    }
    guests[index].greeted = true;
    polls[index].events = POLLIN;
}

// Not client_hear(): what is wrong is to be shown, too.
static void hear(int index) {
    struct guest *guest = &guests[index];
    ssize_t length = read(guest->client.fd, guest->line + guest->length,
                          LINE_SIZE - 1 - guest->length);
    if (length == -1 && engine_should_retry()) return;
    if (length <= 0) {
        fail(index, "no answer");
        return;
    }
    guest->length += (size_t)length;
    guest->client.heard = guest->length;
    char *end = memchr(guest->line, '\n', guest->length);
    if (end == NULL && guest->length < LINE_SIZE - 1) return;

    if (end) *end = '\0';
    printf("client %d heard: %s\n", index + 1, guest->line);
    fflush(stdout);
    answered++;
    leave(index);
}

bool greet(int clients, double every_s) {
    int64_t every_ms = (int64_t)(every_s * 1000), next_ms = clock_ms();
    int came = 0;
    guests = calloc((size_t)clients, sizeof *guests);
    polls = calloc((size_t)clients, sizeof *polls);
    if (guests == NULL || polls == NULL) die("no memory for the clients");

    while (came < clients || present > 0) {
        // The next one comes, or patience with those who wait ends.
        int64_t until_ms = came < clients ? next_ms : next_ms + PATIENCE_MS;
        poll(polls, (nfds_t)came, clock_left_ms(until_ms));
        for (int i = 0; i < came; i++) {
            if (polls[i].fd == -1 || polls[i].revents == 0) continue;
            if (guests[i].greeted)
                hear(i);
            else
                say_hello(i);
        }
        if (clock_ms() < until_ms) continue;
        if (came == clients) break;
        arrive(came++);
        next_ms += every_ms;
    }
    if (present > 0)
        fprintf(stderr, "%d client%s got no answer in %d s\n", present,
                plural((uint64_t)present), PATIENCE_MS / 1000);
    return answered == clients;
}
