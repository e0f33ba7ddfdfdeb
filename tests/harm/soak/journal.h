// journal.h: what the server says, checked line by line as it says it.
//
// The log arrives through a pipe and is kept nowhere. Every line has to be one
// of those that the contract knows, and true: its connection's lines come in
// order, the bytes that it shows are the client's, and what it counts agrees
// with what the client has counted.

#ifndef JOURNAL_H
#define JOURNAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"

struct journal {
    struct sockaddr_in address; // where the server listens; port 0: not yet
    uint64_t lines, warnings, accepted;
    uint64_t expired, early;   // sent away by a deadline, and before it
    uint64_t received, echoed; // bytes
    int64_t latest_ms;         // after its deadline, of who was sent away
    bool stopped;              // it has said so
};

extern struct journal journal;

// Reads what there is and checks it. False: the log has ended.
bool journal_read(int log);

// Compares what a client knows with what the server knows, when both are done:
// then its place is free.
void journal_settle(struct client *client);

#endif
