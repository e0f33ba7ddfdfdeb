// clients.h: a crowd of echo clients in one loop, the servers' idea from the
// other side.
//
// A closed loop: each client keeps a number of messages on their way, its
// pipeline, and sends the next one when one has come back. Every byte is
// checked (engine.h).
//
// A run has phases. All clients connect and hear one message, because only then
// has the server taken them and not just its kernel. Then they warm up, are
// measured, and let what is on its way come back. At the end each closes its
// half and waits for the server's: a byte too many is seen, too.

#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "latency.h"

// What there is to do, as the command line says it. Times are in seconds.
struct load {
    int clients;
    size_t bytes;  // of a message
    int pipeline;  // messages on their way
    bool churn;    // connect anew for each message
    bool hold;     // send nothing while it is measured
    bool lockstep; // with a pipeline of 1: send in rounds
    double warm_up_s;
    double measured_s; // measure for so long, INFINITY for no limit,
    uint64_t messages; // or until so many have come back
    pid_t server;      // whose CPU time is measured, 0 for none
};

// What can go wrong with a client. The first of each kind is reported on
// stderr, and the client is closed.
enum trouble {
    REFUSED, // it could not connect
    CLOSED,  // the server closed while bytes were on their way
    RESET,   // read or write failed
    WRONG,   // a byte came back that is not what was sent, or one too many
    MISSING, // bytes did not come back
    TROUBLES,
};

// What came of it.
struct outcome {
    struct latency latency; // in nanoseconds
    uint64_t messages;      // that came back while it was measured
    double measured_s;
    double connect_s;    // until all were connected
    double server_cpu_s; // while it was measured, negative if unknown
    int connected;
    uint64_t troubles[TROUBLES];
};

// Runs the clients, and fills in the outcome, which is zero before. Ends early
// on SIGINT and SIGTERM. It opens the poller of its process.
void clients_run(const struct load *wanted, struct outcome *result);

#endif
