// address.h: ADDRESS as the user writes it and as the log shows it.
//
//     8080           that port on 127.0.0.1: nobody outside gets in
//     HOST:PORT      a name or an IPv4 address
//     [IPV6]:PORT    brackets, because an IPv6 address has colons of its own
//     unix:PATH      a Unix domain socket in the file system
//
// Nothing is looked up here: a HOST may turn out not to exist.

#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

enum {
    HOST_SIZE = 256,               // a host name of 255 characters and a zero
    ADDRESS_SIZE = HOST_SIZE + 16, // what address_name() needs
};

struct address {
    const char *text; // as the user wrote it, and the user's
    const char *path; // of a Unix socket, part of text; NULL for TCP
    char host[HOST_SIZE];
    char port[6];
    bool numeric; // host is an IPv6 address, not a name
};

// Takes text apart. Returns NULL, or what is wrong with it and what to write
// instead.
const char *address_parse(struct address *address, const char *text);

// Writes the name of a socket's or peer's address in the form that
// address_parse() reads; a peer's Unix socket has none and is just "unix".
// Returns name.
const char *address_name(const struct sockaddr *socket_address, socklen_t size,
                         char name[ADDRESS_SIZE]);

#endif
