#include "clients.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "engine.h"
#include "log.h"
#include "poller.h"

enum {
    CONNECTING_MAX = 256, // more would not fit into a small backlog
    PATIENCE_S = 20,      // with a server that does not answer
    PATIENCE_MS = 1000 * PATIENCE_S,
    RETRY_MS = 5,
    PROGRESS_MS = 200,
};

enum phase { CONNECTING, WARMING_UP, MEASURING, FINISHING };

struct member {
    struct client client;
    bool open, connected, closing;
    uint64_t born_ns;
};

static const struct load *load;
static struct outcome *outcome;
static enum phase phase;
static uint64_t begun_ns, cpu_begun_ns;
static int64_t phase_end_ms, progress_ms = NEVER;
static uint64_t messages_heard; // in all phases

static struct member *members; // indexed by descriptor
static int capacity;
static int born, open_count, connecting;
static int answered; // members that wait for the next round of a lockstep

// When messages were sent: a ring of pipeline times for each descriptor.
static uint64_t *sent_ns;
static int sent_capacity;

// The server's CPU time so far. See clock_getcpuclockid(3).
static uint64_t server_cpu_ns(void) {
#ifdef __APPLE__ // knows the clock of no process but its own
    return 0;
#else
    clockid_t its_clock;
    struct timespec time;
    if (load->server == 0 || clock_getcpuclockid(load->server, &its_clock) ||
        clock_gettime(its_clock, &time) == -1)
        return 0;
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
#endif
}

// --- one client --------------------------------------------------------------

static void close_member(struct member *member) {
    client_close(&member->client);
    connecting -= !member->connected;
    member->open = false;
    open_count--;
}

__attribute__((format(printf, 3, 4))) static void
lose(struct member *member, enum trouble trouble, const char *format, ...) {
    if (outcome->troubles[trouble]++ == 0) {
        char what[256];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(what, sizeof what, format, arguments);
        va_end(arguments);
        fprintf(stderr, "client %zu: %s\n", member->client.number, what);
    }
    close_member(member);
}

// How much a client may have sent by now.
static size_t allowance(const struct client *client) {
    size_t first = load->bytes;
    // Those that were held show that they are still there.
    if (phase == FINISHING) return load->hold ? 2 * first : client->sent;
    if (load->hold || load->churn || phase < WARMING_UP) return first;
    return (client->heard / load->bytes + (unsigned)load->pipeline) *
           load->bytes;
}

static uint64_t *time_of(const struct client *client, uint64_t message) {
    size_t ring = (size_t)client->fd * (size_t)load->pipeline;
    return &sent_ns[ring + message % (unsigned)load->pipeline];
}

// Notes the time for each message of which the first byte has gone.
static void note_times(const struct client *client, uint64_t sent_before) {
    uint64_t next = (sent_before + load->bytes - 1) / load->bytes;
    while (next * load->bytes < client->sent)
        *time_of(client, next++) = client->sent_ns;
}

// It never waits for room: what it has sent comes back, and then there is.
static void send_messages(struct member *member) {
    struct client *client = &member->client;
    size_t allowed = allowance(client);
    while (client->sent < allowed) {
        uint64_t before = client->sent;
        ssize_t taken = client_send(client, allowed);
        if (taken == 0) return;
        if (taken == -1 && member->connected)
            lose(member, RESET, "%s", engine_trouble());
        else if (taken == -1)
            lose(member, REFUSED, "cannot connect to %s: %s", server.name,
                 strerror(errno));
        if (taken == -1) return;
        note_times(client, before);
    }
    // All that it had to send has come back, and it has no more.
    if (phase != FINISHING || client->heard < client->sent || member->closing)
        return;
    member->closing = true;
    client_half_close(client);
}

static void count_message(uint64_t latency_ns) {
    messages_heard++;
    if (phase != MEASURING) return;
    outcome->messages++;
    latency_add(&outcome->latency, latency_ns);
}

static void count_heard(const struct member *member, uint64_t heard_before) {
    const struct client *client = &member->client;
    uint64_t message = heard_before / load->bytes;
    for (; message < client->heard / load->bytes; message++)
        count_message(client->heard_ns - (load->churn
                                              ? member->born_ns
                                              : *time_of(client, message)));
}

// False if there is nothing more to do for it now.
static bool hear(struct member *member) {
    uint64_t before = member->client.heard;
    enum hearing heard = client_hear(&member->client);
    if (heard == HEARD_ECHO) count_heard(member, before);
    if (heard == HEARD_END && member->closing)
        close_member(member);
    else if (heard == HEARD_END)
        lose(member, CLOSED, "%s", engine_trouble());
    else if (heard == HEARD_ERROR)
        lose(member, RESET, "%s", engine_trouble());
    else if (heard == HEARD_WRONG)
        lose(member, WRONG, "%s", engine_trouble());
    return heard == HEARD_ECHO;
}

// --- connecting --------------------------------------------------------------

static void make_room(int fd) {
    size_t ring = (size_t)load->pipeline * sizeof *sent_ns;
    members = array_reserve(members, sizeof *members, &capacity, fd);
    sent_ns = array_reserve(sent_ns, ring, &sent_capacity, fd);
    if (members == NULL || sent_ns == NULL) die("no memory for client %d", fd);
}

// False when it is no use to try one more at once.
static bool start_member(void) {
    struct client client;
    size_t number = (size_t)born;
    bool begun = client_begin(&client, number);
    if (!begun && errno == EAGAIN) return false;
    born++;
    if (!begun) {
        if (errno == EMFILE || errno == ENFILE) die("client %zu", number);
        if (outcome->troubles[REFUSED]++ == 0)
            fprintf(stderr, "client %zu: %s\n", number, engine_trouble());
        return false;
    }
    make_room(client.fd);
    members[client.fd] = (struct member){
        .client = client, .open = true, .born_ns = client.sent_ns};
    open_count++;
    connecting++;
    if (!poller_add(client.fd) || !poller_change(client.fd, INTEREST_WRITE))
        die("cannot watch client %zu", number);
    return true;
}

// How many more there have to be: with churn, one for each that has left.
static bool one_is_missing(void) {
    if (load->churn && phase != FINISHING && phase != CONNECTING)
        return open_count < load->clients;
    return phase == CONNECTING && born < load->clients;
}

static void start_members(void) {
    while (one_is_missing() && connecting < CONNECTING_MAX)
        if (!start_member()) return;
}

static bool is_in_lockstep(void) {
    return load->lockstep && (phase == WARMING_UP || phase == MEASURING);
}

static void advance_member(struct member *member) {
    struct client *client = &member->client;
    if (client->sent == 0) { // writable for the first time: it is connected
        send_messages(member);
        if (member->open) poller_change(client->fd, INTEREST_READ);
        return;
    }
    if (!hear(member)) return;
    if (!member->connected && client->heard >= load->bytes) {
        member->connected = true;
        connecting--;
        if (phase == CONNECTING) {
            outcome->connected++;
            phase_end_ms = clock_ms() + PATIENCE_MS;
        }
    }
    if (load->churn && phase != CONNECTING && client->heard == client->sent)
        close_member(member);
    else if (is_in_lockstep() && client->heard == client->sent)
        answered++;
    else
        send_messages(member);
}

// --- the phases --------------------------------------------------------------

static void for_each(void act(struct member *)) {
    for (int fd = 0; fd < capacity; fd++)
        if (members[fd].open) act(&members[fd]);
}

static void start_round(void) {
    if (!is_in_lockstep() || answered < open_count) return;
    answered = 0;
    for_each(send_messages);
}

static void begin(enum phase next, int64_t end_ms) {
    phase = next;
    phase_end_ms = end_ms;
    begun_ns = clock_ns();
}

static double lasted_s(void) {
    return (double)(clock_ns() - begun_ns) / 1e9;
}

static int64_t after_ms(double seconds) {
    return isinf(seconds) ? NEVER : clock_ms() + (int64_t)(seconds * 1000);
}

static void warm_up(void) {
    begin(WARMING_UP, after_ms(load->warm_up_s));
    for_each(load->churn ? close_member : send_messages);
}

static void measure(void) {
    // Without a limit, it is looked at again: see has_stalled().
    begin(MEASURING,
          after_ms(isinf(load->measured_s) ? PATIENCE_S : load->measured_s));
    cpu_begun_ns = server_cpu_ns();
}

// A client that has sent something is to hear it. The others count no more.
static void finish_member(struct member *member) {
    if (member->client.sent > 0)
        send_messages(member);
    else
        close_member(member);
}

static void finish(void) {
    if (phase == MEASURING) {
        uint64_t cpu_ns = server_cpu_ns();
        outcome->server_cpu_s =
            cpu_ns ? (double)(cpu_ns - cpu_begun_ns) / 1e9 : -1;
        outcome->measured_s = lasted_s();
    }
    begin(FINISHING, clock_ms() + PATIENCE_MS);
    for_each(finish_member);
}

static void give_up(struct member *member) {
    enum trouble trouble = member->connected ? MISSING : REFUSED;
    if (phase == FINISHING || !member->connected)
        lose(member, trouble, "byte %llu did not come back in %d s",
             (unsigned long long)member->client.heard, PATIENCE_S);
}

// Asked every PATIENCE_MS while there is no limit but a number of messages.
static bool has_stalled(void) {
    static uint64_t before;
    bool stalled = !isinf(load->measured_s) || outcome->messages == before;
    before = outcome->messages;
    phase_end_ms = clock_ms() + PATIENCE_MS;
    return stalled;
}

static bool all_have_left(void) {
    return open_count == 0 && !load->churn;
}

// All have tried to connect.
static void start_to_measure(void) {
    outcome->connect_s = lasted_s();
    if (load->hold) {
        printf("holding %d client%s\n", load->clients,
               plural((uint64_t)load->clients));
        fflush(stdout);
    }
    if (open_count == 0 || load->messages == 0)
        finish();
    else
        warm_up();
}

// Goes on to the next phase when this one has come to its end.
static void turn_phase(void) {
    if (phase == CONNECTING && born == load->clients && connecting == 0)
        start_to_measure();
    bool time_is_up = phase_end_ms <= clock_ms();
    if (phase == WARMING_UP && time_is_up)
        measure();
    else if (phase == MEASURING &&
             ((time_is_up && has_stalled()) || all_have_left() ||
              outcome->messages >= load->messages))
        finish();
    else if (time_is_up && (phase == CONNECTING || phase == FINISHING)) {
        for_each(give_up);
        finish();
    }
}

// The second signal ends the patience.
static void take_signal(void) {
    if (phase == FINISHING)
        phase_end_ms = 0;
    else
        finish();
}

// On a terminal, while a long run is under way.
static void show_progress(int64_t started_ms) {
    if (clock_ms() < progress_ms) return;
    progress_ms = clock_ms() + PROGRESS_MS;
    fprintf(stderr, "\r%6.1f s  %llu messages",
            (double)(clock_ms() - started_ms) / 1000,
            (unsigned long long)messages_heard);
}

static int64_t next_event_ms(void) {
    // There was no room in the backlog for one more: look again soon.
    bool retry = one_is_missing() && connecting < CONNECTING_MAX;
    int64_t next_ms = retry ? clock_ms() + RETRY_MS : NEVER;
    if (progress_ms < next_ms) next_ms = progress_ms;
    return next_ms < phase_end_ms ? next_ms : phase_end_ms;
}

void clients_run(const struct load *wanted, struct outcome *result) {
    int64_t started_ms = clock_ms();
    load = wanted;
    outcome = result;
    poller_open(false);
    begin(CONNECTING, started_ms + PATIENCE_MS);
    if (isatty(STDERR_FILENO) && !load->hold &&
        load->warm_up_s + load->measured_s > 2)
        progress_ms = started_ms;

    while (phase != FINISHING || open_count > 0) {
        int ready[POLLER_BATCH];
        start_members();
        int count = poller_wait(ready, next_event_ms());

        for (int i = 0; i < count; i++) {
            if (ready[i] == POLLER_SIGNAL)
                take_signal();
            else if (members[ready[i]].open)
                advance_member(&members[ready[i]]);
        }
        turn_phase();
        start_round();
        show_progress(started_ms);
    }
    if (progress_ms != NEVER) fprintf(stderr, "\r\033[K");
}
