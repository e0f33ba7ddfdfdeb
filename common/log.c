#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"

enum {
    LINE_SIZE = 512, // the longest line, its newline included
    SHOWN = 64,       // bytes of payload in a line, at most
    ESCAPED = 4,      // characters a byte of payload can take: \033
};

static enum log_level level = NORMAL;
static int64_t start_ms;

void log_open(enum log_level chosen) {
    level = chosen;
    start_ms = clock_ms();
}

static bool can_write_again(void) {
    // Somebody else may have made our stderr non-blocking.
    struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (errno == EAGAIN) poll(&terminal, 1, -1);
    return errno == EAGAIN || errno == EINTR;
}

static void write_line(const char *line, size_t length) {
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, line, length);
        if (written == -1 && can_write_again()) continue;
        if (written <= 0) return;
        line += written;
        length -= (size_t)written;
    }
}

__attribute__((format(printf, 1, 0))) static void log_line(const char *format,
                                                           va_list arguments) {
    int before = errno;
    char line[LINE_SIZE];
    int64_t ms = clock_ms() - start_ms;
    int length = snprintf(line, sizeof line, "%4" PRId64 ".%03d ", ms / 1000,
                          (int)(ms % 1000));

    length += vsnprintf(line + length, sizeof line - (size_t)length, format,
                        arguments);
    if (length > LINE_SIZE - 1) length = LINE_SIZE - 1;
    line[length] = '\n'; // in the place of the final zero
    write_line(line, (size_t)length + 1);
    errno = before;
}

void log_always(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_line(format, arguments);
    va_end(arguments);
}

void log_event(const char *format, ...) {
    if (level < NORMAL) return;
    va_list arguments;
    va_start(arguments, format);
    log_line(format, arguments);
    va_end(arguments);
}

void log_detail(const char *format, ...) {
    if (level < VERBOSE) return;
    va_list arguments;
    va_start(arguments, format);
    log_line(format, arguments);
    va_end(arguments);
}

void log_accepted(int fd, const struct sockaddr *peer, socklen_t size) {
    if (level < NORMAL) return;
    char name[ADDRESS_SIZE];
    log_event("[%d] accepted %s", fd, address_name(peer, size, name));
}

// Writes at most ESCAPED characters and a zero. Returns how many characters.
static int escape(char *out, unsigned char byte) {
    static const char special[] = "\n\r\t\\\"", letters[] = "nrt\\\"";
    const char *found = byte ? strchr(special, byte) : NULL;
    bool printable = byte >= ' ' && byte <= '~';

    if (found)
        return snprintf(out, ESCAPED + 1, "\\%c", letters[found - special]);
    return snprintf(out, ESCAPED + 1, printable ? "%c" : "\\%03o", byte);
}

void log_received(int fd, const char *bytes, size_t length) {
    if (level < NORMAL) return;
    char text[SHOWN * ESCAPED + 1], *end = text;

    *end = '\0';
    for (size_t i = 0; i < length && i < SHOWN; i++)
        end += escape(end, (unsigned char)bytes[i]);
    log_event("[%d] received %zu byte%s: \"%s\"%s", fd, length, plural(length),
              text, length > SHOWN ? "..." : "");
}

void log_closed(int fd, const char *reason, uint64_t echoed) {
    log_event("[%d] closed: %s; echoed %" PRIu64 " byte%s", fd, reason, echoed,
              plural(echoed));
}

const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

void die(const char *format, ...) {
    const char *reason = strerror(errno);
    char what[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);

    log_always("error: %s: %s", what, reason);
    exit(EXIT_FAILURE);
}
