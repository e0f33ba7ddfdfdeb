// terminal.h: the terminal that the watcher draws on.
//
// Between terminal_open() and terminal_close() it shows an alternate screen and
// hands over every key, Ctrl-C included, as a byte. Nothing here waits: a
// terminal that is slow to take a picture gets fewer of them.

#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum { KEY_NONE = -1, KEY_GONE = -2 };

// Its descriptor while it is open, else -1.
extern int terminal;

// Whether the program talks to one that knows escape codes.
bool terminal_is_there(void);

// See termios(3) and tty(4) for errno. On false nothing has happened.
bool terminal_open(void);

// Puts back all that was there before. Harmless when it is not open.
void terminal_close(void);

void terminal_size(int *rows, int *columns);

// Takes a picture, memory from malloc(3), and sends what the terminal takes at
// once. Not while it is busy with the one before.
void terminal_show(char *picture, size_t bytes);
bool terminal_busy(void);

// Sends more of the picture.
void terminal_send(void);

// The next key, KEY_NONE if nobody has pressed one, KEY_GONE when there is
// nobody any more.
int terminal_key(void);

#endif
