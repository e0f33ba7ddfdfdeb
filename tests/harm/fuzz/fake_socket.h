// fake_socket.h: sockets as a connection sees them, whose kernel and client are
// the model's.
//
// Every socket has a stream of bytes of its own, known in advance: what the
// server reads is made from it, and what the server writes is compared with
// it, so that one byte lost, doubled, changed or out of order is seen at once.
// Each call does at random what a real one may do.

#ifndef FAKE_SOCKET_H
#define FAKE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANY_FD = -1 };    // the server may use every socket
enum { SOCKETS = 4096 }; // descriptors go from 0 to this, exclusive

struct fake_socket {
    bool open, nonblocking;
    bool finished;   // the client has sent everything, and its FIN
    int broken;      // an errno, of every call from now on
    unsigned stream; // where its stream starts
    unsigned calls;  // about this socket, since it was set to 0
    // How far along its stream it is, in bytes:
    uint64_t sent;   // by the client, into the kernel
    uint64_t taken;  // by the server, out of the kernel
    uint64_t echoed; // by the server, into the kernel
};

extern struct fake_socket fake_sockets[SOCKETS];

// What a call does, in so many of a hundred cases.
struct weather {
    unsigned interrupts, blocks, shortens, breaks;
};

extern struct weather weather;

// What happened to the one socket that the server may use at this time.
struct turn {
    int fd;            // or ANY_FD
    int calls;         // of the system
    size_t taken;      // bytes
    size_t written;    // bytes
    bool read_blocked; // the last call to read
    bool ended;        // the server read the end of file
    int error;         // a call told the server this errno
    bool closed;
};

extern struct turn turn;

// From now on the server may use fd, and nothing else.
void turn_begin(int fd);

// A new socket, with a client behind it.
void fake_socket_open(int fd);

// Whether these bytes stand there in a socket's stream. At most READ_SIZE.
bool stream_is(const struct fake_socket *socket, uint64_t position,
               const char *bytes, size_t length);

#endif
