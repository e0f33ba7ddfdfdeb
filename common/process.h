// process.h: process-wide setup, done before anything else.

#ifndef PROCESS_H
#define PROCESS_H

// Ignores SIGPIPE, so that writing to a closed connection is an error (EPIPE)
// and not the end of the program; raises the soft limit on descriptors to the
// hard one; opens descriptors 0 to 2 on /dev/null if they are closed, so that
// no client gets one of them, or exits if it can't. See signal(7),
// setrlimit(2).
void process_prepare(void);

#endif
