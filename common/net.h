// net.h: the few socket calls that the stages share.
//
// Descriptors are plain ints and belong to the caller. A call that fails
// returns -1 or false and leaves errno as the system set it. A blocking call
// that a signal interrupts (EINTR) is retried.

#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { READ_SIZE = 64 * 1024 }; // bytes: the most one read takes

// Takes the next connection from a listener's backlog and logs its address.
// Also returns -1 with EAGAIN if that connection broke while it waited. See
// accept(2).
int net_accept(int listener);

// From now on, calls on fd fail with EAGAIN instead of blocking. See
// ioctl(2), FIONBIO.
bool net_set_nonblocking(int fd);

// Whether the last call failed only because it would have blocked (EAGAIN) or
// was interrupted (EINTR), so that the same call may succeed later.
bool net_should_retry(void);

// Waits for data. Returns the number of bytes read, 0 at end of file, or -1.
// See read(2).
ssize_t net_read(int fd, char *bytes, size_t size);

// Writes all bytes, blocking as often as it takes. Returns how many were
// written; fewer than length means that the connection broke, and errno says
// why. See write(2).
size_t net_write_all(int fd, const char *bytes, size_t length);

#endif
