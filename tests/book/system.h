// system.h: what differs between Linux and the others.
//
// Linux gives a session a network of its own, where nobody else has port 8080,
// and processes of its own, among which pgrep finds nobody else's server. Where
// that is not to be had, the functions do what can be done without.

#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __linux__
enum { SYSTEM_HAS_EPOLL = true };
#else
enum { SYSTEM_HAS_EPOLL = false };
#endif

enum isolation { SHARED, OWN_NETWORK, OWN_NETWORK_AND_PROCESSES };

// The best that is to be had here. Finds out at the first call.
enum isolation system_isolation(void);

// Starts a process that calls the function, with the argument, and ends with
// what it returns. When its parent ends before it, it gets a SIGTERM. Returns
// -1 when there is none; see clone(2) for errno.
pid_t system_start(int (*function)(void *), void *argument);

// Whether all processes of that group sleep, and, in *turns, how often they
// have slept so far: a different number says that they have done something in
// between. Where the system does not tell, they don't sleep.
bool system_sleeps(pid_t group, uint64_t *turns);

// Whether no process of that group runs any more.
bool system_has_ended(pid_t group);

// Ends, by force, whatever this process or a child of it has started, and waits
// for it.
void system_end_all(void);

#endif
