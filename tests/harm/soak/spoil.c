// spoil.c: makes a good server a bad one, to see that the soak finds out.
//
// Loaded with LD_PRELOAD, it stands between the server and the C library. SPOIL
// in the environment says what goes wrong, once in a while:
//
//     leak   a descriptor more stays open
//     lose   a byte is taken and not sent
//     mute   a line of the log is missing

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { A_WHILE = 20 }; // calls

static bool goes_wrong(const char *what) {
    static unsigned calls;
    const char *spoil = getenv("SPOIL");
    return spoil && strcmp(spoil, what) == 0 && ++calls % A_WHILE == 0;
}

int close(int fd) {
    if (goes_wrong("leak")) open("/dev/null", O_RDONLY);
    return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    bool is_log = fd == STDERR_FILENO;
    if (is_log && goes_wrong("mute")) return (ssize_t)length;
    if (!is_log && length > 1 && goes_wrong("lose"))
        return syscall(SYS_write, fd, bytes, length - 1) + 1;
    return syscall(SYS_write, fd, bytes, length);
}
