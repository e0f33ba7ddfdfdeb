// needs.h: which programs a session needs, and whether they are there.

#ifndef NEEDS_H
#define NEEDS_H

// What keeps this command from running here: "strace is not there". NULL when
// nothing does. The text lives as long as the program.
//
// A program is the first word of a command, also after a pipe, ";", "&&", "("
// and the like. Those with a slash in their name are ours: that one of them is
// not there is for the shell to say. But nobody has 04-epoll where there is no
// epoll, and -N is not known to every nc.
const char *needs_missing(const char *command);

#endif
