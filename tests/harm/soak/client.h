// client.h: the crowd, good clients and bad ones.
//
// A kind of client is a row of numbers: how much it says, how fast, when it
// reads and how it leaves. One state machine plays them all. Every byte that
// comes back is compared with the client's own stream.
//
// A client stands in a place of the crowd until it has left and the server's
// log says that its connection is closed: then the two accounts of it are
// compared (see journal.h) and the place is free.

#ifndef CLIENT_H
#define CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CROWD_MAX = 256, KINDS = 11 };

enum ending {
    HANGS_UP,    // closes when it has heard everything
    HALF_CLOSES, // says that it has said everything, and hears the rest
    GIVES_UP,    // closes and leaves its echo unread
    RESETS,      // breaks the connection when it has said everything
    STAYS,       // until it is sent away, or bored
};

struct kind {
    const char *name;
    int share, crush_share; // of the crowd, in percent
    size_t least, most;     // bytes that it says
    size_t burst;           // bytes at a time, at most
    size_t pause_ms;        // between two bursts, at most
    bool in_turn;           // hears the echo of a burst before the next one
    size_t deaf_ms;         // reads nothing for so long, at most
    enum ending ending;
    bool urgent; // a byte of what it says is urgent, and not in the stream
};

extern const struct kind kinds[KINDS];

enum outcome { FINISHED, LEFT, SENT_AWAY };

struct client {
    const struct kind *kind; // NULL: the place is free
    uint64_t number, dice, key;
    int fd; // -1: it has left
    in_port_t port;
    size_t total, sent, heard; // bytes
    int64_t speaks_ms;         // it says nothing before
    int64_t reads_ms;          // it reads nothing before
    int64_t leaves_ms;
    int64_t moved_ms; // the last time that something happened to it
    bool connected, has_ended, has_urged;
    enum outcome outcome;
    struct account {
        bool accepted, closed;
        int fd;                  // the server's
        int64_t last_ms;         // by the log's clock
        const char *reason;      // of journal.c
        size_t received, echoed; // bytes
    } account;                   // what the server's log says of it
};

extern struct client crowd[CROWD_MAX];

// A new client, of a random kind. See connect(2).
void client_come(const struct sockaddr_in *server);

// What poll(2) is to look for.
short client_events(const struct client *client, int64_t now_ms);

// Does what is to be done now, after poll(2) found revents.
void client_advance(struct client *client, int revents, int64_t now_ms);

// Complains if it has been waiting too long.
void client_check(struct client *client, int64_t now_ms);

#endif
