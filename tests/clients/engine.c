#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "process.h"

enum {
    READ_BYTES = 64 * 1024,
    // Where the next client begins. Two clients send the same bytes at the same
    // place of their streams only if there are a million of them.
    STRIDE_BYTES = 7919,
    // Linux has 28,000 local ports for each pair of addresses, but tries one
    // half of them first: when that is taken, each connect() searches it in
    // vain.
    CLIENTS_PER_SOURCE = 12000,
    SOURCES = 0xfffe,
};

struct server server;

static struct address address; // from server_parse()

static char stream[STREAM_BYTES];
static int narrow_buffer, narrow_segment;
static char trouble[256];

static struct {
    int fd;
    const char *name;
} account = {.fd = -1};

uint64_t clock_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

bool engine_should_retry(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

const char *engine_trouble(void) {
    return trouble;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format,
                                                       ...) {
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(trouble, sizeof trouble, format, arguments);
    va_end(arguments);
    errno = error;
}

void engine_open(void) {
    uint64_t state = (uint64_t)getpid();
    process_prepare();
    for (size_t i = 0; i < STREAM_BYTES; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        stream[i] = (char)(state >> 56);
    }
}

bool account_open(const char *path, const char *name) {
    account.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    account.name = name;
    return account.fd != -1;
}

void clients_narrow(int buffer_bytes, int segment_bytes) {
    narrow_buffer = buffer_bytes;
    narrow_segment = segment_bytes;
}

// --- the server's address ----------------------------------------------------

const char *server_parse(const char *text) {
    server.name = text;
    return address_parse(&address, text);
}

bool server_find(void) {
    if (address.path) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        memcpy(name.sun_path, address.path, strlen(address.path));
        memcpy(&server.address, &name, sizeof name);
        server.size = sizeof name;
        return true;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int failure = getaddrinfo(address.host, address.port, &hints, &found);
    if (failure) note("cannot find %s: %s", server.name, gai_strerror(failure));
    if (failure) return false;
    memcpy(&server.address, found->ai_addr, found->ai_addrlen);
    server.size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

// --- connecting --------------------------------------------------------------

// Many clients of one server need many addresses: the server's own first, and
// those that follow it. IP_BIND_ADDRESS_NO_PORT lets connect() choose the port,
// so that two runs side by side do not take each other's.
static bool choose_source(const struct client *client) {
    const struct sockaddr_in *to = (const void *)&server.address;
    if (to->sin_family != AF_INET) return true;
    uint32_t source = ntohl(to->sin_addr.s_addr) +
                      (uint32_t)(client->number / CLIENTS_PER_SOURCE % SOURCES);
    // The kernel takes 127.0.0.1 by itself.
    if (source == INADDR_LOOPBACK || source >> 24 != IN_LOOPBACKNET)
        return true;

    int yes = 1;
#ifdef IP_BIND_ADDRESS_NO_PORT
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes,
               sizeof yes);
#else
    setsockopt(client->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
#endif
    struct sockaddr_in name = {.sin_family = AF_INET};
    name.sin_addr.s_addr = htonl(source);
    return bind(client->fd, (struct sockaddr *)&name, sizeof name) == 0;
}

// Before connect(), which tells the server how large the window can be.
static void set_options(int fd) {
    int yes = 1;
    if (server.address.ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (narrow_segment)
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &narrow_segment,
                   sizeof narrow_segment);
    if (narrow_buffer == 0) return;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &narrow_buffer, sizeof narrow_buffer);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &narrow_buffer, sizeof narrow_buffer);
}

static void note_port(struct client *client) {
    struct sockaddr_in own = {0};
    socklen_t size = sizeof own;
    if (account.fd == -1 || server.address.ss_family == AF_UNIX) return;
    // IPv6 has its port at the same place.
    getsockname(client->fd, (struct sockaddr *)&own, &size);
    client->port = ntohs(own.sin_port);
}

static bool client_start(const struct client *client) {
    if (fcntl(client->fd, F_SETFL, O_NONBLOCK) == -1) return false;
    if (!choose_source(client)) return false;
    set_options(client->fd);
    return connect(client->fd, (struct sockaddr *)&server.address,
                   server.size) == 0 ||
           errno == EINPROGRESS || errno == EINTR;
}

bool client_begin(struct client *client, size_t number) {
    *client = (struct client){
        .fd = socket(server.address.ss_family, SOCK_STREAM, 0),
        .number = number,
        .text = stream,
        .period = STREAM_BYTES,
        .start = number * STRIDE_BYTES % STREAM_BYTES,
        .sent_ns = clock_ns(),
    };
    if (client->fd != -1 && client_start(client)) {
        note_port(client);
        return true;
    }
    note("cannot connect to %s: %s", server.name, strerror(errno));
    int error = errno;
    if (client->fd != -1) close(client->fd);
    errno = error;
    return false;
}

bool client_finish(const struct client *client) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return true;
    errno = error;
    note("cannot connect to %s: %s", server.name, strerror(error));
    return false;
}

// --- bytes -------------------------------------------------------------------

ssize_t client_send(struct client *client, size_t total) {
    size_t at = (client->start + client->sent) % client->period;
    size_t length = client->period - at;
    size_t missing = total - client->sent;
    if (length > missing) length = missing;

    uint64_t before_ns = clock_ns();
    ssize_t taken = write(client->fd, client->text + at, length);
    if (taken == -1 && engine_should_retry()) return 0;
    if (taken == -1) {
        note("cannot send after %zu bytes: %s", client->sent, strerror(errno));
        return -1;
    }
    client->sent += (size_t)taken;
    client->sent_ns = before_ns;
    return taken;
}

// The first byte that is wrong is the next one to be heard.
static void note_wrong(struct client *client, const char *bytes,
                       const char *expected) {
    for (; *bytes == *expected; bytes++, expected++) client->heard++;
    note("byte %zu came back as 0x%02x, not 0x%02x", client->heard,
         (unsigned char)*bytes, (unsigned char)*expected);
}

static bool is_echo(struct client *client, const char *bytes, size_t length) {
    for (size_t part; length > 0; bytes += part, length -= part) {
        size_t at = (client->start + client->heard) % client->period;
        size_t unheard = client->sent - client->heard;
        part = client->period - at;
        if (part > length) part = length;
        if (part > unheard) part = unheard;

        if (unheard == 0) {
            note("byte %zu came back, and was never sent", client->heard);
            return false;
        }
        if (memcmp(bytes, client->text + at, part) != 0) {
            note_wrong(client, bytes, client->text + at);
            return false;
        }
        client->heard += part;
    }
    return true;
}

enum hearing client_hear(struct client *client) {
    static char bytes[READ_BYTES];
    ssize_t length = read(client->fd, bytes, sizeof bytes);
    if (length == -1 && engine_should_retry()) return HEARD_NOTHING;
    if (length == -1) {
        note("cannot read after %zu bytes: %s", client->heard, strerror(errno));
        return HEARD_ERROR;
    }
    if (length == 0) {
        note("the server closed after %zu of %zu bytes", client->heard,
             client->sent);
        return HEARD_END;
    }
    client->heard_ns = clock_ns();
    return is_echo(client, bytes, (size_t)length) ? HEARD_ECHO : HEARD_WRONG;
}

// --- the end -----------------------------------------------------------------

void client_half_close(const struct client *client) {
    shutdown(client->fd, SHUT_WR);
}

// While the port is still its own, so that accounts of one port are in order.
static void settle(const struct client *client) {
    char line[128];
    int length =
        snprintf(line, sizeof line, "account: %s %d %zu %zu\n", account.name,
                 client->port, client->sent, client->heard);
    if (account.fd != -1 && write(account.fd, line, (size_t)length) == -1)
        account.fd = -1; // its reader is gone
}

void client_close(const struct client *client) {
    settle(client);
    close(client->fd);
}

void client_reset(const struct client *client) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    // It fails where the server was faster: then there is nothing to reset.
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client_close(client);
}
