// terminal.h: pseudo-terminals with a shell in each, as a reader has them.
//
// What comes in a terminal is kept as lines until somebody drops them; blank
// lines are passed over. A prompt is known by two bytes that no program writes.
// All terminals of the process are read in terminals_wait() and only there, so
// that time passes in all of them alike.

#ifndef TERMINAL_H
#define TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "markdown.h"

enum { LINE_SIZE = 4096, LINES = 65536 };

struct terminal {
    const char *name;
    int fd; // of its master; -1 once nobody is in it any more
    pid_t shell;
    bool is_set_up; // the shell has been told what a prompt is here
    bool at_prompt; // and waits for a command
    char **lines;   // what has come
    int line_count;
    int64_t heard_ms; // when the last byte came

    // A line that has no end yet, and what is known of the bytes in front of
    // the next one.
    size_t partial_length, column;
    bool prompt_begun;
    enum { NO_ESCAPE, ESCAPE, ESCAPE_PARAMETERS } escape;
    char partial[LINE_SIZE];
};

// Whom to show what is typed and what comes; NULL for nobody.
extern FILE *terminals_transcript;

// Set by whoever has no more time: every wait ends at once from then on.
extern volatile sig_atomic_t terminals_interrupted;

// There are TERMINALS of them at most. Without a terminal or a shell the
// program ends.
struct terminal *terminal_open(const char *name);

// At the keyboard. Control characters are keys.
void terminal_type(struct terminal *terminal, const char *text);

// Forgets the first lines. When there are more than have come, the beginning of
// a line is the last of them.
void terminal_drop(struct terminal *terminal, int count);

// The process group that the keyboard belongs to.
pid_t terminal_foreground(const struct terminal *terminal);

// Reads all terminals, and waits for that at most so long.
void terminals_wait(int64_t ms);

// Ends all that runs in them: by ^C, a hangup, and then by force.
void terminals_close(void);

#endif
