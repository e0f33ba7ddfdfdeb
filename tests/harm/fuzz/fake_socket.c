// Sockets that take and give less than they are asked, would block, are
// interrupted, end and break at random.

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "model.h"
#include "net.h"
#include "world.h"

enum { PERIOD = 100003 }; // a prime: no size of a buffer divides it

struct weather weather;
struct fake_socket sockets[FD_END];
struct fake_calls calls = {.fd = ANY_FD};
int highest_fd;

// All streams are this one, repeated, and start at different places.
static char stream[PERIOD + READ_SIZE];

static const char *stream_at(const struct fake_socket *socket,
                             uint64_t position) {
    return stream + (socket->stream + position) % PERIOD;
}

bool stream_was(const struct fake_socket *socket, const char *bytes,
                size_t length) {
    return length <= socket->taken && length <= READ_SIZE &&
           !memcmp(stream_at(socket, socket->taken - length), bytes, length);
}

void fake_socket_open(int fd) {
    static bool made;
    for (size_t i = 0; !made && i < PERIOD; i++) stream[i] = (char)chance();
    if (!made) memcpy(stream + PERIOD, stream, READ_SIZE);
    made = true;
    sockets[fd] = (struct fake_socket){.open = true, .stream = below(PERIOD)};
    if (fd > highest_fd) highest_fd = fd;
}

void fake_calls_begin(int fd) {
    calls = (struct fake_calls){.fd = fd};
}

static struct fake_socket *called(int fd) {
    expect(fd == calls.fd || calls.fd == ANY_FD,
           "it uses the descriptor of another client");
    expect(sockets[fd].open, "it uses a descriptor that is closed");
    calls.count++;
    sockets[fd].calls++;
    return &sockets[fd];
}

static ssize_t failed(int fd, const char *format, int error) {
    note(format, fd, error, 0);
    errno = error;
    return -1;
}

// Whether something is wrong with the call. A socket that is broken stays so.
static bool fails(int fd, const char *interrupted, const char *broken) {
    static const int errors[] = {ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH,
                                 EIO};
    struct fake_socket *socket = called(fd);
    if (percent(weather.interrupts)) {
        failed(fd, interrupted, EINTR);
        return true;
    }
    if (!socket->broken && below(1000) < weather.breaks)
        socket->broken = errors[below(sizeof errors / sizeof *errors)];
    if (!socket->broken) return false;
    calls.error = socket->broken;
    failed(fd, broken, socket->broken);
    return true;
}

static size_t shorten(size_t length) {
    if (!percent(weather.shortens)) return length;
    return percent(20) ? length - length / 2 : some((unsigned)length);
}

ssize_t fake_read(int fd, void *bytes, size_t size) {
    struct fake_socket *socket = &sockets[fd];
    expect(socket->taken == socket->echoed, "it reads and has bytes unsent");
    expect(size == READ_SIZE, "it reads less than a read buffer");
    if (fails(fd, "    [%ld] read is interrupted", "    [%ld] read fails"))
        return -1;
    uint64_t waiting = socket->sent - socket->taken;
    if (waiting == 0 && socket->finished) {
        calls.ended = true;
        note("    [%ld] read: the end", fd, 0, 0);
        return 0;
    }
    if (waiting == 0 || percent(weather.blocks))
        return failed(fd, "    [%ld] read blocks", EAGAIN);

    size_t length = shorten(size < waiting ? size : (size_t)waiting);
    memcpy(bytes, stream_at(socket, socket->taken), length);
    socket->taken += length;
    calls.moved += length;
    calls.read = true;
    note("    [%ld] reads %ld of %ld", fd, (long)length, (long)waiting);
    return (ssize_t)length;
}

ssize_t fake_write(int fd, const void *bytes, size_t length) {
    struct fake_socket *socket = &sockets[fd];
    expect(length == socket->taken - socket->echoed,
           "it writes more or less than what is unsent");
    expect(length > 0, "it writes nothing");
    expect(stream_was(socket, bytes, length),
           "what goes out is not what came in");
    if (fails(fd, "    [%ld] write is interrupted", "    [%ld] write fails"))
        return -1;
    if (percent(weather.blocks))
        return failed(fd, "    [%ld] write blocks", EAGAIN);

    size_t written = shorten(length);
    socket->echoed += written;
    echoed += written;
    calls.moved += written;
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
    socket->nonblocking = request == (unsigned long)FIONBIO && *yes;
    return 0;
}

int fake_close(int fd) {
    called(fd)->open = false;
    clients_open -= fd >= FIRST_CLIENT;
    note("    [%ld] is closed", fd, 0, 0);
    return 0;
}
