// listener_model: when listeners rest, and that no client is lost by it.
//
// A stage's accept loop on fake listeners: clients come, descriptors and memory
// run out and come back, clients leave, time passes. Nobody who was accepted is
// lost, one warning stands for one episode, a rest ends when it has to.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "listener.h"
#include "log.h"
#include "model.h"
#include "net.h"

enum {
    STEPS = 1000 * 1000,
    LISTENERS_MAX = 5,
    FIRST_FD = 3,
    FIRST_CLIENT = 100
};
enum { BATCH = 8, REST_MS = 1000, NOBODY = -1 };

int fake_poll(struct pollfd *descriptors, nfds_t count, int timeout_ms);
int fake_fcntl(int fd, int command, ...);
int fake_close(int fd);
void fake_free(void *block);

static struct listener table[LISTENERS_MAX];
static int backlog[LISTENERS_MAX]; // clients that wait there
static bool blocking;              // the listeners, as in 01 and 02
static bool no_descriptors, no_memory;
static int64_t now_ms;

static int next_client = FIRST_CLIENT; // its descriptor; never used again
static int in_hand = NOBODY;           // accepted, and nothing said about it
static int kept = NOBODY;              // given to listeners_rest()
static bool episode;                   // a warning stands
static int warnings, closed = NOBODY, turn;
static int64_t rest_ends_ms = NEVER;
static bool told; // that accept would block

// --- what the listener calls -------------------------------------------------

int net_accept(int fd) {
    int *waiting = &backlog[fd - FIRST_FD];
    expect(kept == NOBODY, "it accepts while it keeps a client");
    if (no_descriptors) {
        errno = percent(50) ? EMFILE : ENOMEM;
        return -1;
    }
    if (*waiting == 0 && blocking) *waiting = 1; // it has waited for one
    if (*waiting == 0) {
        errno = percent(90) ? EAGAIN : EINTR;
        return -1;
    }
    --*waiting;
    return next_client++;
}

bool net_would_block(void) {
    return errno == EAGAIN || errno == EINTR;
}

bool net_set_nonblocking(int fd) {
    return fd >= 0;
}

int fake_poll(struct pollfd *descriptors, nfds_t count, int timeout_ms) {
    int *waiting = &backlog[descriptors->fd - FIRST_FD];
    expect(count == 1 && descriptors->events == POLLIN, "what it polls for");
    expect(timeout_ms == 0 || blocking, "it waits, and must not");
    if (timeout_ms == -1 && *waiting == 0) {
        // Somebody comes, and meanwhile there may be descriptors.
        *waiting = 1;
        no_descriptors = percent(50);
    }
    errno = EIO; // whoever needs the old one has kept it
    return *waiting > 0;
}

int fake_fcntl(int fd, int command, ...) {
    expect(command == F_GETFL && fd >= 0, "what it asks of a listener");
    return blocking ? O_RDWR : O_RDWR | O_NONBLOCK;
}

int fake_close(int fd) {
    if (fd >= FIRST_CLIENT) {
        expect(closed == fd, "a client is closed that is not logged");
        kept = NOBODY;
    }
    return 0;
}

void fake_free(void *block) {
    (void)block; // the table is the model's
}

int64_t clock_ms(void) {
    return now_ms;
}

void log_always(const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    expect(strstr(line, "warning: cannot accept: "), "another line");
    expect(strstr(line, strerror(EMFILE)) || strstr(line, strerror(ENOMEM)),
           "the warning has another reason");
    warnings++;
}

void log_closed(int fd, const char *reason, uint64_t echoed) {
    expect(strcmp(reason, "server stopping") == 0 && echoed == 0, "the reason");
    expect(fd == kept, "it closes a client that it does not have");
    closed = fd;
}

void log_detail(const char *format, ...) {
    expect(strcmp(format, "accept would block") == 0, "another line");
    expect(!told, "it is told twice that accept would block");
    told = true;
}

void die(const char *format, ...) {
    wrong(format);
}

// --- a stage -----------------------------------------------------------------

static void rest(int client) {
    warnings = 0;
    note("rests with [%ld]", client, 0, 0);
    listeners_rest(client);
    expect(warnings == !episode, "not one warning for one episode");
    episode = true;
    kept = client;
    in_hand = NOBODY;
    rest_ends_ms = now_ms + REST_MS;
}

static int accept_one(int fd) {
    int waiting = backlog[fd - FIRST_FD], last = next_client, had = kept;
    kept = NOBODY;
    int client = listener_accept(fd);
    if (client != -1 || !net_would_block()) told = false;
    note("listener %ld gives [%ld], %ld waited", fd, client, waiting);

    if (had != NOBODY)
        expect(client == had, "the client that was kept is lost");
    else if (client != -1)
        expect(client == last, "it gives a client that did not come");
    else if (net_would_block())
        expect(waiting == 0 && !blocking && told, "nobody is there, it says");
    else
        expect(backlog[fd - FIRST_FD] > 0, "it fails, and nobody waits");
    return client;
}

static void accept_clients(int fd) {
    for (int i = 0; i < BATCH; i++) {
        in_hand = accept_one(fd);
        if (in_hand == -1 && net_would_block()) return;
        if (in_hand == -1 || no_memory) {
            if (in_hand != -1) errno = ENOMEM;
            rest(in_hand);
            return;
        }
        episode = false;
        note("[%ld] is served", in_hand, 0, 0);
    }
}

static void look_at_rest(void) {
    expect(listeners_rest_until_ms() == rest_ends_ms,
           "another end of the rest");
    bool over = rest_ends_ms != NEVER && rest_ends_ms <= now_ms;
    expect(listeners_rested() == over, "it rests too long or too short");
    if (!over) return;
    rest_ends_ms = NEVER;
    expect(!listeners_rested(), "a rest ends twice");
    int fd = listener_next();
    if (turn != NOBODY)
        expect(fd == FIRST_FD + (turn + 1) % listener_count,
               "it is another one's turn");
    turn = fd - FIRST_FD;
    accept_clients(fd);
}

static void client_leaves(void) {
    note("a client leaves", 0, 0, 0);
    if (percent(50)) no_descriptors = no_memory = false;
    listeners_try_again();
    if (rest_ends_ms != NEVER) rest_ends_ms = 0;
}

static void open_all(void) {
    int count = 1 + (int)below(LISTENERS_MAX);
    blocking = percent(30);
    for (int i = 0; i < count; i++) {
        table[i] = (struct listener){.fd = FIRST_FD + i};
        backlog[i] = 0;
    }
    listeners = table;
    listener_count = count;
    turn = NOBODY; // the first call says where it stands
    note("%ld listeners, blocking: %ld", count, blocking, 0);
}

static void close_all(void) {
    int had = kept;
    closed = NOBODY;
    note("all listeners close", 0, 0, 0);
    listeners_close();
    expect(closed == had && kept == NOBODY, "a client that was kept stays");
    expect(listener_count == 0 && listeners == NULL, "a listener stays");
    expect(listeners_rest_until_ms() == NEVER && !listeners_rested(),
           "what is closed rests");
    rest_ends_ms = NEVER;
}

static void take_step(void) {
    int index = (int)below((unsigned)listener_count);
    unsigned dice = below(1000);
    now_ms += some(600) - 1;
    if (dice < 300)
        backlog[index] += (int)some(20);
    else if (dice < 400)
        no_descriptors = percent(50);
    else if (dice < 500)
        no_memory = percent(50);
    else if (dice < 600)
        client_leaves();
    else if (dice < 998 && rest_ends_ms == NEVER)
        accept_clients(FIRST_FD + index);
    else if (dice >= 998) {
        close_all();
        open_all();
    }
    look_at_rest();
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    open_all();
    while (model_step()) take_step();
    close_all();
    model_close();
}
