// process.h: what a program needs of its process before it talks to anybody.

#ifndef PROCESS_H
#define PROCESS_H

// SIGPIPE is ignored, so that a write to a closed peer is an error (EPIPE) and
// not the end; descriptors 0, 1 and 2 are open, so that no socket gets one of
// them; and the soft limit of descriptors is raised to the hard limit. What the
// system refuses stays as it was. See signal(7), setrlimit(2).
void process_prepare(void);

#endif
