// system.h: what the operating system says about the server.
//
// From /proc where there is one, else from ps(1), which does not know all of
// it: what is not known is -1.

#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdint.h>
#include <sys/types.h>

// CPU time that it has used so far.
int64_t system_cpu_ms(pid_t pid);

int system_threads(pid_t pid);

// How many clients wait to be accepted on a TCP port of this machine.
int system_backlog(const char *port);

#endif
