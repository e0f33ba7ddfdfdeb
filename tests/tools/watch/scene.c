#include "scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

// Numbers above these are no log's.
enum { HIGHEST_FD = 1 << 24 };
#define HIGHEST_NUMBER INT64_C(1000000000000)

struct scene scene;

static void copy(char *to, size_t size, const char *text) {
    snprintf(to, size, "%s", text);
}

// --- the loop ----------------------------------------------------------------

static void begin_turn(const char *call) {
    scene.turns++;
    scene.doing = WAITING;
    scene.fd = -1;
    copy(scene.call, sizeof scene.call, call);
}

static void set_address(const char *address) {
    if (scene.addresses++ == 0)
        copy(scene.address, sizeof scene.address, address);
}

static void begin_pause(const char *reason) {
    scene.pausing = true;
    copy(scene.report, sizeof scene.report, reason);
}

static void keep_report(const char *rest) {
    copy(scene.report, sizeof scene.report, rest);
}

// --- clients -----------------------------------------------------------------

static void moved(struct client *client) {
    client->moved_ms = scene.line_ms;
}

static void is_served(struct client *client) {
    client->state = SERVED;
    client->turn = scene.turns;
}

static void open_client(struct client *client, const char *name) {
    scene.count += client->open ? 0 : 1;
    *client = (struct client){.fd = client->fd, .open = true, .call = "-"};
    copy(client->name, sizeof client->name, name);
    is_served(client);
    moved(client);
    if (scene.workers) client->state = IN_CHANNEL;
    scene.pausing = false;
}

static void receive(struct client *client, const char *rest) {
    uint64_t length = strtoull(rest, NULL, 10);
    client->echoed = client->received; // else it would not have been read from
    client->received += length;
    scene.received += length;
    is_served(client);
    moved(client);
}

// If the client was to be sent something, there is room for it now.
static void get_ready(struct client *client, const char *rest) {
    (void)rest;
    if (client->state == TO_WRITE) moved(client);
    is_served(client);
}

static void wait_to_read(struct client *client, const char *rest) {
    (void)rest;
    if (client->state == TO_WRITE) moved(client);
    client->state = TO_READ;
    client->call = "read";
}

static void wait_to_write(struct client *client, const char *rest) {
    (void)rest;
    moved(client);
    client->state = TO_WRITE;
    client->call = "write";
}

static void close_client(struct client *client, const char *reason) {
    const char *echoed = strstr(reason, "; echoed ");
    if (echoed == NULL) return;
    copy(client->reason, sizeof client->reason, reason);
    if ((size_t)(echoed - reason) < sizeof client->reason)
        client->reason[echoed - reason] = '\0';
    client->echoed = strtoull(echoed + strlen("; echoed "), NULL, 10);
    client->closed_ms = scene.line_ms;
    client->open = false;
    scene.departed[scene.departures++ % DEPARTED] = *client;
    scene.count--;
}

// --- lines -------------------------------------------------------------------

static const struct {
    const char *begin;
    void (*tell)(const char *rest);
} loop_lines[] = {
    {"waiting in ", begin_turn},
    {"listening on ", set_address},
    {"warning: cannot accept: ", begin_pause},
    {"error: ", keep_report},
    {"stopped: ", keep_report},
};

static const struct {
    const char *begin;
    void (*tell)(struct client *client, const char *rest);
} client_lines[] = {
    {"is ready", get_ready},
    {"received ", receive},
    {"waiting in read", wait_to_read},
    {"waiting in write", wait_to_write},
    {"write would block", wait_to_write},
    {"closed: ", close_client},
};

enum {
    LOOP_LINES = sizeof loop_lines / sizeof *loop_lines,
    CLIENT_LINES = sizeof client_lines / sizeof *client_lines,
};

// What follows after begin, NULL if text does not begin like that.
static const char *after(const char *text, const char *begin) {
    size_t length = strlen(begin);
    return strncmp(text, begin, length) == 0 ? text + length : NULL;
}

static void tell_loop(const char *text) {
    for (int i = 0; i < LOOP_LINES; i++) {
        const char *rest = after(text, loop_lines[i].begin);
        if (rest == NULL) continue;
        loop_lines[i].tell(rest);
        return;
    }
}

// What a client is doing, the loop is doing, too, unless clients have threads.
static void follow_client(int fd, const char *text) {
    const char *call = after(text, "waiting in ");
    scene.fd = fd;
    scene.doing = call ? WAITING : SERVING;
    if (call) copy(scene.call, sizeof scene.call, call);
}

static void tell_client(int fd, const char *text) {
    const char *name = after(text, "accepted ");
    struct client *grown = NULL;
    if (name != NULL)
        grown = array_reserve(scene.clients, sizeof *grown, &scene.room, fd);
    if (grown != NULL) {
        scene.clients = grown;
        scene.clients[fd].fd = fd;
        open_client(&scene.clients[fd], name);
    }
    if (name != NULL || !scene.threads) follow_client(fd, text);
    if (name != NULL || fd >= scene.room || !scene.clients[fd].open) return;

    for (int i = 0; i < CLIENT_LINES; i++) {
        const char *rest = after(text, client_lines[i].begin);
        if (rest == NULL) continue;
        client_lines[i].tell(&scene.clients[fd], rest);
        return;
    }
}

// Takes a number off the text. False if there is none that can be.
static bool take_number(const char **text, int64_t *number) {
    char *end;
    *number = strtoll(*text, &end, 10);
    bool found = end > *text && *number >= 0 && *number <= HIGHEST_NUMBER;
    *text = end;
    return found;
}

void scene_line(const char *line) {
    int64_t seconds, thousandths, fd;
    if (!take_number(&line, &seconds) || *line++ != '.') return;
    if (!take_number(&line, &thousandths) || *line++ != ' ') return;
    scene.line_ms = seconds * 1000 + thousandths;
    if (*line != '[') {
        tell_loop(line);
        return;
    }
    line++;
    if (!take_number(&line, &fd) || fd > HIGHEST_FD) return;
    if (after(line, "] ")) tell_client((int)fd, line + strlen("] "));
}

// --- what it comes to --------------------------------------------------------

void scene_second(int64_t now_ms) {
    for (int fd = 0; fd < scene.room; fd++) {
        struct client *client = &scene.clients[fd];
        client->rate = client->received - client->received_before;
        client->received_before = client->received;
    }
    if (now_ms <= scene.counted_ms) return;
    uint64_t turns = scene.turns - scene.turns_before;
    scene.rate = turns * 1000 / (uint64_t)(now_ms - scene.counted_ms);
    scene.turns_before = scene.turns;
    scene.counted_ms = now_ms;
}

// The thread that sleeps in accept serves no client; a spinning loop never
// sleeps.
static bool loop_sleeps(void) {
    return scene.call[0] != '\0' && strcmp(scene.call, "accept") != 0;
}

// A loop that has gone to sleep has served all clients that it woke up for; a
// spinning one is done with a client before the log's line can be read.
enum state client_state(const struct client *client) {
    bool over = (client->turn < scene.turns && loop_sleeps()) || scene.spinning;
    return client->state == SERVED && over ? TO_READ : client->state;
}

const char *client_call(const struct client *client) {
    if (client->state != SERVED) return client->call;
    if (scene.spinning) return "read";
    return loop_sleeps() ? scene.call : client->call;
}

uint64_t client_echoed(const struct client *client, bool *exact) {
    *exact = !client->open || client_state(client) == TO_READ ||
             client->echoed == client->received;
    return client->open && *exact ? client->received : client->echoed;
}
