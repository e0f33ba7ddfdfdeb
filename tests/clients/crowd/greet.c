#include "greet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "net.h"
#include "poller.h"
#include "slots.h"

enum { LINE_SIZE = 64, PATIENCE_MS = 20 * 1000 };

struct guest {
    int number; // 0 when this slot is free
    bool greeted;
    size_t length;
    char line[LINE_SIZE]; // what it has heard so far
};

static struct guest *guests; // indexed by descriptor
static int room, present, answered;

static void leave(int fd) {
    guests[fd].number = 0;
    present--;
    close(fd);
}

static void fail(int fd, const char *reason) {
    fprintf(stderr, "client %d: %s\n", guests[fd].number, reason);
    leave(fd);
}

static void arrive(const struct load *load, int number) {
    int fd = clients_connect(load, number);
    if (fd == -1) {
        fprintf(stderr, "client %d: cannot connect to %s: %s\n", number,
                load->server_name, strerror(errno));
        return;
    }
    guests = slots_reserve(guests, sizeof *guests, &room, fd);
    if (guests == NULL) die("no memory for client %d", number);
    guests[fd] = (struct guest){.number = number};
    present++;
    if (!poller_add(fd) || !poller_change(fd, WRITABLE))
        die("cannot watch client %d", number);
}

static void say_hello(int fd) {
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof line, "Hello from client %d\n",
                          guests[fd].number);
    // So few bytes always find room in a new socket, all of them.
    if (write(fd, line, (size_t)length) != length) {
        fail(fd, strerror(errno));
        return;
    }
    guests[fd].greeted = true;
    poller_change(fd, READABLE);
}

static void hear(int fd) {
    struct guest *guest = &guests[fd];
    ssize_t length =
        read(fd, guest->line + guest->length, LINE_SIZE - 1 - guest->length);
    if (length == -1 && net_would_block()) return;
    if (length <= 0) {
        fail(fd, length == 0 ? "no answer" : strerror(errno));
        return;
    }
    guest->length += (size_t)length;
    char *end = memchr(guest->line, '\n', guest->length);
    if (end == NULL && guest->length < LINE_SIZE - 1) return;

    if (end) *end = '\0';
    printf("client %d heard: %s\n", guest->number, guest->line);
    fflush(stdout);
    answered++;
    leave(fd);
}

// The next one comes, or patience with those who wait ends.
static int64_t next_event_ms(int64_t next_ms, bool all_are_here) {
    return all_are_here ? next_ms + PATIENCE_MS : next_ms;
}

bool greet(const struct load *load, double every_s) {
    int64_t every_ms = (int64_t)(every_s * 1000), next_ms = clock_ms();
    int came = 0;
    poller_open(false);

    while (came < load->clients || present > 0) {
        int ready[POLLER_BATCH];
        bool all = came == load->clients;
        int count = poller_wait(ready, next_event_ms(next_ms, all));
        for (int i = 0; i < count; i++) {
            if (ready[i] == POLLER_SIGNAL) return false;
            if (guests[ready[i]].greeted)
                hear(ready[i]);
            else
                say_hello(ready[i]);
        }
        if (clock_ms() < next_event_ms(next_ms, all)) continue;
        if (all) break;
        arrive(load, ++came);
        next_ms += every_ms;
    }
    if (present > 0)
        fprintf(stderr, "%d client%s got no answer in %d s\n", present,
                plural((uint64_t)present), PATIENCE_MS / 1000);
    return answered == load->clients;
}
