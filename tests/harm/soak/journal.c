#include "journal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "dice.h"
#include "soak.h"

enum { LINE = 1024, SHOWN = 64, ESCAPED = 4, DESCRIPTORS = 1024 };

struct journal journal;

static struct client *clients[DESCRIPTORS]; // by the server's descriptor
static bool warned;                         // and nobody was accepted since

static const char client_closed[] = "client closed";
static const char reset[] = "Connection reset by peer";
static const char pipe_broken[] = "Broken pipe";
static char idle[64]; // "idle for 2 s"

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

// Whether text starts with a word, and then where the rest is.
static bool starts(const char *text, const char *word, const char **rest) {
    size_t length = strlen(word);
    if (strncmp(text, word, length) != 0) return false;
    *rest = text + length;
    return true;
}

static void listening(const char *address) {
    unsigned port = 0;
    if (sscanf(address, "127.0.0.1:%u", &port) != 1 || journal.address.sin_port)
        violation("it listens on %s", address);
    journal.address.sin_family = AF_INET;
    journal.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    journal.address.sin_port = htons((in_port_t)port);
}

static void warning(const char *text) {
    static const char expected[] = "cannot accept: Too many open files; "
                                   "resting until a client leaves";
    if (!soaking.crush || strcmp(text, expected) != 0)
        violation("the log warns: %s", text);
    else if (warned)
        violation("the log warns twice, and nobody was accepted between");
    warned = true;
    journal.warnings++;
}

static void stopped(const char *line) {
    char expected[LINE];
    snprintf(expected, sizeof expected,
             "stopped: served %" PRIu64 " connection%s, echoed %" PRIu64
             " byte%s",
             journal.accepted, plural(journal.accepted), journal.echoed,
             plural(journal.echoed));
    if (strcmp(line, expected) != 0)
        violation("the log says '%s', and before '%s'", line, expected);
    journal.stopped = true;
}

static void accepted(int fd, const char *address, int64_t time_ms) {
    unsigned port = 0;
    sscanf(address, "127.0.0.1:%u", &port);
    struct client *client = crowd, *end = crowd + CROWD_MAX;
    while (client < end && (client->kind == NULL || client->port != port ||
                            client->account.accepted))
        client++;
    if (client == end || clients[fd] != NULL) {
        violation("[%d] accepted %s: who is that?", fd, address);
        return;
    }
    client->account =
        (struct account){.accepted = true, .fd = fd, .last_ms = time_ms};
    client->moved_ms = clock_ms();
    clients[fd] = client;
    journal.accepted++;
    warned = false;
}

// As the contract has it: `\n \r \t \\ \"` as in C, else three octal digits.
static void escape(char *out, const char *bytes, size_t length) {
    static const char plain[] = "\n\r\t\\\"", letters[] = "nrt\\\"";
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        const char *found = byte ? strchr(plain, byte) : NULL;
        if (found != NULL)
            out += sprintf(out, "\\%c", letters[found - plain]);
        else if (byte < ' ' || byte > '~')
            out += sprintf(out, "\\%03o", byte);
        else
            *out++ = (char)byte;
    }
    *out = '\0';
}

static void received(struct client *client, const char *text, int64_t time_ms) {
    char expected[LINE], bytes[SHOWN], shown[SHOWN * ESCAPED + 1];
    size_t length = strtoul(text, NULL, 10);
    size_t count = length < SHOWN ? length : SHOWN;
    stream_fill(client->key, client->account.received, bytes, count);
    escape(shown, bytes, count);
    snprintf(expected, sizeof expected, "%zu byte%s: \"%s\"%s", length,
             plural(length), shown, length > SHOWN ? "..." : "");
    if (strcmp(text, expected) != 0)
        violation("[%d] received %s, where client %" PRIu64 " (%s) said %s",
                  client->account.fd, text, client->number, client->kind->name,
                  expected);
    client->account.received += length;
    client->account.last_ms = time_ms;
    journal.received += length;
}

static void check_expiry(const struct client *client, int64_t time_ms) {
    int64_t late_ms = time_ms - client->account.last_ms - soaking.expire_ms;
    if (late_ms < 0) {
        journal.early++;
        violation("client %" PRIu64 " (%s) was sent away %" PRId64
                  " ms before its time",
                  client->number, client->kind->name, -late_ms);
    }
    bool is_silent = client->kind->ending == STAYS;
    if (is_silent && late_ms > journal.latest_ms) journal.latest_ms = late_ms;
    journal.expired++;
}

static const char *find_reason(const char *text, size_t length) {
    const char *reasons[] = {client_closed, reset, pipe_broken, idle};
    if (soaking.expire_ms != NEVER)
        snprintf(idle, sizeof idle, "idle for %g s",
                 (double)soaking.expire_ms / 1000);
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strlen(reasons[i]) == length &&
            strncmp(text, reasons[i], length) == 0)
            return reasons[i];
    return NULL;
}

static void closed(struct client *client, const char *text, int64_t time_ms) {
    const char *rest = strstr(text, "; echoed ");
    size_t length = rest ? (size_t)(rest - text) : 0;
    struct account *account = &client->account;
    account->closed = true;
    account->reason = find_reason(text, length);
    clients[account->fd] = NULL;

    char expected[LINE];
    if (rest) account->echoed = strtoul(rest + strlen("; echoed "), NULL, 10);
    snprintf(expected, sizeof expected, "; echoed %zu byte%s", account->echoed,
             plural(account->echoed));
    if (account->reason == NULL || rest == NULL || strcmp(rest, expected) != 0)
        violation("[%d] closed: %s", account->fd, text);
    else if (account->reason == idle)
        check_expiry(client, time_ms);
    journal.echoed += account->echoed;
}

// Lines about a connection: "[5] accepted 127.0.0.1:53312" and what follows.
static bool check_event(const char *line, int64_t time_ms) {
    const char *text;
    int fd = -1, length = 0;
    sscanf(line, "[%d] %n", &fd, &length);
    if (length == 0 || fd < 0 || fd >= DESCRIPTORS) return false;
    line += length;
    if (starts(line, "accepted ", &text))
        accepted(fd, text, time_ms);
    else if (clients[fd] == NULL)
        return false;
    else if (starts(line, "received ", &text))
        received(clients[fd], text, time_ms);
    else if (starts(line, "closed: ", &text))
        closed(clients[fd], text, time_ms);
    else
        return false;
    return true;
}

// Takes the time off the start of a line. NULL if it is not there.
static const char *read_time(const char *line, int64_t *time_ms) {
    char expected[32];
    double seconds = strtod(line, NULL);
    int length = snprintf(expected, sizeof expected, "%8.3f ", seconds);
    if (strncmp(line, expected, (size_t)length) != 0) return NULL;
    *time_ms = (int64_t)(seconds * 1000 + 0.5);
    return line + length;
}

static void check_line(const char *line) {
    const char *rest;
    int64_t time_ms;
    journal.lines++;
    const char *event = read_time(line, &time_ms);
    if (event == NULL)
        violation("a line has no time: '%s'", line);
    else if (starts(event, "listening on ", &rest))
        listening(rest);
    else if (starts(event, "warning: ", &rest))
        warning(rest);
    else if (starts(event, "stopped: ", &rest))
        stopped(event);
    else if (!check_event(event, time_ms))
        violation("a line is none of the contract's: '%s'", line);
}

bool journal_read(int log) {
    static char text[64 * LINE];
    static size_t length; // of a line that has begun
    ssize_t more = read(log, text + length, sizeof text - length - 1);
    if (more == -1 && (errno == EAGAIN || errno == EINTR)) return true;
    if (more <= 0) return false;

    length += (size_t)more;
    text[length] = '\0';
    char *line = text, *end;
    while ((end = memchr(line, '\n', length)) != NULL) {
        *end = '\0';
        check_line(line);
        length -= (size_t)(end + 1 - line);
        line = end + 1;
    }
    memmove(text, line, length);
    if (length > LINE) violation("a line does not end: '%.80s...'", text);
    if (length > LINE) length = 0;
    return true;
}

static bool is_fair(const struct client *client) {
    const char *reason = client->account.reason;
    switch (client->outcome) {
    case FINISHED:
        return reason == client_closed || reason == idle;
    case SENT_AWAY:
        return reason == idle;
    default:
        return reason != NULL;
    }
}

void journal_settle(struct client *client) {
    const struct account *account = &client->account;
    if (client->fd != -1 || !account->closed) return;

    bool in_order = client->heard <= account->echoed &&
                    account->echoed <= account->received &&
                    account->received <= client->sent;
    bool whole = client->heard == client->sent;
    if (!in_order || (client->outcome == FINISHED && !whole))
        violation("client %" PRIu64 " (%s) sent %zu bytes, the server received "
                  "%zu and echoed %zu, the client heard %zu",
                  client->number, client->kind->name, client->sent,
                  account->received, account->echoed, client->heard);
    if (!is_fair(client))
        violation("client %" PRIu64 " (%s; sent %zu, heard %zu) %s: %s",
                  client->number, client->kind->name, client->sent,
                  client->heard,
                  client->outcome == SENT_AWAY ? "was sent away" : "ended",
                  account->reason ? account->reason : "no known reason");
    client->kind = NULL;
}
