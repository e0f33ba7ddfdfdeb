#include "address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { PORT_DIGITS = 5, PORT_MAX = 65535 };

static const char *parse_port(struct address *address, const char *port) {
    size_t digits = strspn(port, "0123456789");

    if (digits == 0 || digits > PORT_DIGITS || port[digits] != '\0' ||
        atoi(port) > PORT_MAX)
        return "PORT must be a number from 0 to 65535";
    memcpy(address->port, port, digits + 1);
    return NULL;
}

static const char *parse_host(struct address *address, const char *host,
                              size_t length) {
    if (length >= HOST_SIZE) return "HOST is longer than 255 characters";
    memcpy(address->host, host, length);
    address->host[length] = '\0';
    return NULL;
}

static const char *parse_path(struct address *address, const char *path) {
    struct sockaddr_un limit;

    if (*path == '\0') return "the path after unix: is missing";
    if (strlen(path) >= sizeof limit.sun_path)
        return "the path is too long for a Unix socket";
    address->path = path;
    return NULL;
}

static const char *parse_ipv6(struct address *address, const char *text) {
    const char *end = strchr(text, ']');

    if (end == NULL || end[1] != ':') return "write it as [IPV6]:PORT";
    size_t length = (size_t)(end - text) - 1;
    const char *wrong = parse_host(address, text + 1, length);
    if (wrong) return wrong;

    // What follows a % names an interface; the system will look at that.
    char bare[HOST_SIZE];
    struct in6_addr binary;
    length = strcspn(address->host, "%");
    memcpy(bare, address->host, length);
    bare[length] = '\0';
    if (inet_pton(AF_INET6, bare, &binary) != 1)
        return "there is no IPv6 address between the brackets";
    address->numeric = true;
    return parse_port(address, end + 2);
}

static const char *parse_name(struct address *address, const char *text) {
    const char *colon = strchr(text, ':');

    if (colon == NULL) return "it is neither a PORT nor HOST:PORT";
    if (strchr(colon + 1, ':')) return "write an IPv6 address as [IPV6]:PORT";
    if (colon == text)
        return "HOST is missing: write 127.0.0.1:PORT, or 0.0.0.0:PORT to let "
               "everybody in";
    const char *wrong = parse_host(address, text, (size_t)(colon - text));
    return wrong ? wrong : parse_port(address, colon + 1);
}

const char *address_parse(struct address *address, const char *text) {
    *address = (struct address){.text = text, .host = "127.0.0.1"};

    if (strncmp(text, "unix:", 5) == 0) return parse_path(address, text + 5);
    if (*text == '[') return parse_ipv6(address, text);
    if (*text != '\0' && text[strspn(text, "0123456789")] == '\0')
        return parse_port(address, text);
    return parse_name(address, text);
}

const char *address_name(const struct sockaddr *socket_address, socklen_t size,
                         char name[ADDRESS_SIZE]) {
    char host[HOST_SIZE], port[8];
    bool ipv6 = socket_address->sa_family == AF_INET6;

    if (socket_address->sa_family == AF_UNIX)
        snprintf(name, ADDRESS_SIZE, "unix");
    else if (getnameinfo(socket_address, size, host, sizeof host, port,
                         sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(name, ADDRESS_SIZE, "an unknown address");
    else
        snprintf(name, ADDRESS_SIZE, ipv6 ? "[%s]:%s" : "%s:%s", host, port);
    return name;
}
