// log.h: what a server reports on stderr, one line per event.
//
// Each line starts with the seconds since log_open() and is written by a single
// write(2), so that lines from different threads don't mix. If the reader of a
// pipe is gone, lines are lost and nothing else happens. If it's there but
// doesn't read, the writer blocks, as on any full pipe. Nothing here changes
// errno.

#ifndef LOG_H
#define LOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum log_level { QUIET, NORMAL, VERBOSE };

extern enum log_level log_level;

// Starts the clock and sets the level.
void log_open(enum log_level level);

// Logs a line at every level: listening, warnings, errors, stopped.
__attribute__((format(printf, 1, 2))) void log_always(const char *format, ...);

// Logs from NORMAL on: what happens to clients. A macro, like the next one, so
// that a line that isn't wanted costs one comparison.
#define log_event(...) (log_level < NORMAL ? (void)0 : log_always(__VA_ARGS__))

// Logs at VERBOSE only: each wait of the loop and what ended it.
#define log_detail(...)                                                        \
    (log_level < VERBOSE ? (void)0 : log_always(__VA_ARGS__))

// A client connected, from that address.
void log_accepted(int fd, const struct sockaddr *peer, socklen_t size);

// Data arrived: how many bytes, and the first of them, escaped.
void log_received(int fd, const char *bytes, size_t length);

// A connection is about to close. Log it before close(2): afterwards the number
// may already belong to the next client.
void log_closed(int fd, const char *reason, uint64_t echoed);

// Writes bytes as in a C string literal, as many as fit into size, so that they
// can't send escape sequences to your terminal. Returns out.
const char *log_escape(char *out, size_t size, const char *bytes,
                       size_t length);

// "s" unless count is 1.
const char *plural(uint64_t count);

// Logs what failed and why (errno), and exits with status 1.
__attribute__((format(printf, 1, 2))) _Noreturn void die(const char *format,
                                                         ...);

#endif
