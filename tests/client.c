// client.c: the client that nc cannot be.
//
//     client [-t SECONDS] ADDRESS COMMAND [ARGUMENT]
//
// ADDRESS is PORT, HOST:PORT, [IPV6]:PORT or unix:PATH. The commands are in
// the table at the end, and `client -h` prints it. Every byte that comes back
// is compared with the byte that was sent. Exit status: 0 and a line on stdout
// when the server did what a client may expect; 1 and a line on stderr when it
// did not, or when SECONDS (60 unless given, 0 is no limit) were not enough;
// 2 for wrong usage.

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "free_port.h"

enum {
    // A prime: however many whole buffers a server loses or repeats, what
    // follows them looks different.
    PERIOD_BYTES = 1000003,
    INBOX_BYTES = 256 * 1024,
    LITTLE_BYTES = 8 * 1024, // that buffers take at once
    SOME_BYTES = 64 * 1024,
    MANY_BYTES = 1024 * 1024,
    STUCK_MS = 300,
    BACKLOG_NAP_MS = 10,
    CONNECTING_MAX = 1000,
    GUESTS_MAX = 100, // at a time: a backlog of 128 places is a usual one
    // Linux has 28,000 local ports for each pair of addresses, but is slow to
    // find the second half of them.
    CONNECTIONS_PER_SOURCE = 12000,
    SPARE_DESCRIPTORS = 16,
    MESSAGE_BYTES = 16,
    // Of a crowd that does not read: less than what the kernel would give it,
    // at either end. With small segments they fill sooner.
    SMALL_BUFFER_BYTES = 32 * 1024,
    SEGMENT_BYTES = 4096,
    SLOW_BYTES_MAX = 64 * 1024 * 1024,
};

// It says text over and over, as often as the command asks for.
struct connection {
    int fd;
    size_t index; // among the connections of this process
    const char *text;
    size_t period;      // bytes of text
    size_t sent, heard; // bytes
    double sent_at;     // seconds; just before the last write or connect()
    double heard_at;    // just after the last read or connect()
};

struct crowd {
    struct connection *members;
    size_t count;
};

static struct {
    const char *name;
    struct sockaddr_storage address;
    socklen_t size;
} server;

static const char *waiting_for = "the address";
static bool small_buffers;
static size_t connecting_max = CONNECTING_MAX;
static char pattern[PERIOD_BYTES];

__attribute__((format(printf, 1, 2))) static _Noreturn void
fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// A server that mixes up two clients must not get away with it, so every
// process has a pattern of its own.
static void pattern_fill(void) {
    uint64_t state = (uint64_t)getpid();
    for (size_t i = 0; i < PERIOD_BYTES; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        pattern[i] = (char)(state >> 56);
    }
}

static void time_is_up(int signal_number) {
    (void)signal_number;
    const char *parts[] = {"time is up, still waiting for ", waiting_for, "\n"};
    for (int i = 0; i < 3; i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) == -1) break;
    _exit(EXIT_FAILURE);
}

// Sleeps until a descriptor is ready or timeout_ms (-1: no limit) have passed.
static void wait_ready(struct pollfd *polls, size_t count, int timeout_ms,
                       const char *what) {
    waiting_for = what;
    while (poll(polls, (nfds_t)count, timeout_ms) == -1)
        if (errno != EINTR) fail("poll: %s", strerror(errno));
}

static bool not_now(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static _Noreturn void cannot_connect(int error) {
    fail("cannot connect to %s: %s", server.name, strerror(error));
}

// Takes another loopback address for every 12,000 connections.
static void bind_source(const struct connection *connection) {
    struct sockaddr_in source = {.sin_family = AF_INET};
    size_t sources_before = connection->index / CONNECTIONS_PER_SOURCE;
    if (sources_before == 0 || server.address.ss_family != AF_INET) return;

    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (in_addr_t)sources_before);
    if (bind(connection->fd, (struct sockaddr *)&source, sizeof source) == -1)
        cannot_connect(errno);
}

// Before connect(), which tells the server how large the window can be.
static void shrink_buffers(const struct connection *connection) {
    int bytes = SMALL_BUFFER_BYTES, segment = SEGMENT_BYTES;
    if (!small_buffers) return;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_MAXSEG, &segment,
               sizeof segment);
    setsockopt(connection->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(connection->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

// Does not wait: connection_finish() does.
static struct connection connection_begin(size_t index) {
    struct connection connection = {
        .fd = socket(server.address.ss_family, SOCK_STREAM, 0),
        .index = index,
        .text = pattern,
        .period = PERIOD_BYTES,
        .sent_at = now(),
    };
    if (connection.fd == -1) cannot_connect(errno);
    if (fcntl(connection.fd, F_SETFL, O_NONBLOCK) == -1) cannot_connect(errno);
    bind_source(&connection);
    shrink_buffers(&connection);

    while (connect(connection.fd, (struct sockaddr *)&server.address,
                   server.size) == -1) {
        if (errno == EINPROGRESS || errno == EINTR) break;
        if (errno != EAGAIN) cannot_connect(errno);
        // Linux's Unix sockets do not queue for a place in a full backlog.
        wait_ready(NULL, 0, BACKLOG_NAP_MS, "a place in the backlog");
    }
    return connection;
}

static void connection_finish(struct connection *connection) {
    struct pollfd poll = {.fd = connection->fd, .events = POLLOUT};
    wait_ready(&poll, 1, -1, "the connection to be established");

    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) cannot_connect(error);
    connection->heard_at = now();
}

static struct connection connection_open(size_t index) {
    struct connection connection = connection_begin(index);
    connection_finish(&connection);
    return connection;
}

static void connection_reset(const struct connection *connection) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    // It may fail where the server was faster: then there is nothing to reset.
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(connection->fd);
}

// Returns what poll(2) found: 0 after timeout_ms.
static int connection_wait(const struct connection *connection, short events,
                           int timeout_ms, const char *what) {
    static char context[160];
    struct pollfd poll = {.fd = connection->fd, .events = events};
    snprintf(context, sizeof context,
             "%s (connection %zu: sent %zu bytes, heard %zu)", what,
             connection->index, connection->sent, connection->heard);
    wait_ready(&poll, 1, timeout_ms, context);
    return poll.revents;
}

// Sends once, and never beyond total. Returns how much the socket took.
static size_t connection_send(struct connection *connection, size_t total) {
    size_t start = connection->sent % connection->period;
    size_t length = connection->period - start;
    size_t missing = total - connection->sent;
    if (length > missing) length = missing;

    double before = now();
    ssize_t taken = write(connection->fd, connection->text + start, length);
    if (taken == -1 && not_now()) return 0;
    if (taken == -1)
        fail("connection %zu: cannot send after %zu bytes: %s",
             connection->index, connection->sent, strerror(errno));

    connection->sent += (size_t)taken;
    connection->sent_at = before;
    return (size_t)taken;
}

static void connection_check(struct connection *connection, const char *bytes,
                             size_t length) {
    size_t position = connection->heard % connection->period;
    for (size_t i = 0; i < length; i++) {
        if (connection->heard == connection->sent)
            fail("connection %zu: heard byte %zu, which was never sent",
                 connection->index, connection->heard);
        if (bytes[i] != connection->text[position])
            fail("connection %zu: byte %zu came back as 0x%02x, not 0x%02x",
                 connection->index, connection->heard, (unsigned char)bytes[i],
                 (unsigned char)connection->text[position]);
        connection->heard++;
        if (++position == connection->period) position = 0;
    }
}

// Reads once and checks what came. False: the server has closed.
static bool connection_hear(struct connection *connection) {
    static char inbox[INBOX_BYTES];
    ssize_t length = read(connection->fd, inbox, sizeof inbox);
    if (length == -1 && not_now()) return true;
    if (length == -1)
        fail("connection %zu: cannot read after %zu bytes: %s",
             connection->index, connection->heard, strerror(errno));
    if (length == 0) return false;

    connection_check(connection, inbox, (size_t)length);
    connection->heard_at = now();
    return true;
}

static _Noreturn void closed_early(const struct connection *connection) {
    fail("connection %zu: the server closed it after %zu of %zu bytes",
         connection->index, connection->heard, connection->sent);
}

static void connection_hear_more(struct connection *connection) {
    if (!connection_hear(connection)) closed_early(connection);
}

// One turn of a transfer, after poll(2) found revents. Errors show in read().
static void connection_advance(struct connection *connection, int revents,
                               size_t total) {
    if (revents & ~POLLOUT) connection_hear_more(connection);
    if (revents & POLLOUT) connection_send(connection, total);
}

static void send_and_read(struct connection *connection, size_t total) {
    while (connection->sent < total) {
        int revents = connection_wait(connection, POLLIN | POLLOUT, -1,
                                      "the server to read or to echo");
        connection_advance(connection, revents, total);
    }
}

// Sends until the socket has taken nothing for 300 ms.
static void send_unread(struct connection *connection, size_t total) {
    while (connection->sent < total) {
        int revents = connection_wait(connection, POLLOUT, STUCK_MS,
                                      "the server to read");
        size_t taken = connection_send(connection, total);
        if (taken == 0 && revents == 0) return;
    }
}

static void read_rest(struct connection *connection) {
    while (connection->heard < connection->sent) {
        connection_wait(connection, POLLIN, -1, "the echo");
        connection_hear_more(connection);
    }
}

static void half_close_and_read(struct connection *connection) {
    shutdown(connection->fd, SHUT_WR);
    do {
        connection_wait(connection, POLLIN, -1, "the server to close");
    } while (connection_hear(connection));
    if (connection->heard < connection->sent) closed_early(connection);
}

// Returns the seconds until the whole echo was there.
static double say_text(size_t index, const char *text) {
    struct connection connection = connection_open(index);
    connection.text = text;
    connection.period = strlen(text);

    double before = now();
    send_and_read(&connection, connection.period);
    read_rest(&connection);
    close(connection.fd);
    return connection.heard_at - before;
}

// What a person types there matters to nobody, only that it ends.
static bool stdin_ended(void) {
    char ignored[256];
    return read(STDIN_FILENO, ignored, sizeof ignored) <= 0;
}

static bool read_line(char *line, int size) {
    waiting_for = "a line on stdin";
    if (fgets(line, size, stdin) == NULL) return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static void run_hello(const char *text) {
    char line[4096];
    int length = snprintf(line, sizeof line, "%s\n", text);
    if ((size_t)length >= sizeof line) fail("the text is too long");
    printf("echo after %.6f s\n", say_text(0, line));
}

static void run_half_close(size_t total) {
    struct connection connection = connection_open(0);
    send_and_read(&connection, total);
    half_close_and_read(&connection);
    printf("echoed %zu bytes, then the server closed\n", total);
}

static void run_drip(size_t total) {
    struct connection connection = connection_open(0);
    int yes = 1;
    // A Unix socket has no such option and needs none.
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    while (connection.heard < total) {
        send_and_read(&connection, connection.heard + 1);
        read_rest(&connection);
    }
    printf("echoed %zu bytes one by one\n", total);
}

static void run_bulk(size_t total) {
    struct connection connection = connection_open(0);
    double before = now();
    send_and_read(&connection, total);
    read_rest(&connection);
    printf("echoed %zu bytes in %.3f s\n", total, now() - before);
}

static void run_flood(void) {
    struct connection connection = connection_open(0);
    struct pollfd polls[] = {{.fd = connection.fd, .events = POLLIN | POLLOUT},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    bool has_announced = false;
    do {
        wait_ready(polls, 2, -1, "the flood to flow, or the end of stdin");
        connection_advance(&connection, polls[0].revents, SIZE_MAX);
        if (has_announced || connection.heard < 1000000) continue;
        puts("flooding");
        has_announced = true;
    } while (polls[1].revents == 0 || !stdin_ended());

    read_rest(&connection);
    printf("echoed %zu bytes\n", connection.heard);
}

static void run_no_read(size_t total) {
    struct connection connection = connection_open(0);
    send_unread(&connection, total);
    printf(connection.sent < total ? "stuck after %zu bytes\n"
                                   : "sent all %zu bytes\n",
           connection.sent);

    char line[64];
    if (!read_line(line, sizeof line)) {
        puts("left");
        return;
    }
    send_and_read(&connection, total);
    half_close_and_read(&connection);
    printf("echoed %zu bytes\n", total);
}

static void reset_many(size_t count, size_t bytes) {
    for (size_t i = 0; i < count; i++) {
        struct connection connection = connection_open(i);
        connection_send(&connection, bytes);
        connection_reset(&connection);
    }
}

static void run_reset(size_t count) {
    reset_many(count, SOME_BYTES);
    printf("reset %zu connections\n", count);
}

static void run_abort(size_t count) {
    reset_many(count, 0);
    printf("aborted %zu connections\n", count);
}

static void run_unread(size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct connection connection = connection_open(i);
        send_unread(&connection, LITTLE_BYTES);
        connection_wait(&connection, POLLIN, -1, "an echo to leave unread");
        close(connection.fd);
    }
    printf("left %zu connections unread\n", count);
}

static void run_quick(size_t count) {
    double before = now();
    for (size_t i = 0; i < count; i++) say_text(i, "hello\n");
    printf("%zu connections in %.3f s\n", count, now() - before);
}

// macOS says "unlimited" and does not take that for an answer.
static void raise_descriptor_limit(size_t needed) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
    limit.rlim_cur = (rlim_t)(needed + SPARE_DESCRIPTORS);
    setrlimit(RLIMIT_NOFILE, &limit);
}

static struct crowd crowd_of(size_t count) {
    raise_descriptor_limit(count);
    struct crowd crowd = {.members = calloc(count + 1, sizeof *crowd.members)};
    if (crowd.members == NULL) fail("calloc: %s", strerror(errno));
    return crowd;
}

// Whoever comes in does on_arrival at once, if that is not NULL.
static void crowd_connect(struct crowd *crowd, size_t count,
                          void on_arrival(struct connection *)) {
    for (size_t begun = 0; crowd->count < count;) {
        if (begun < count && begun - crowd->count < connecting_max) {
            struct connection *member = &crowd->members[begun];
            *member = connection_begin(begun++);
            // Its own words: an echo that goes to another client shows.
            member->text +=
                member->index * MESSAGE_BYTES % (PERIOD_BYTES - MESSAGE_BYTES);
            member->period = MESSAGE_BYTES;
        } else {
            struct connection *member = &crowd->members[crowd->count++];
            connection_finish(member);
            if (on_arrival) on_arrival(member);
        }
    }
}

// Nobody has been sent away, or told something, since the last command.
static void crowd_expect_nothing(struct crowd *crowd) {
    for (size_t i = 0; i < crowd->count; i++)
        connection_hear_more(&crowd->members[i]);
}

static void crowd_hello(struct crowd *crowd, size_t first, size_t last) {
    for (size_t i = first; i <= last; i++) {
        struct connection *member = &crowd->members[i];
        if (connection_send(member, member->sent + MESSAGE_BYTES) <
            MESSAGE_BYTES)
            fail("connection %zu: no room for a short message", i);
    }
    for (size_t i = first; i <= last; i++) read_rest(&crowd->members[i]);
    printf("%zu clients heard their echo\n", last - first + 1);
}

static void crowd_leave(struct crowd *crowd, size_t leaving) {
    for (; leaving > 0; leaving--) close(crowd->members[--crowd->count].fd);
    printf("left, %zu remain\n", crowd->count);
}

static struct pollfd *crowd_polls(const struct crowd *crowd, short events) {
    struct pollfd *polls = calloc(crowd->count + 1, sizeof *polls);
    if (polls == NULL) fail("calloc: %s", strerror(errno));
    for (size_t i = 0; i < crowd->count; i++)
        polls[i] =
            (struct pollfd){.fd = crowd->members[i].fd, .events = events};
    return polls;
}

// The server moved a client's last byte some time between sent_at and heard_at.
// The first time counts from sent_at and the last one from heard_at: so neither
// finds a server too early or too late because this process was slow.
static void crowd_wait(struct crowd *crowd) {
    double first = INFINITY, last = 0;
    struct pollfd *polls = crowd_polls(crowd, POLLIN);

    for (size_t remaining = crowd->count; remaining > 0;) {
        wait_ready(polls, crowd->count, -1, "the server to close all");
        for (size_t i = 0; i < crowd->count; i++) {
            struct connection *member = &crowd->members[i];
            if (polls[i].revents == 0 || connection_hear(member)) continue;
            if (now() - member->sent_at < first)
                first = now() - member->sent_at;
            if (now() - member->heard_at > last)
                last = now() - member->heard_at;
            close(member->fd);
            polls[i].fd = -1;
            remaining--;
        }
    }
    printf("the server closed all %zu; first after %.3f s, last after %.3f s\n",
           crowd->count, first, last < first ? first : last);
    crowd->count = 0;
    free(polls);
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
    if (is_hello && first <= last && last < count)
        crowd_hello(crowd, first, last);
    else if (sscanf(line, "leave %zu", &first) == 1 && first <= count)
        crowd_leave(crowd, first);
    else
        fail("a crowd of %zu cannot %s", count, line);
}

static void hear_a_message(struct connection *connection) {
    connection_send(connection, connection->sent + MESSAGE_BYTES);
    read_rest(connection);
}

static void obey_as_crowd(size_t count, void on_arrival(struct connection *)) {
    struct crowd crowd = crowd_of(count);
    crowd_connect(&crowd, count, on_arrival);
    printf("connected %zu\n", count);

    char line[64];
    while (read_line(line, sizeof line)) crowd_obey(&crowd, line);
    crowd_expect_nothing(&crowd);
    puts("left");
    free(crowd.members);
}

static void run_crowd(size_t count) {
    obey_as_crowd(count, NULL);
}

// However many they are, the backlog has few of them at a time.
static void run_guests(size_t count) {
    connecting_max = GUESTS_MAX;
    obey_as_crowd(count, hear_a_message);
}

static void say_all(struct connection *connection) {
    connection_send(connection, connection->sent + MESSAGE_BYTES);
    shutdown(connection->fd, SHUT_WR);
}

// Reads until the server has closed all, and everybody has heard everything.
static void crowd_hear_out(struct crowd *crowd) {
    struct pollfd *polls = crowd_polls(crowd, POLLIN);
    for (size_t remaining = crowd->count; remaining > 0;) {
        wait_ready(polls, crowd->count, -1, "the server to serve all");
        for (size_t i = 0; i < crowd->count; i++) {
            struct connection *member = &crowd->members[i];
            if (polls[i].revents == 0 || connection_hear(member)) continue;
            if (member->heard < member->sent) closed_early(member);
            close(member->fd);
            polls[i].fd = -1;
            remaining--;
        }
    }
    free(polls);
}

static void run_burst(size_t count) {
    double before = now();
    struct crowd crowd = crowd_of(count);
    crowd_connect(&crowd, count, say_all);
    printf("connected %zu\n", count);
    crowd_hear_out(&crowd);
    printf("served all %zu within %.3f s\n", count, now() - before);
    free(crowd.members);
}

// As much as the pattern has from its own words on.
static void lengthen(struct connection *connection) {
    connection->period = (size_t)(pattern + PERIOD_BYTES - connection->text);
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
                taken += connection_send(&crowd->members[i], SLOW_BYTES_MAX);
    } while (taken > 0);
    free(polls);
}

static void run_slow(size_t count) {
    small_buffers = true;
    struct crowd crowd = crowd_of(count);
    crowd_connect(&crowd, count, lengthen);
    crowd_send_unread(&crowd);
    printf("%zu are stuck\n", count);

    char line[64];
    size_t bytes = 0;
    if (read_line(line, sizeof line)) {
        for (size_t i = 0; i < count; i++) {
            shutdown(crowd.members[i].fd, SHUT_WR);
            bytes += crowd.members[i].sent;
        }
        crowd_hear_out(&crowd);
        printf("echoed %zu bytes to %zu\n", bytes, count);
    }
    free(crowd.members);
}

static void run_silent(void) {
    struct connection connection = connection_open(0);
    struct pollfd polls[] = {{.fd = connection.fd, .events = POLLIN},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    do {
        wait_ready(polls, 2, -1, "the server to close, or the end of stdin");
        if (polls[0].revents == 0 || connection_hear(&connection)) continue;
        // From connect() on: the server cannot have counted from earlier.
        printf("closed by the server after %.3f s\n",
               now() - connection.sent_at);
        return;
    } while (polls[1].revents == 0 || !stdin_ended());
    puts("left");
}

// The urgent byte may come back in its place or not at all.
static void run_urgent(void) {
    int fd = connection_open(0).fd;
    struct pollfd poll = {.fd = fd, .events = POLLIN};
    if (send(fd, "a", 1, 0) != 1 || send(fd, "!", 1, MSG_OOB) != 1 ||
        send(fd, "b", 1, 0) != 1)
        fail("cannot send urgent data: %s", strerror(errno));

    char heard[4] = "";
    for (size_t i = 0; i < 3 && strchr(heard, 'b') == NULL; i++) {
        wait_ready(&poll, 1, -1, "the echo of a and b");
        if (read(fd, &heard[i], 1) != 1) break;
    }
    if (strcmp(heard, "ab") != 0 && strcmp(heard, "a!b") != 0)
        fail("sent \"a\", urgent \"!\" and \"b\", heard \"%s\"", heard);
    printf("heard \"%s\"\n", heard);
}

static void run_fill_after_close(void) {
    struct connection connection = connection_open(0);
    send_unread(&connection, MANY_BYTES);
    shutdown(connection.fd, SHUT_RD);
    close(connection.fd);
    say_text(1, "hello\n");
    puts("the server lives");
}

static void run_linger_reset(void) {
    struct connection connection = connection_open(0);
    send_unread(&connection, LITTLE_BYTES);
    shutdown(connection.fd, SHUT_WR);
    connection_reset(&connection);
    puts("done");
}

// A command has one of the three functions, which says what its argument is.
static void run_free_port(void) {
    // HOST has to be an address of this machine.
    int fd = socket(server.address.ss_family, SOCK_STREAM, 0);
    if (fd == -1 || bind(fd, (struct sockaddr *)&server.address, server.size))
        fail("no free port: %s", strerror(errno));
    close(fd);

    int port = free_port();
    if (port == -1) fail("no free port among a thousand");
    printf("%d\n", port);
}

static const struct command {
    const char *usage;
    void (*plain)(void);
    void (*number)(size_t number);
    void (*text)(const char *text);
} commands[] = {
    {"hello [TEXT]      time the echo of a line", .text = run_hello},
    {"half-close BYTES  send, half-close, read all", .number = run_half_close},
    {"drip BYTES        each byte after an echo", .number = run_drip},
    {"bulk BYTES        send and read at full speed", .number = run_bulk},
    {"flood             bulk until stdin ends", .plain = run_flood},
    {"no-read BYTES     read nothing until told to", .number = run_no_read},
    {"reset COUNT       reset while bytes are moving", .number = run_reset},
    {"abort COUNT       reset without a word", .number = run_abort},
    {"unread COUNT      close with an unread echo", .number = run_unread},
    {"quick COUNT       connect, hello, close, repeat", .number = run_quick},
    {"crowd COUNT       obey hello [A B], leave N, wait", .number = run_crowd},
    {"guests COUNT      a crowd, each greeted in turn", .number = run_guests},
    {"burst COUNT       all at once: hello, half-close", .number = run_burst},
    {"slow COUNT        read nothing until told to, all", .number = run_slow},
    {"silent            until the server or stdin ends", .plain = run_silent},
    {"urgent            one urgent byte among others", .plain = run_urgent},
    {"fill-after-close  close while it writes", .plain = run_fill_after_close},
    {"linger-reset      send, half-close, reset", .plain = run_linger_reset},
    {"free-port         name a free port of a HOST:0", .plain = run_free_port},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static _Noreturn void print_usage(FILE *file, int status) {
    fputs("usage: client [-t SECONDS] ADDRESS COMMAND [ARGUMENT]\n", file);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(file, "  %s\n", commands[i].usage);
    exit(status);
}

static _Noreturn void misuse(const char *reason, const char *word) {
    fprintf(stderr, "%s: %s\n", reason, word);
    print_usage(stderr, 2);
}

static size_t parse_number(const char *text, size_t maximum) {
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    bool is_number = strspn(text, "0123456789") > 0 && *end == '\0';
    if (!is_number || errno != 0 || number > maximum)
        misuse("not a number, or too large", text);
    return (size_t)number;
}

static void find_unix_server(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        misuse("the path is too long", path);
    memcpy(address.sun_path, path, strlen(path));
    memcpy(&server.address, &address, sizeof address);
    server.size = sizeof address;
}

static void find_tcp_server(const char *name) {
    char host[256] = "127.0.0.1", port[6], rest;
    if (sscanf(name, "%5[0-9]%c", port, &rest) != 1 &&
        sscanf(name, "[%255[^]]]:%5[0-9]%c", host, port, &rest) != 2 &&
        sscanf(name, "%255[^][:]:%5[0-9]%c", host, port, &rest) != 2)
        misuse("not an address", name);
    parse_number(port, 65535);

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0) fail("cannot connect to %s: %s", name, gai_strerror(error));
    memcpy(&server.address, found->ai_addr, found->ai_addrlen);
    server.size = found->ai_addrlen;
    freeaddrinfo(found);
}

static const struct command *find_command(const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcspn(commands[i].usage, " ") == length &&
            strncmp(commands[i].usage, name, length) == 0)
            return &commands[i];
    misuse("no such command", name);
}

static void run(const struct command *command, const char *argument) {
    if (command->plain != NULL && argument != NULL)
        misuse("this command takes no argument", argument);
    if (command->number != NULL && argument == NULL)
        misuse("missing argument", command->usage);

    if (command->plain != NULL)
        command->plain();
    else if (command->number != NULL)
        command->number(parse_number(argument, SIZE_MAX / 2));
    else
        command->text(argument ? argument : "hello");
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, time_is_up);
    setvbuf(stdout, NULL, _IOLBF, 0);
    size_t limit_s = 60;
    int option;

    // The plus keeps GNU's getopt from looking for options in TEXT.
    while ((option = getopt(argc, argv, "+ht:")) != -1) {
        if (option == 'h') print_usage(stdout, 0);
        if (option != 't') print_usage(stderr, 2);
        limit_s = parse_number(optarg, 86400);
    }
    if (argc - optind < 2) misuse("missing", "ADDRESS or COMMAND");
    if (argc - optind > 3) misuse("too many arguments", argv[optind + 3]);

    server.name = argv[optind];
    bool is_unix = strncmp(server.name, "unix:", 5) == 0;
    const struct command *command = find_command(argv[optind + 1]);
    alarm((unsigned)limit_s);
    if (is_unix)
        find_unix_server(server.name + 5);
    else
        find_tcp_server(server.name);
    pattern_fill();
    run(command, argv[optind + 2]);
}
