// client.h: what the commands of build/tests/client are made of.
//
// Everything here waits as long as it takes, and ends the program with status 1
// and a line that says why when the server does what it must not. main() has
// set an alarm that ends the program when the time is up; by then, every wait
// has said what it waits for.

#ifndef CLIENT_H
#define CLIENT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine.h"

enum {
    LITTLE_BYTES = 8 * 1024, // buffers take that at once
    STUCK_MS = 300,          // a socket that takes nothing for so long is full
};

// --- steps.c -----------------------------------------------------------------

__attribute__((format(printf, 1, 2))) _Noreturn void fail(const char *format,
                                                          ...);

// Says what went wrong in the last step of that connection.
_Noreturn void fail_client(const struct client *client);

// What is awaited. The alarm's handler reads it.
extern const char *waiting_for;

double seconds_since(uint64_t then_ns);

// Sleeps until a descriptor is ready or timeout_ms (-1: no limit) have passed.
void wait_ready(struct pollfd *polls, size_t count, int timeout_ms,
                const char *what);

// The same for one client. Returns what poll(2) found, 0 after timeout_ms.
int await(const struct client *client, short events, int timeout_ms,
          const char *what);

// connect_client() is both of the others.
struct client begin_connecting(size_t number);
void finish_connecting(struct client *client);
struct client connect_client(size_t number);

// Sends what the socket takes now. Returns how many bytes.
size_t send_some(struct client *client, size_t total);

// Reads once. hear() returns false if the server has closed; hear_more() fails.
bool hear(struct client *client);
void hear_more(struct client *client);

// One turn of a transfer, after poll(2) found revents.
void advance(struct client *client, int revents, size_t total);

// Until all is sent, reading what comes back meanwhile.
void send_and_read(struct client *client, size_t total);

// Until all is sent, or the socket is full.
void send_unread(struct client *client, size_t total);

// Until everything that was sent is back.
void read_rest(struct client *client);
void half_close_and_read(struct client *client);

// A client that sends text and hears it. Returns the seconds until the whole
// echo was there.
double say_text(size_t number, const char *text);

// The commands' standard input: what the caller wants next, or that it ends.
bool read_line(char *line, int size);
bool stdin_ended(void);

// The ARGUMENT of a command: a number, or misuse.
size_t number_of(const char *argument);

// --- the commands: one.c, many.c, trio.c -------------------------------------

typedef void command(const char *argument);

command run_hello, run_half_close, run_drip, run_bulk, run_flood, run_no_read,
    run_silent, run_urgent, run_fill_after_close, run_linger_reset;
command run_reset, run_abort, run_unread, run_quick, run_crowd, run_burst,
    run_slow;
command run_trio;

#endif
