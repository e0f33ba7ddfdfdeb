#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "dice.h"
#include "soak.h"

enum {
    KIB = 1024,
    MIB = 1024 * KIB,
    INBOX = 64 * KIB,
    NARROW = 16 * KIB, // receive buffer of who is deaf: it is full soon
    BORED_MS = 3000,   // after which who is silent leaves
    LATE_MS = 10000,   // after a deadline, on a busy machine
};

const struct kind kinds[KINDS] = {
    {"greets", 30, 40, 6, 64, 64, 0, false, 0, HANGS_UP, false},
    {"chats", 20, 40, 1, 40000, 4000, 300, true, 0, HALF_CLOSES, false},
    {"byte by byte", 9, 5, 20, 200, 1, 0, true, 0, HALF_CLOSES, false},
    {"half-closes", 4, 0, MIB, 4 * MIB, INBOX, 0, false, 0, HALF_CLOSES, false},
    {"floods", 1, 0, 8 * MIB, 16 * MIB, INBOX, 0, false, 0, HALF_CLOSES, false},
    {"wakes up", 5, 0, MIB, 8 * MIB, INBOX, 0, false, 1500, HALF_CLOSES, false},
    {"gives up", 5, 0, MIB, 8 * MIB, INBOX, 0, false, 1500, GIVES_UP, false},
    {"resets", 9, 0, 1, MIB, INBOX, 0, false, 0, RESETS, false},
    {"aborts", 8, 5, 0, 0, 1, 0, false, 0, RESETS, false},
    {"silent", 6, 10, 0, 0, 1, 0, false, 0, STAYS, false},
    {"urgent", 3, 0, 2, 2000, 50, 5, false, 0, HALF_CLOSES, true},
};

struct client crowd[CROWD_MAX];

static uint64_t came; // clients so far

static bool not_now(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void complain(const struct client *client, const char *what) {
    violation("client %" PRIu64 " (%s; sent %zu of %zu bytes, heard %zu): %s",
              client->number, client->kind->name, client->sent, client->total,
              client->heard, what);
}

static const struct kind *choose_kind(uint64_t *dice) {
    int throw = (int)dice_roll(dice, 1, 100), i = 0;
    for (; i < KINDS - 1; i++) {
        throw -= soaking.crush ? kinds[i].crush_share : kinds[i].share;
        if (throw <= 0) break;
    }
    return &kinds[i];
}

static struct client client_invent(int64_t now_ms) {
    uint64_t dice = soaking.seed, number = ++came;
    // From the seed and the number alone: a client is the same in every run.
    dice = dice_throw(&dice) + number;
    const struct kind *kind = choose_kind(&dice);
    struct client client = {
        .kind = kind,
        .number = number,
        .key = dice_throw(&dice),
        .total = dice_roll(&dice, kind->least, kind->most),
        .leaves_ms = NEVER,
        .moved_ms = now_ms,
    };
    client.reads_ms =
        now_ms + (int64_t)dice_roll(&dice, kind->deaf_ms / 3, kind->deaf_ms);
    if (kind->ending == GIVES_UP) client.leaves_ms = client.reads_ms;
    if (kind->ending == STAYS && soaking.expire_ms == NEVER)
        client.leaves_ms = now_ms + (int64_t)dice_roll(&dice, 0, BORED_MS);
    client.dice = dice;
    return client;
}

static bool client_connect(struct client *client,
                           const struct sockaddr_in *server) {
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    int narrow = NARROW;

    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd == -1 || fcntl(client->fd, F_SETFL, O_NONBLOCK) == -1)
        return false;
    if (client->kind->deaf_ms > 0)
        setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &narrow, sizeof narrow);
    if (connect(client->fd, (const struct sockaddr *)server, sizeof *server) &&
        errno != EINPROGRESS)
        return false;
    if (getsockname(client->fd, (struct sockaddr *)&own, &size)) return false;
    client->port = ntohs(own.sin_port);
    return true;
}

void client_come(const struct sockaddr_in *server) {
    struct client *place = crowd;
    while (place->kind != NULL) place++;

    *place = client_invent(clock_ms());
    if (client_connect(place, server)) return;
    complain(place, strerror(errno));
    if (place->fd != -1) close(place->fd);
    place->kind = NULL;
}

static void client_leave(struct client *client, enum outcome outcome) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (client->kind->ending == RESETS)
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(client->fd);
    client->fd = -1;
    client->outcome = outcome;
}

// The server has closed, or the connection is broken. Whether it was right to
// send somebody away, its log will say.
static void client_hear_end(struct client *client, ssize_t length) {
    bool was_due = length == 0 && client->has_ended;
    if (was_due && client->heard < client->total)
        complain(client, "the server has closed, and the rest is lost");
    client_leave(client, was_due ? FINISHED : SENT_AWAY);
}

static void client_compare(struct client *client, const char *bytes,
                           size_t length) {
    static char expected[INBOX];
    stream_fill(client->key, client->heard, expected, length);
    bool is_echo = client->heard + length <= client->sent &&
                   memcmp(bytes, expected, length) == 0;
    if (is_echo) {
        client->heard += length;
        return;
    }
    complain(client, "what comes next is not what it has said");
    client_leave(client, LEFT);
}

static void client_hear(struct client *client, int64_t now_ms) {
    static char inbox[INBOX];
    ssize_t length = read(client->fd, inbox, sizeof inbox);
    if (length == -1 && not_now()) return;
    client->moved_ms = now_ms;
    if (length <= 0)
        client_hear_end(client, length);
    else
        client_compare(client, inbox, (size_t)length);
}

static bool wants_to_speak(const struct client *client, int64_t now_ms) {
    if (client->sent == client->total || now_ms < client->speaks_ms)
        return false;
    return !client->kind->in_turn || client->heard == client->sent;
}

static void client_urge(struct client *client) {
    if (!client->kind->urgent || client->has_urged) return;
    client->has_urged = send(client->fd, "!", 1, MSG_OOB) == 1;
}

static void client_speak(struct client *client, int64_t now_ms) {
    static char outbox[INBOX];
    size_t length = client->total - client->sent;
    size_t burst = dice_roll(&client->dice, 1, client->kind->burst);
    if (length > burst) length = burst;

    stream_fill(client->key, client->sent, outbox, length);
    ssize_t taken = send(client->fd, outbox, length, 0);
    if (taken == -1 && not_now()) return;
    client->moved_ms = now_ms;
    if (taken == -1) {
        client_leave(client, SENT_AWAY);
        return;
    }
    client->sent += (size_t)taken;
    client->speaks_ms =
        now_ms + (int64_t)dice_roll(&client->dice, 0, client->kind->pause_ms);
    client_urge(client);
}

// Whether it has said everything, or heard everything, and what follows.
static void client_end(struct client *client, int64_t now_ms) {
    bool has_said = client->connected && client->sent == client->total;
    enum ending ending = client->kind->ending;

    if (ending == HALF_CLOSES && has_said && !client->has_ended) {
        client->has_ended = true;
        shutdown(client->fd, SHUT_WR);
    }
    if (ending == HANGS_UP && has_said && client->heard == client->total)
        client_leave(client, FINISHED);
    else if (ending == RESETS && has_said)
        client_leave(client, LEFT);
    else if (client->connected && now_ms >= client->leaves_ms)
        client_leave(client, LEFT);
}

short client_events(const struct client *client, int64_t now_ms) {
    if (!client->connected) return POLLOUT;
    short events = now_ms >= client->reads_ms ? POLLIN : 0;
    return wants_to_speak(client, now_ms) ? events | POLLOUT : events;
}

void client_advance(struct client *client, int revents, int64_t now_ms) {
    if (revents & POLLOUT) client->connected = true;
    if (revents & ~POLLOUT) client_hear(client, now_ms);
    if (client->fd != -1 && revents & POLLOUT && wants_to_speak(client, now_ms))
        client_speak(client, now_ms);
    if (client->fd != -1) client_end(client, now_ms);
}

void client_check(struct client *client, int64_t now_ms) {
    int64_t quiet_ms = now_ms - client->moved_ms;
    bool expires = soaking.expire_ms != NEVER && client->account.accepted;

    if (expires && quiet_ms > soaking.expire_ms + LATE_MS)
        complain(client, "it should have been sent away");
    else if (quiet_ms > soaking.patience_ms)
        complain(client, "it waits for the server in vain");
    else
        return;
    client_leave(client, LEFT);
}
