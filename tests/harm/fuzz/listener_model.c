// What listener.h says of clients that can't be accepted: none is lost, no
// listener starves beside another, a pause ends when it has to, and the log has
// one warning per episode and at most one per second.

#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "model.h"
#include "net.h"
#include "world.h"

enum { SECOND_MS = 1000 };

int64_t pause_ms = NEVER;
int clients_open, clients_allowed;
uint64_t served;

static struct {
    int backlog;        // clients that wait to be accepted
    int passed_over;    // times that others got a descriptor and it didn't
    uint64_t failed_at; // the last time, in clients served
} fakes[FIRST_CLIENT];

static bool warned; // since a client was accepted
static bool warning_due;
static int64_t warned_ms = -SECOND_MS;
static int shortage; // an errno

void model_listeners_open(char **addresses, int count) {
    (void)addresses;
    listener_count = count;
    listeners = fake_malloc((size_t)count * sizeof *listeners);
    for (int i = 0; i < count; i++) {
        listeners[i] = (struct listener){.fd = FIRST_LISTENER + i};
        fake_socket_open(FIRST_LISTENER + i);
    }
    note("%ld listeners", count, 0, 0);
}

void clients_connect(void) {
    for (int i = 0; i < listener_count; i++)
        if (percent(20)) fakes[listeners[i].fd].backlog += (int)some(8);
}

bool client_waits(int listener) {
    return fakes[listener].backlog > 0;
}

static int has_no_descriptor(int listener) {
    static const int errors[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS};
    if (fakes[listener].failed_at < served) fakes[listener].passed_over++;
    fakes[listener].failed_at = served;
    note("listener %ld finds no descriptor at %ld ms, passed over %ld times",
         listener, (long)now_ms, fakes[listener].passed_over);
    expect(fakes[listener].passed_over <= listener_count, "a listener starves");
    pause_ms = now_ms + SECOND_MS;
    warning_due = !warned && now_ms >= warned_ms + SECOND_MS;
    errno = shortage = errors[below(4)];
    return -1;
}

// The lowest that is free, as the system does; now and then one far above, so
// that arrays have to grow.
static int free_descriptor(void) {
    int fd = FIRST_CLIENT;
    if (percent(3)) fd += (int)below(FD_END - CLIENTS_MAX - FIRST_CLIENT);
    while (sockets[fd].open) fd++;
    return fd;
}

int net_accept(int listener) {
    expect(sockets[listener].open && sockets[listener].told,
           "it accepts where no client waits, or twice in a turn");
    sockets[listener].told = false;
    expect(!warning_due, "a warning is missing");
    if (clients_open >= clients_allowed) return has_no_descriptor(listener);
    fakes[listener].passed_over = 0;
    fakes[listener].failed_at = served + 1; // it wasn't passed over by itself
    bool broken = percent(3);               // the client had gone already
    if (broken) fakes[listener].backlog--;
    errno = percent(50) ? EAGAIN : EINTR;
    if (broken || percent(3)) return -1;

    int client = free_descriptor();
    fakes[listener].backlog--;
    warned = false;
    served++;
    clients_open++;
    fake_socket_open(client);
    note("[%ld] is accepted", client, 0, 0);
    return client;
}

void listener_warns(const char *line) {
    char expected[256];
    snprintf(expected, sizeof expected, "warning: cannot accept: %s; pausing",
             strerror(shortage));
    expect(warning_due, "not one warning per episode and second");
    expect(strcmp(line, expected) == 0, "the warning says something else");
    warned = true;
    warning_due = false;
    warned_ms = now_ms;
}

void check_listeners(bool stopping) {
    expect(!warning_due, "a warning is missing");
    expect(listeners_paused_until_ms() == pause_ms, "another pause");
    expect(!listener_is(FIRST_CLIENT), "a client is taken for a listener");
    for (int fd = FIRST_LISTENER; fd < FIRST_CLIENT; fd++) {
        expect(!stopping || !sockets[fd].open,
               "it stops and goes on listening");
        expect(!sockets[fd].told, "a listener was ready, and not asked");
    }
}

// What else listener.c and net.c call.
void log_accepted(int fd, const struct sockaddr *peer, socklen_t size) {
    (void)fd, (void)peer, (void)size;
}

const char *log_escape(char *out, size_t size, const char *bytes,
                       size_t length) {
    snprintf(out, size, "%.*s", (int)length, bytes);
    return out;
}

void die(const char *format, ...) {
    wrong(format);
}
