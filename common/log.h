// log.h: what a server says, a line an event, on stderr.
//
// Every line starts with the seconds since log_open() and leaves in one
// write(2), so that the lines of many threads do not mix. A log that nobody
// reads any more is lost and harms nothing; one that is open but never drained
// makes the writer wait, like any other full pipe. Nothing here changes errno.

#ifndef LOG_H
#define LOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum log_level { QUIET, NORMAL, VERBOSE };

// The log's time starts now.
void log_open(enum log_level chosen);

// At every level: that it listens, warnings, errors, that it stopped.
__attribute__((format(printf, 1, 2))) void log_always(const char *format, ...);

// What happens to clients: from NORMAL on.
__attribute__((format(printf, 1, 2))) void log_event(const char *format, ...);

// What the loop does, each wait and what ended it: VERBOSE only.
__attribute__((format(printf, 1, 2))) void log_detail(const char *format, ...);

// An event: that there is a client, and at which address.
void log_accepted(int fd, const struct sockaddr *peer, socklen_t size);

// An event: that bytes came, how many, and the first of them. They are shown
// escaped as in C, so that no client can write to the reader's terminal.
void log_received(int fd, const char *bytes, size_t length);

// An event, to be written before the descriptor is closed: afterwards its
// number may belong to somebody else.
void log_closed(int fd, const char *reason, uint64_t echoed);

// "s" unless there is exactly one of them.
const char *plural(uint64_t count);

// Says what the program could not do, and why (errno), and exits with 1.
__attribute__((format(printf, 1, 2))) _Noreturn void die(const char *format,
                                                         ...);

#endif
