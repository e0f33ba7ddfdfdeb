// scene.h: which clients there are and what each waits for, as the log tells
// it.
//
// The server's log goes in, a line at a time; what it comes to stands in scene.
// Nothing is drawn and no clock is asked here: times are those of the log, in
// milliseconds since the server started. A line that is none of the log's, or
// for which there is no memory, is passed over.

#ifndef SCENE_H
#define SCENE_H

#include <stdbool.h>
#include <stdint.h>

enum state {
    SERVED,    // the server is at it now
    TO_READ,   // waits until the client sends
    TO_WRITE,  // waits until the client reads
    IN_CHANNEL // waits for a worker
};

enum {
    NAME_SIZE = 48,   // the longest address of a client, and a zero
    REASON_SIZE = 64, // of a client's end
    REPORT_SIZE = 256,
    CALL_SIZE = 16,
    DEPARTED = 32, // how many of those who left are remembered
};

struct client {
    int fd;
    bool open;
    enum state state;
    char name[NAME_SIZE];     // its address
    char reason[REASON_SIZE]; // once it is closed
    const char *call;         // the last one that waited for it
    uint64_t turn;            // of the loop, when the log last named it
    uint64_t received;        // bytes
    uint64_t echoed; // bytes, at least: until it has to wait again, the
                     // log does not say how many of the last ones
    uint64_t received_before; // when the last second began
    uint64_t rate;            // bytes received in the last second
    int64_t moved_ms;         // when it came or a byte moved
    int64_t closed_ms;
};

// What the thread that accepts is at.
enum doing { STARTING, WAITING, SERVING };

struct scene {
    // Set by the caller, before the first line.
    bool threads;  // clients are no business of the thread that accepts
    bool workers;  // and have to wait until one of theirs is free
    bool spinning; // the loop asks every client and never waits

    struct client *clients; // indexed by descriptor
    int room;               // slots in that array
    int count;              // how many of them are open
    struct client departed[DEPARTED];
    uint64_t departures; // all of them; the last one is in departed[] at
                         // (departures - 1) % DEPARTED

    enum doing doing;
    char call[CALL_SIZE];               // in which the loop waits
    int fd;                             // whom it serves, or waits for
    bool pausing;                       // it cannot accept for now
    uint64_t turns, turns_before, rate; // of the loop; rate is turns a second
    uint64_t received;

    int64_t line_ms;           // the time of the last line
    int64_t counted_ms;        // up to when turns_before counts
    int addresses;             // that it listens on
    char address[REPORT_SIZE]; // the first of them
    char report[REPORT_SIZE];  // the last warning or error, or how it stopped
};

extern struct scene scene;

// Takes one line without its newline.
void scene_line(const char *line);

// Counts what has happened in the last second: to be called once in each, with
// the time.
void scene_second(int64_t now_ms);

// What a client is doing now.
enum state client_state(const struct client *client);

// The last call that waited for it, the loop's or one of its own.
const char *client_call(const struct client *client);

// Bytes echoed, at least; all of them if *exact.
uint64_t client_echoed(const struct client *client, bool *exact);

#endif
