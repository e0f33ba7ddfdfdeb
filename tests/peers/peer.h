// peer.h: what our echo servers on other people's libraries share.
//
// That is what is no library's business: a process that is ready to serve, and
// a listener like that of the stages.

#ifndef PEER_H
#define PEER_H

enum { READ_SIZE = 64 * 1024, REST_S = 1 };

// Reads the command line: a PORT, 0 for the kernel to choose one, or --version,
// which prints version and ends the program. Prepares the process as the stages
// do, listens on that port of 127.0.0.1 and says so on stderr. Returns the
// listening socket: non-blocking, with TCP_NODELAY for clients to inherit. Ends
// the program where that fails.
int peer_listen(int argc, char **argv, const char *version);

#endif
