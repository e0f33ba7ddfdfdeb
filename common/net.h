// net.h: the few calls on a socket that the stages share.
//
// Descriptors are plain ints and belong to the caller. What fails returns -1 or
// false and leaves errno as the system call set it. A call that waits and is
// interrupted by a signal (EINTR) is made again and does not fail.

#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { INBOX_SIZE = 64 * 1024 }; // bytes: the most that one read takes

// Takes the next client off a listener's backlog and logs its address. Clients
// that went away in the backlog are passed over. See accept(2) for errno.
int net_accept(int listener);

// From now on calls on fd return at once, with EAGAIN where they would wait.
// See ioctl(2), and fcntl(2) for errno.
bool net_set_nonblocking(int fd);

// Whether the last call failed only because this is not the moment for it: it
// would have had to wait (EAGAIN), or a signal came between (EINTR).
bool net_would_block(void);

// Waits until the peer has sent something. Returns how many bytes it stored, 0
// when the peer has said everything, or -1. See read(2).
ssize_t net_read(int fd, char *bytes, size_t size);

// Waits as often as it must until all bytes are written. Returns how many were:
// fewer than length means that the peer is gone, and errno why. See write(2).
size_t net_write_all(int fd, const char *bytes, size_t length);

#endif
