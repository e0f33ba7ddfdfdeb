#include "fake_socket.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "model.h"
#include "net.h"

// A prime: no size of a buffer divides it.
enum { PERIOD = 100003, CALLS_MAX = 64 };

struct fake_socket fake_sockets[SOCKETS];
struct weather weather;
struct turn turn = {.fd = ANY_FD};

// All streams are this one, repeated, and start at different places.
static char bytes_of_all[PERIOD + READ_SIZE];

ssize_t fake_read(int fd, void *bytes, size_t size);
ssize_t fake_write(int fd, const void *bytes, size_t length);
int fake_ioctl(int fd, unsigned long request, ...);
int fake_close(int fd);

static void make_bytes(void) {
    for (size_t i = 0; i < PERIOD; i++) bytes_of_all[i] = (char)chance();
    memcpy(bytes_of_all + PERIOD, bytes_of_all, READ_SIZE);
}

static const char *stream_at(const struct fake_socket *socket,
                             uint64_t position) {
    return bytes_of_all + (socket->stream + position) % PERIOD;
}

bool stream_is(const struct fake_socket *socket, uint64_t position,
               const char *bytes, size_t length) {
    expect(length <= READ_SIZE, "more than a read buffer at once");
    return memcmp(stream_at(socket, position), bytes, length) == 0;
}

void fake_socket_open(int fd) {
    static bool made;
    if (!made) make_bytes();
    made = true;
    fake_sockets[fd] =
        (struct fake_socket){.open = true, .stream = below(PERIOD)};
}

void turn_begin(int fd) {
    turn = (struct turn){.fd = fd};
}

static struct fake_socket *called(int fd) {
    expect(fd == turn.fd || turn.fd == ANY_FD,
           "it uses a descriptor that is not its own");
    expect(fake_sockets[fd].open, "it uses a descriptor that is closed");
    expect(++turn.calls < CALLS_MAX || turn.fd == ANY_FD,
           "it calls and calls and does not return");
    fake_sockets[fd].calls++;
    return &fake_sockets[fd];
}

static ssize_t failed(int fd, const char *format, int error) {
    note(format, fd, error, 0);
    errno = error;
    return -1;
}

// Errors that a socket may have at any time. Once it has one it keeps it.
static bool breaks(struct fake_socket *socket) {
    static const int errors[] = {ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH,
                                 EIO};
    if (!socket->broken && below(1000) < weather.breaks)
        socket->broken = errors[below(sizeof errors / sizeof *errors)];
    if (socket->broken) turn.error = socket->broken;
    return socket->broken;
}

static size_t shorten(size_t length) {
    if (!percent(weather.shortens)) return length;
    return percent(20) ? length - length / 2 : some((unsigned)length);
}

ssize_t fake_read(int fd, void *bytes, size_t size) {
    struct fake_socket *socket = called(fd);
    uint64_t waiting = socket->sent - socket->taken;
    expect(socket->taken == socket->echoed, "it reads and has bytes unsent");
    expect(size > 0 && size <= READ_SIZE, "it reads no read buffer");

    turn.read_blocked = true;
    if (percent(weather.interrupts))
        return failed(fd, "    [%ld] read is interrupted", EINTR);
    if (breaks(socket))
        return failed(fd, "    [%ld] read fails", socket->broken);
    if (waiting == 0 && socket->finished) {
        turn.ended = true;
        note("    [%ld] read: the end", fd, 0, 0);
        return 0;
    }
    if (waiting == 0 || percent(weather.blocks))
        return failed(fd, "    [%ld] read blocks", EAGAIN);

    turn.read_blocked = false;
    size_t length = shorten(size < waiting ? size : (size_t)waiting);
    memcpy(bytes, stream_at(socket, socket->taken), length);
    socket->taken += length;
    turn.taken += length;
    note("    [%ld] reads %ld, %ld fit", fd, (long)length, (long)size);
    return (ssize_t)length;
}

ssize_t fake_write(int fd, const void *bytes, size_t length) {
    struct fake_socket *socket = called(fd);
    expect(length > 0, "it writes nothing");
    expect(socket->echoed + length <= socket->taken,
           "it writes more than it has received");
    expect(stream_is(socket, socket->echoed, bytes, length),
           "what goes out is not what came in");

    if (percent(weather.interrupts))
        return failed(fd, "    [%ld] write is interrupted", EINTR);
    if (breaks(socket))
        return failed(fd, "    [%ld] write fails", socket->broken);
    if (percent(weather.blocks))
        return failed(fd, "    [%ld] write blocks", EAGAIN);

    size_t written = shorten(length);
    socket->echoed += written;
    turn.written += written;
    note("    [%ld] writes %ld of %ld", fd, (long)written, (long)length);
    return (ssize_t)written;
}

int fake_ioctl(int fd, unsigned long request, ...) {
    struct fake_socket *socket = called(fd);
    if (percent(weather.breaks))
        return (int)failed(fd, "    [%ld] ioctl fails", EBADF);
    va_list arguments;
    va_start(arguments, request);
    const int *yes = va_arg(arguments, int *);
    va_end(arguments);
    expect(request == (unsigned long)FIONBIO, "what it sets on a socket");
    socket->nonblocking = *yes;
    return 0;
}

int fake_close(int fd) {
    called(fd)->open = false;
    turn.closed = true;
    note("    [%ld] is closed", fd, 0, 0);
    return 0;
}
