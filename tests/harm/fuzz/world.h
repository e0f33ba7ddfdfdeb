// world.h: the made-up world that the server runs in.
//
// Every socket has a stream of bytes of its own, known in advance: what the
// server reads is made from it, and what the server writes is compared with
// it. So one byte lost, doubled or out of place is seen at once.

#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LISTENERS_MAX = 5,
    CLIENTS_MAX = 100, // at once: more than the poller names in a turn
    FIRST_LISTENER = 3,
    FIRST_CLIENT = FIRST_LISTENER + LISTENERS_MAX,
    FD_END = 300, // one past the highest descriptor
    ANY_FD = -1,
};

// What goes wrong, in so many of a hundred cases.
extern struct weather {
    unsigned interrupts, blocks, shortens, breaks, no_memory;
} weather;

// --- fake_socket.c: sockets, as the server sees them -------------------------

extern struct fake_socket {
    bool open, nonblocking;
    bool finished;   // the client has sent everything, and its FIN
    int broken;      // an errno, of every call from now on
    unsigned stream; // where its stream starts
    bool told;       // the poller named it in this turn of the loop
    unsigned calls;  // about this socket, in this turn
    // How far along its stream it is, in bytes:
    uint64_t sent;   // by the client, into the kernel
    uint64_t taken;  // by the server, out of the kernel
    uint64_t echoed; // by the server, into the kernel
} sockets[FD_END];

// What happened since fake_calls_begin().
extern struct fake_calls {
    int fd;       // the only one that may be used, or ANY_FD
    int count;    // of calls
    size_t moved; // bytes, in and out
    bool read;    // some bytes
    bool ended;   // the server read the end of file
    int error;    // a call told the server this errno
    // In the log:
    size_t shown;     // bytes that came in
    unsigned blocked; // lines about a write that would block
} calls;

extern int highest_fd; // that was ever open

void fake_calls_begin(int fd);
void fake_socket_open(int fd);

// Whether the last length bytes that the server took are these.
bool stream_was(const struct fake_socket *socket, const char *bytes,
                size_t length);

// --- fake_memory.c: memory that is counted and runs out ----------------------

extern unsigned memory_refused; // calls that found none
extern size_t memory_bytes;     // taken now

void *fake_malloc(size_t size);

// --- connection_model.c ------------------------------------------------------

extern uint64_t echoed; // bytes, in this life

void check_memory(int holders); // clients with unsent bytes

// --- listener_model.c --------------------------------------------------------

extern int64_t pause_ms;    // when the listeners' pause ends, or NEVER
extern int clients_open;    // how many
extern int clients_allowed; // for more there are no descriptors
extern uint64_t served;     // clients, in this life

void clients_connect(void);
bool client_waits(int listener);
void check_listeners(bool stopping);
void listener_warns(const char *line);

// --- server_model.c ----------------------------------------------------------

extern int64_t now_ms;

#endif
