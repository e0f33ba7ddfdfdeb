// The commands of client that need many connections.

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

enum {
    SOME_BYTES = 64 * 1024,
    MESSAGE_BYTES = 16,
    CONNECTING_MAX = 1000,
    GUESTS_MAX = 100, // at a time: a backlog of 128 places is a usual one
    // Of a crowd that does not read: less than what the kernel would give it,
    // at either end. With small segments they fill sooner.
    SMALL_BUFFER_BYTES = 32 * 1024,
    SEGMENT_BYTES = 4096,
    SLOW_BYTES_MAX = 64 * 1024 * 1024,
};

struct crowd {
    struct client *members;
    size_t count;
};

// --- one after the other -----------------------------------------------------

static void reset_many(size_t count, size_t bytes) {
    for (size_t i = 0; i < count; i++) {
        struct client client = connect_client(i);
        if (bytes > 0) send_some(&client, bytes);
        client_reset(&client);
    }
}

void run_reset(const char *argument) {
    size_t count = number_of(argument);
    reset_many(count, SOME_BYTES);
    printf("reset %zu connections\n", count);
}

void run_abort(const char *argument) {
    size_t count = number_of(argument);
    reset_many(count, 0);
    printf("aborted %zu connections\n", count);
}

void run_unread(const char *argument) {
    size_t count = number_of(argument);
    for (size_t i = 0; i < count; i++) {
        struct client client = connect_client(i);
        send_unread(&client, LITTLE_BYTES);
        await(&client, POLLIN, -1, "an echo to leave unread");
        client_close(&client);
    }
    printf("left %zu connections unread\n", count);
}

void run_quick(const char *argument) {
    size_t count = number_of(argument);
    uint64_t before_ns = clock_ns();
    for (size_t i = 0; i < count; i++) say_text(i, "hello\n");
    printf("%zu connections in %.3f s\n", count, seconds_since(before_ns));
}

// --- all at once -------------------------------------------------------------

static void *reserve(size_t count, size_t size) {
    void *members = calloc(count + 1, size);
    if (members == NULL) fail("calloc: %s", strerror(errno));
    return members;
}

static size_t connecting_max = CONNECTING_MAX;

// A member that has connected does on_arrival at once, if that is not NULL.
static struct crowd crowd_of(size_t count, void on_arrival(struct client *)) {
    struct crowd crowd = {reserve(count, sizeof *crowd.members), 0};
    for (size_t begun = 0; crowd.count < count;) {
        if (begun < count && begun - crowd.count < connecting_max) {
            crowd.members[begun] = begin_connecting(begun);
            begun++;
            continue;
        }
        struct client *member = &crowd.members[crowd.count++];
        finish_connecting(member);
        if (on_arrival) on_arrival(member);
    }
    return crowd;
}

static struct pollfd *crowd_polls(const struct crowd *crowd, short events) {
    struct pollfd *polls = reserve(crowd->count, sizeof *polls);
    for (size_t i = 0; i < crowd->count; i++)
        polls[i] =
            (struct pollfd){.fd = crowd->members[i].fd, .events = events};
    return polls;
}

// Reads until the server has closed all, and does at_end with each then.
static void crowd_read(struct crowd *crowd, const char *what,
                       void at_end(struct client *)) {
    struct pollfd *polls = crowd_polls(crowd, POLLIN);
    for (size_t remaining = crowd->count; remaining > 0;) {
        wait_ready(polls, crowd->count, -1, what);
        for (size_t i = 0; i < crowd->count; i++) {
            struct client *member = &crowd->members[i];
            if (polls[i].revents == 0 || hear(member)) continue;
            at_end(member);
            client_close(member);
            polls[i].fd = -1;
            remaining--;
        }
    }
    crowd->count = 0;
    free(polls);
}

// The server moved a client's last byte some time between sent_ns and heard_ns.
// The first time counts from sent_ns and the last one from heard_ns: so neither
// finds a server too early or too late because this process was slow.
static double first_s, last_s;

static void measure_wait(struct client *member) {
    first_s = fmin(first_s, seconds_since(member->sent_ns));
    last_s = fmax(last_s, seconds_since(member->heard_ns));
}

static void crowd_wait(struct crowd *crowd) {
    size_t count = crowd->count;
    first_s = INFINITY;
    last_s = 0;
    crowd_read(crowd, "the server to close all", measure_wait);
    printf("the server closed all %zu; first after %.3f s, last after %.3f s\n",
           count, first_s, fmax(first_s, last_s));
}

// The server has closed no connection, and sent nothing, since the last line.
static void crowd_expect_nothing(struct crowd *crowd) {
    for (size_t i = 0; i < crowd->count; i++) hear_more(&crowd->members[i]);
}

static void send_message(struct client *member) {
    size_t total = member->sent + MESSAGE_BYTES;
    while (member->sent < total)
        if (send_some(member, total) == 0)
            fail("connection %zu: no room for a short message", member->number);
}

static void crowd_hello(struct crowd *crowd, size_t first, size_t last) {
    for (size_t i = first; i <= last; i++) send_message(&crowd->members[i]);
    for (size_t i = first; i <= last; i++) read_rest(&crowd->members[i]);
    printf("%zu clients heard their echo\n", last - first + 1);
}

static void crowd_leave(struct crowd *crowd, size_t leaving) {
    for (; leaving > 0; leaving--)
        client_close(&crowd->members[--crowd->count]);
}

// The lines are: hello, hello FIRST LAST (from 0), leave N, wait.
static void crowd_obey(struct crowd *crowd, const char *line) {
    size_t count = crowd->count, first = 0, last = count - 1;
    if (strcmp(line, "wait") == 0 && count > 0) {
        crowd_wait(crowd);
        return;
    }
    crowd_expect_nothing(crowd);
    bool is_hello = strcmp(line, "hello") == 0 ||
                    sscanf(line, "hello %zu %zu", &first, &last) == 2;
    bool is_leave = sscanf(line, "leave %zu", &first) == 1 && first <= count;
    if (is_hello && first <= last && last < count) {
        crowd_hello(crowd, first, last);
    } else if (is_leave) {
        crowd_leave(crowd, first);
        printf("left, %zu remain\n", crowd->count);
    } else {
        fail("a crowd of %zu cannot %s", count, line);
    }
}

static void obey_as_crowd(size_t count, void on_arrival(struct client *)) {
    struct crowd crowd = crowd_of(count, on_arrival);
    printf("connected %zu\n", crowd.count);

    char line[64];
    while (read_line(line, sizeof line)) crowd_obey(&crowd, line);
    crowd_expect_nothing(&crowd);
    crowd_leave(&crowd, crowd.count);
    puts("left");
    free(crowd.members);
}

void run_crowd(const char *argument) {
    obey_as_crowd(number_of(argument), NULL);
}

static void hear_a_message(struct client *member) {
    send_message(member);
    read_rest(member);
}

// However many they are, the backlog has few of them at a time.
void run_guests(const char *argument) {
    connecting_max = GUESTS_MAX;
    obey_as_crowd(number_of(argument), hear_a_message);
}

static void send_all(struct client *member) {
    send_message(member);
    client_half_close(member);
}

static void expect_all(struct client *member) {
    if (member->heard < member->sent) fail_client(member);
}

void run_burst(const char *argument) {
    size_t count = number_of(argument);
    uint64_t before_ns = clock_ns();
    struct crowd crowd = crowd_of(count, send_all);
    printf("connected %zu\n", count);
    crowd_read(&crowd, "the server to serve all", expect_all);
    printf("served all %zu within %.3f s\n", count, seconds_since(before_ns));
    free(crowd.members);
}

// Until no socket of theirs has taken anything for 300 ms.
static void crowd_send_unread(struct crowd *crowd) {
    struct pollfd *polls = crowd_polls(crowd, POLLOUT);
    size_t taken;
    do {
        wait_ready(polls, crowd->count, STUCK_MS, "the server to read");
        taken = 0;
        for (size_t i = 0; i < crowd->count; i++)
            if (polls[i].revents)
                taken += send_some(&crowd->members[i], SLOW_BYTES_MAX);
    } while (taken > 0);
    free(polls);
}

void run_slow(const char *argument) {
    size_t count = number_of(argument), bytes = 0;
    clients_narrow(SMALL_BUFFER_BYTES, SEGMENT_BYTES);
    struct crowd crowd = crowd_of(count, NULL);
    crowd_send_unread(&crowd);
    printf("%zu are stuck\n", count);

    char line[64];
    if (read_line(line, sizeof line)) {
        for (size_t i = 0; i < count; i++) {
            client_half_close(&crowd.members[i]);
            bytes += crowd.members[i].sent;
        }
        crowd_read(&crowd, "the server to serve all", expect_all);
        printf("echoed %zu bytes to %zu\n", bytes, count);
    }
    crowd_leave(&crowd, crowd.count);
    free(crowd.members);
}
