// listener_model: when listeners pause, and that no client is lost by it.
//
// A stage's accept loop on fake listeners: clients connect, descriptors run out
// and come back, clients disconnect, threads are missing, time passes. Every
// client in the backlog is accepted in the end, no listener starves beside
// another, a pause ends when it has to, and the log has one warning per episode
// and at most one per second.

#include <errno.h>
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
    FIRST_CLIENT = 100,
    SECOND_MS = 1000,
    DESCRIPTORS = 20, // for clients
};

int fake_close(int fd);
void fake_free(void *block);

// By descriptor, because the listeners change their order.
static struct {
    int waiting;     // clients in its backlog
    int passed_over; // times that others got the descriptor it waited for
    bool open, watched;
} fakes[FIRST_FD + LISTENERS_MAX];

static struct listener table[LISTENERS_MAX];
static int free_descriptors = DESCRIPTORS, next_client = FIRST_CLIENT;
static int64_t now_ms, pause_ends_ms = NEVER, warned_ms = -SECOND_MS;
static bool warned; // since a client was accepted
static int warnings, reason;
enum log_level log_level = VERBOSE;

// --- what the listener calls -------------------------------------------------

int net_accept(int listener) {
    static const int shortages[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS};
    expect(fakes[listener].open, "it accepts on a descriptor that is closed");
    reason = free_descriptors == 0 ? shortages[below(4)] : EAGAIN;
    if (reason == EAGAIN && percent(3)) reason = EINTR;
    bool broken = percent(3); // it had gone already: ECONNABORTED
    if (reason == EAGAIN && fakes[listener].waiting > 0) {
        fakes[listener].waiting--;
        if (!broken) free_descriptors--;
        if (!broken) return next_client++;
    }
    errno = reason;
    return -1;
}

bool net_should_retry(void) {
    return errno == EAGAIN || errno == EINTR;
}

bool net_set_nonblocking(int fd) {
    return fd >= 0;
}

int fake_close(int fd) {
    expect(fakes[fd].open, "it closes a listener twice");
    fakes[fd].open = false;
    return 0;
}

void fake_free(void *block) {
    (void)block; // the table is the model's
}

int64_t clock_ms(void) {
    return now_ms;
}

void log_always(const char *format, ...) {
    char line[256], expected[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    snprintf(expected, sizeof expected, "warning: cannot accept: %s; pausing",
             strerror(reason));
    expect(strcmp(line, expected) == 0, "the warning says something else");
    warnings++;
}

const char *log_escape(char *out, size_t size, const char *bytes,
                       size_t length) {
    snprintf(out, size, "%.*s", (int)length, bytes);
    return out;
}

void die(const char *format, ...) {
    wrong(format);
}

// --- what has to hold --------------------------------------------------------

// After a failure: one warning per episode, and one per second at most.
static void check_warning(void) {
    bool due = !warned && now_ms >= warned_ms + SECOND_MS;
    note("%ld warnings, %ld due at %ld ms", warnings, due, (long)now_ms);
    expect(warnings == due, "not one warning per episode and second");
    if (due) {
        warned = true;
        warned_ms = now_ms;
    }
}

static void check_pause(void) {
    bool over = pause_ends_ms <= now_ms;
    expect(listeners_paused_until_ms() == pause_ends_ms, "another pause");
    expect(listeners_paused() == (pause_ends_ms != NEVER), "it pauses: no");
    expect(listeners_pause_is_over() == over, "it is too long or too short");
}

// Only one of those that wait gets a descriptor; the others have their turn
// before long.
static void pass_over(int winner) {
    fakes[winner].passed_over = 0;
    for (int fd = FIRST_FD; fd < FIRST_FD + listener_count; fd++) {
        if (fd == winner || fakes[fd].waiting == 0 || free_descriptors > 0)
            continue;
        fakes[fd].passed_over++;
        note("listener %ld was passed over %ld times", fd,
             fakes[fd].passed_over, 0);
        expect(fakes[fd].passed_over <= listener_count, "a listener starves");
    }
}

// --- a stage -----------------------------------------------------------------

static void watch_listeners(bool watched) {
    for (int i = 0; i < listener_count; i++)
        fakes[listeners[i].fd].watched = watched;
}

static void pause_listeners(void) {
    note("the listeners pause at %ld ms", (long)now_ms, 0, 0);
    listeners_pause();
    pause_ends_ms = now_ms + SECOND_MS;
    watch_listeners(false);
    check_pause();
}

static void resume_listeners(void) {
    listeners_resume();
    pause_ends_ms = NEVER;
    watch_listeners(true);
    check_pause();
}

static void accept_client(int fd) {
    int waited = fakes[fd].waiting, expected = next_client;
    warnings = 0;
    int client = listener_accept(fd);
    int error = errno;
    note("listener %ld, with %ld in its backlog, gives [%ld]", fd, waited,
         client);
    if (client != -1) {
        expect(client == expected, "it gives a client that did not connect");
        expect(warnings == 0, "a warning, and a client is accepted");
        warned = false;
        pass_over(fd);
        return;
    }
    expect(error == reason, "it changes errno");
    if (error == EAGAIN || error == EINTR) {
        expect(warnings == 0, "a warning about nothing");
        fakes[fd].passed_over = 0; // it had its turn
        return;
    }
    check_warning();
    pause_listeners();
}

// One turn of the loop: one accept per listener that is ready, in the order in
// which they were watched.
static void take_turn(void) {
    int ready[LISTENERS_MAX], count = 0;
    for (int i = 0; i < listener_count; i++) {
        int fd = listeners[i].fd;
        expect(listener_is(fd), "a listener is not known");
        if (fakes[fd].watched && fakes[fd].waiting > 0) ready[count++] = fd;
    }
    expect(!listener_is(FIRST_CLIENT), "a client is taken for a listener");
    for (int i = 0; i < count; i++) accept_client(ready[i]);
    if (listeners_pause_is_over()) resume_listeners();
}

static void disconnect_client(void) {
    if (free_descriptors == DESCRIPTORS) return;
    note("a client disconnects", 0, 0, 0);
    free_descriptors++;
    if (listeners_paused()) resume_listeners();
}

// 02: the client that was accepted waits for a thread, a second at a time.
static void miss_thread(void) {
    for (unsigned seconds = some(4); seconds > 0; seconds--) {
        warnings = 0;
        errno = reason = EAGAIN;
        listeners_warn();
        check_warning();
        now_ms += SECOND_MS;
    }
}

static void open_all(void) {
    int count = 1 + (int)below(LISTENERS_MAX);
    for (int i = 0; i < count; i++) {
        table[i] = (struct listener){.fd = FIRST_FD + i};
        memset(&fakes[FIRST_FD + i], 0, sizeof *fakes);
        fakes[FIRST_FD + i].open = true;
    }
    listeners = table;
    listener_count = count;
    watch_listeners(true);
    note("%ld listeners", count, 0, 0);
}

static void close_all(void) {
    int count = listener_count;
    note("all listeners close", 0, 0, 0);
    listeners_close();
    expect(listener_count == 0 && listeners == NULL, "a listener stays");
    for (int fd = FIRST_FD; fd < FIRST_FD + count; fd++)
        expect(!fakes[fd].open, "a listener is not closed");
    pause_ends_ms = NEVER;
    check_pause();
    listeners_close(); // 06 does, after a second signal
}

static void take_step(void) {
    int fd = FIRST_FD + (int)below((unsigned)listener_count);
    unsigned dice = below(1000);
    now_ms += percent(50) ? some(600) : 0;
    if (dice < 250)
        fakes[fd].waiting += (int)some(20);
    else if (dice < 500)
        disconnect_client();
    else if (dice < 510)
        miss_thread();
    else if (dice < 998)
        take_turn();
    else {
        close_all();
        open_all();
    }
    check_pause();
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    open_all();
    while (model_step()) take_step();
    close_all();
    model_close();
}
