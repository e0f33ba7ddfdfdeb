// fuzz_log: what a client sends is one line of printable ASCII in the log, and
// the line says what it was.
//
// The first byte says how the terminal takes it: in pieces, with interruptions.

#include <poll.h>
#include <unistd.h>

#include "fuzz.h"

static ssize_t fake_write(int fd, const void *bytes, size_t length);
static int fake_poll(struct pollfd *descriptors, nfds_t count, int timeout_ms);
#define write fake_write
#define poll  fake_poll
#include "log.c" // NOLINT(bugprone-suspicious-include)

enum { TOLD = 64 }; // bytes that the contract says are in the line

static char output[1024]; // the line
static size_t output_size;
static unsigned pieces; // bytes that a call takes; 0: all
static bool interrupted;

static ssize_t fake_write(int fd, const void *bytes, size_t length) {
    demand(fd == STDERR_FILENO, "it is not the log that is written to");
    interrupted = !interrupted && pieces;
    errno = pieces % 2 ? EINTR : EAGAIN;
    if (interrupted) return -1;
    if (pieces && pieces < length) length = pieces;
    demand(output_size + length < sizeof output, "the line does not end");
    memcpy(output + output_size, bytes, length);
    output_size += length;
    return (ssize_t)length;
}

static int fake_poll(struct pollfd *descriptors, nfds_t count, int timeout_ms) {
    demand(count == 1 && descriptors->events == POLLOUT && timeout_ms == -1,
           "what it polls for");
    return 1;
}

int64_t clock_ms(void) {
    return 0;
}

// Reads one byte as C does. Returns where the next one starts.
static const char *unescape(const char *text, unsigned char *byte) {
    static const char letters[] = "nrt\\\"", meant[] = "\n\r\t\\\"";
    demand(*text != '"' && *text != '\0', "the text ends early");
    *byte = (unsigned char)*text;
    if (*text != '\\') return text + 1;
    const char *letter = text[1] ? strchr(letters, text[1]) : NULL;
    if (letter) {
        *byte = (unsigned char)meant[letter - letters];
        return text + 2;
    }
    unsigned value = 0;
    for (int i = 1; i <= 3; i++) {
        demand(text[i] >= '0' && text[i] <= '7', "no octal digit");
        value = value * 8 + (unsigned)(text[i] - '0');
    }
    demand(value <= 255, "more than a byte");
    *byte = (unsigned char)value;
    return text + 4;
}

static void check_line(const uint8_t *bytes, size_t length) {
    char start[80];
    size_t size = (size_t)snprintf(start, sizeof start,
                                   "   0.000 [7] received %zu byte%s: \"",
                                   length, length == 1 ? "" : "s");
    demand(output_size > 0 && output[output_size - 1] == '\n',
           "the line has no end");
    output[output_size - 1] = '\0';
    for (size_t i = 0; i + 1 < output_size; i++)
        demand(output[i] >= ' ' && output[i] <= '~', "it reaches the terminal");
    demand(strncmp(output, start, size) == 0, "the line starts otherwise");

    const char *text = output + size;
    for (size_t i = 0; i < length && i < TOLD; i++) {
        unsigned char byte;
        text = unescape(text, &byte);
        demand(byte == bytes[i], "another byte than came in");
    }
    demand(strcmp(text, length > TOLD ? "\"..." : "\"") == 0,
           "the line ends otherwise");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    if (length == 0) return 0;
    pieces = bytes[0] < 128 ? 0 : bytes[0] - 127;
    interrupted = false;
    output_size = 0;
    errno = ENOTTY;
    log_received(7, (const char *)bytes + 1, length - 1);
    demand(errno == ENOTTY, "the log changes errno");
    check_line(bytes + 1, length - 1);
    return 0;
}
