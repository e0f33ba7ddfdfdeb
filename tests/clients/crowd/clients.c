#include "clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "net.h"
#include "poller.h"
#include "slots.h"

enum {
    // A prime, so that what is mixed up or lost is seen, whatever its length.
    TEXT_PERIOD = 1000003,
    CONNECTING_MAX = 256, // more would not fit into a small backlog
    CLIENTS_A_SOURCE = 12000,
    PATIENCE_MS = 20 * 1000, // with a server that does not answer
    RETRY_MS = 5,
};

enum phase { CONNECTING, CONNECTED, WARMING_UP, MEASURING, FINISHING };

struct client {
    int fd;
    bool open, connected, closing;
    int number;           // among all clients there ever were
    uint64_t said, heard; // bytes
    uint64_t born_ns;
};

static const struct load *load;
static struct outcome *outcome;
static enum phase phase;
static uint64_t now_ns, begun_ns, cpu_begun_ns;
static int64_t phase_end_ms;

static struct client *clients; // indexed by descriptor
static int room;
static int born, open_count, connecting;

// When messages were said: a ring of pipeline times for each descriptor.
static uint64_t *said_ns;
static int said_room;

// Each client says this over and over, beginning at a place of its own. What
// follows the period is its beginning again, so that no chunk has to be cut.
static char text[TEXT_PERIOD + INBOX_SIZE];
static char inbox[INBOX_SIZE];

static void update_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    now_ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void write_text(void) {
    uint32_t state = 1;
    for (size_t i = 0; i < TEXT_PERIOD; i++) {
        state = state * 1664525 + 1013904223;
        text[i] = (char)(state >> 24);
    }
    memcpy(text + TEXT_PERIOD, text, INBOX_SIZE);
}

static const char *text_at(const struct client *client, uint64_t position) {
    uint64_t start = (uint64_t)client->number * 7919;
    return text + (start + position) % TEXT_PERIOD;
}

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

static void close_client(struct client *client) {
    close(client->fd);
    connecting -= !client->connected;
    client->open = false;
    open_count--;
}

__attribute__((format(printf, 3, 4))) static void
lose(struct client *client, enum trouble trouble, const char *format, ...) {
    if (outcome->troubles[trouble]++ == 0) {
        char what[256];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(what, sizeof what, format, arguments);
        va_end(arguments);
        fprintf(stderr, "client %d: %s\n", client->number, what);
    }
    close_client(client);
}

// How much a client may have said by now.
static uint64_t allowance(const struct client *client) {
    uint64_t first = load->bytes;
    // Those that were held show that they are still there.
    if (phase == FINISHING) return load->hold ? 2 * first : client->said;
    if (load->hold || load->churn || phase < WARMING_UP) return first;
    return (client->heard / load->bytes + (unsigned)load->pipeline) *
           load->bytes;
}

static uint64_t *time_of(const struct client *client, uint64_t message) {
    size_t ring = (size_t)client->fd * (size_t)load->pipeline;
    return &said_ns[ring + message % (unsigned)load->pipeline];
}

// Notes the time for each message of which the first byte has gone.
static void count_said(struct client *client, size_t length) {
    uint64_t next = (client->said + load->bytes - 1) / load->bytes;
    client->said += length;
    while (next * load->bytes < client->said) *time_of(client, next++) = now_ns;
}

// It never waits for room: what it has said comes back, and then there is.
static void say(struct client *client) {
    uint64_t allowed = allowance(client);
    while (client->said < allowed) {
        uint64_t rest = allowed - client->said;
        size_t length = rest < INBOX_SIZE ? (size_t)rest : INBOX_SIZE;
        ssize_t written =
            write(client->fd, text_at(client, client->said), length);
        if (written == -1 && net_would_block()) return;
        if (written == -1) {
            if (client->connected)
                lose(client, RESET, "cannot write: %s", strerror(errno));
            else
                lose(client, REFUSED, "cannot connect to %s: %s",
                     load->server_name, strerror(errno));
            return;
        }
        count_said(client, (size_t)written);
    }
    // All that it had to say has come back, and it has no more.
    if (phase != FINISHING || client->heard < client->said || client->closing)
        return;
    client->closing = true;
    shutdown(client->fd, SHUT_WR);
}

static void count_message(uint64_t latency_ns) {
    atomic_fetch_add_explicit(&outcome->heard, 1, memory_order_relaxed);
    if (phase != MEASURING) return;
    outcome->messages++;
    histogram_add(&outcome->latency_ns, latency_ns);
}

static void count_heard(struct client *client, size_t length) {
    uint64_t message = client->heard / load->bytes;
    client->heard += length;
    for (; message < client->heard / load->bytes; message++)
        count_message(now_ns - (load->churn ? client->born_ns
                                            : *time_of(client, message)));
}

// Whether the bytes in the inbox are what the client is to hear next.
static bool is_echo(struct client *client, size_t length) {
    uint64_t on_its_way = client->said - client->heard;
    const char *said = text_at(client, client->heard);
    size_t i = 0;
    while (i < length && i < on_its_way && inbox[i] == said[i]) i++;
    if (i == length) return true;

    const char *what = i == on_its_way ? "is one too many" : "is wrong";
    lose(client, WRONG, "byte %llu of what it heard %s",
         (unsigned long long)(client->heard + i), what);
    return false;
}

// False if there is nothing more to do for it now.
static bool hear(struct client *client) {
    ssize_t length = read(client->fd, inbox, sizeof inbox);
    if (length == -1 && net_would_block()) return false;
    if (length == -1) {
        lose(client, RESET, "cannot read: %s", strerror(errno));
        return false;
    }
    if (length == 0) {
        if (client->closing)
            close_client(client);
        else
            lose(client, CLOSED, "the server closed after %llu of %llu bytes",
                 (unsigned long long)client->heard,
                 (unsigned long long)client->said);
        return false;
    }
    update_now();
    if (memcmp(inbox, text_at(client, client->heard), (size_t)length) != 0 ||
        (uint64_t)length > client->said - client->heard)
        if (!is_echo(client, (size_t)length)) return false;
    count_heard(client, (size_t)length);
    return true;
}

// --- connecting --------------------------------------------------------------

// Many clients of one address need many addresses of their own: the server's
// first, and those that follow it. 127.0.0.1 is what the kernel takes anyway.
// Linux has 28,000 ports for a pair of addresses, but tries one half of them
// first: when that is taken, each connect() searches it in vain.
static bool choose_source(const struct load *to, int fd, int number) {
    const struct sockaddr_in *server = (const void *)&to->address;
    if (server->sin_family != AF_INET) return true;
    uint32_t source = ntohl(server->sin_addr.s_addr) +
                      (uint32_t)(number / CLIENTS_A_SOURCE) % 0xfffe;
    if (source == INADDR_LOOPBACK || source >> 24 != IN_LOOPBACKNET)
        return true;

    int yes = 1;
#ifdef IP_BIND_ADDRESS_NO_PORT // connect() chooses the port, knowing for whom
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
#else
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
#endif
    struct sockaddr_in name = {.sin_family = AF_INET};
    name.sin_addr.s_addr = htonl(source);
    return bind(fd, (struct sockaddr *)&name, sizeof name) == 0;
}

int clients_connect(const struct load *to, int number) {
    int yes = 1;
    int fd = socket(to->address.ss_family, SOCK_STREAM, 0);
    if (fd == -1) return -1;
    if (to->address.ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const struct sockaddr *address = (const struct sockaddr *)&to->address;
    if (net_set_nonblocking(fd) && choose_source(to, fd, number) &&
        (connect(fd, address, to->address_size) == 0 || errno == EINPROGRESS))
        return fd;

    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static void make_room(int fd) {
    size_t ring = (size_t)load->pipeline * sizeof *said_ns;
    clients = slots_reserve(clients, sizeof *clients, &room, fd);
    said_ns = slots_reserve(said_ns, ring, &said_room, fd);
    if (clients == NULL || said_ns == NULL) die("no memory for client %d", fd);
}

// False when it is no use to try one more at once.
static bool start_client(void) {
    int number = load->first_client + born;
    int fd = clients_connect(load, number);
    if (fd == -1 && errno == EAGAIN) return false;
    born++;
    if (fd == -1) {
        if (errno == EMFILE || errno == ENFILE) die("client %d", number);
        if (outcome->troubles[REFUSED]++ == 0)
            fprintf(stderr, "client %d: cannot connect to %s: %s\n", number,
                    load->server_name, strerror(errno));
        return false;
    }
    make_room(fd);
    clients[fd] = (struct client){
        .fd = fd, .open = true, .number = number, .born_ns = now_ns};
    open_count++;
    connecting++;
    if (!poller_add(fd) || !poller_change(fd, WRITABLE))
        die("cannot watch client %d", number);
    return true;
}

// How many more there have to be: with churn, one for each that has left.
static bool one_is_missing(void) {
    if (load->churn && phase != FINISHING && phase != CONNECTING)
        return phase != CONNECTED && open_count < load->clients;
    return phase == CONNECTING && born < load->clients;
}

static void start_clients(void) {
    update_now();
    while (one_is_missing() && connecting < CONNECTING_MAX)
        if (!start_client()) return;
}

static void advance_client(struct client *client) {
    if (client->said == 0) { // it can write for the first time: it is there
        say(client);
        if (client->open) poller_change(client->fd, READABLE);
        return;
    }
    if (!hear(client)) return;
    if (!client->connected && client->heard >= load->bytes) {
        client->connected = true;
        connecting--;
        if (phase == CONNECTING) {
            outcome->connected++;
            phase_end_ms = clock_ms() + PATIENCE_MS;
        }
    }
    if (load->churn && phase != CONNECTING && client->heard == client->said)
        close_client(client);
    else
        say(client);
}

// --- the phases --------------------------------------------------------------

static void everybody(void act(struct client *)) {
    for (int fd = 0; fd < room; fd++)
        if (clients[fd].open) act(&clients[fd]);
}

static void begin(enum phase next, int64_t end_ms) {
    update_now();
    phase = next;
    phase_end_ms = end_ms;
    begun_ns = now_ns;
}

static double lasted_s(void) {
    update_now();
    return (double)(now_ns - begun_ns) / 1e9;
}

static int64_t after_ms(double seconds) {
    return isinf(seconds) ? NEVER : clock_ms() + (int64_t)(seconds * 1000);
}

static void wait_for_start(int ready_fd) {
    outcome->connect_s = lasted_s();
    begin(CONNECTED, NEVER);
    while (write(ready_fd, "", 1) == -1 && errno == EINTR) {
    }
}

static void warm_up(void) {
    begin(WARMING_UP, after_ms(load->warm_up_s));
    everybody(load->churn ? close_client : say);
}

static void measure(void) {
    begin(MEASURING, after_ms(load->measured_s));
    cpu_begun_ns = server_cpu_ns();
}

// Whoever has said something is to hear it. The others count no more.
static void finish_client(struct client *client) {
    if (client->said > 0)
        say(client);
    else
        close_client(client);
}

static void finish(void) {
    if (phase == MEASURING) {
        uint64_t cpu_ns = server_cpu_ns();
        outcome->server_cpu_s =
            cpu_ns ? (double)(cpu_ns - cpu_begun_ns) / 1e9 : -1;
        outcome->measured_s = lasted_s();
    }
    begin(FINISHING, clock_ms() + PATIENCE_MS);
    everybody(finish_client);
}

static void give_up(struct client *client) {
    enum trouble trouble = client->connected ? MISSING : REFUSED;
    if (phase == FINISHING || !client->connected)
        lose(client, trouble, "byte %llu did not come back in %d s",
             (unsigned long long)client->heard, PATIENCE_MS / 1000);
}

static bool nobody_is_left(void) {
    return open_count == 0 && !load->churn;
}

// Goes on to the next phase when this one has come to its end.
static void turn_phase(int ready_fd) {
    bool time_is_up = phase_end_ms <= clock_ms();
    bool all_have_tried = born == load->clients && connecting == 0;
    if (phase == CONNECTING && all_have_tried && open_count > 0)
        wait_for_start(ready_fd);
    else if (phase == CONNECTING && all_have_tried)
        finish(); // nobody has come through
    else if (phase == WARMING_UP && time_is_up)
        measure();
    else if (phase == MEASURING && (time_is_up || nobody_is_left() ||
                                    outcome->messages >= load->messages))
        finish();
    else if (time_is_up && (phase == CONNECTING || phase == FINISHING)) {
        everybody(give_up);
        finish();
    }
}

// The supervisor says that it begins, or is gone.
static void take_order(int start_fd) {
    char order;
    ssize_t length = read(start_fd, &order, 1);
    if (length == -1) return;
    if (length == 0) close(start_fd);
    if (length == 1 && load->messages > 0)
        warm_up();
    else if (phase != FINISHING)
        finish();
}

// The second signal ends the patience.
static void take_signal(void) {
    if (phase == FINISHING)
        phase_end_ms = 0;
    else
        finish();
}

static int64_t next_event_ms(void) {
    // There was no room in the backlog for one more: look again soon.
    bool retry = one_is_missing() && connecting < CONNECTING_MAX;
    int64_t retry_ms = retry ? clock_ms() + RETRY_MS : NEVER;
    return retry_ms < phase_end_ms ? retry_ms : phase_end_ms;
}

void clients_run(const struct load *wanted, struct outcome *result,
                 int ready_fd, int start_fd) {
    load = wanted;
    outcome = result;
    write_text();
    poller_open(false);
    if (!poller_add(start_fd)) die("cannot wait for the start");
    begin(CONNECTING, clock_ms() + PATIENCE_MS);

    while (phase != FINISHING || open_count > 0) {
        int ready[POLLER_BATCH];
        start_clients();
        int count = poller_wait(ready, next_event_ms());

        for (int i = 0; i < count; i++) {
            if (ready[i] == POLLER_SIGNAL)
                take_signal();
            else if (ready[i] == start_fd)
                take_order(start_fd);
            else if (clients[ready[i]].open)
                advance_client(&clients[ready[i]]);
        }
        turn_phase(ready_fd);
    }
}
