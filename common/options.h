// options.h: the command line, the same for every stage but for one option.
//
// Wrong usage ends the program with status 2, one line that says what is wrong
// and the usage on stderr; --help ends it with 0.

#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

// What a stage takes besides --help, --quiet, --verbose and one ADDRESS.
enum {
    TAKES_WORKERS = 1 << 0,
    TAKES_POLL = 1 << 1,
    TAKES_EDGE = 1 << 2,
    TAKES_TIMEOUT = 1 << 3,
    TAKES_ADDRESSES = 1 << 4, // more than one
};

struct options {
    int workers;        // --workers: 0 for a thread per connection
    bool poll;          // --poll
    bool edge;          // --edge
    double timeout_s;   // --timeout, as it was given, to be shown
    int64_t timeout_ms; // the same, rounded up
    int address_count;
    char **addresses; // each one an address_parse() has taken; not owned
};

// Prepares the process (process.h), reads the command line and opens the log at
// its level. See getopt_long(3).
struct options options_parse(int argc, char **argv, int takes);

#endif
