// fake_system.h: read before a source file, puts a fake system in the place of
// the real one. The source itself stays as it is.
//
// The system's headers come first and the names are replaced after that. So
// nothing brings the real calls back: neither the aliases that macOS and NetBSD
// give them in their headers nor the checked versions of _FORTIFY_SOURCE. -D on
// the command line would fall for both, and not every linker has --wrap.

#ifndef FAKE_SYSTEM_H
#define FAKE_SYSTEM_H

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t fake_read(int fd, void *bytes, size_t size);
ssize_t fake_write(int fd, const void *bytes, size_t length);
int fake_ioctl(int fd, unsigned long request, ...);
int fake_close(int fd);
void *fake_malloc(size_t size);
void *fake_realloc(void *block, size_t size);
void fake_free(void *block);

#define read    fake_read
#define write   fake_write
#define ioctl   fake_ioctl
#define close   fake_close
#define malloc  fake_malloc
#define realloc fake_realloc
#define free    fake_free

#endif
