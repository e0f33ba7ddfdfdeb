// markdown.h: the sessions of a Markdown file, and what a reader does in them.
//
// A section goes from one heading to the next, of any level. Each ```console
// block in it is a session, and a session is made of stanzas: what is typed, or
// pressed, or waited for, and what a terminal shows then.
//
//     server$ ./01-blocking/server            COMMAND: typed at a shell
//        0.000 listening on 127.0.0.1:8080    what that terminal shows then
//     A> hello                                TYPED: into the program in A
//     A> ^C                                   the same, a key: ^C, ^D or ^Z
//     (2 s later)                             PAUSE
//     A:                                      SHOWN: what has come meanwhile
//
// Everything lives until the program ends, and whoever has no memory for it
// ends the program.

#ifndef MARKDOWN_H
#define MARKDOWN_H

#include <stddef.h>

enum { TERMINALS = 16 }; // in a section, at most

enum kind { COMMAND, TYPED, PAUSE, SHOWN };

struct stanza {
    enum kind kind;
    int line;     // in the file, from 1
    int terminal; // an index of the section's terminals; not for PAUSE
    char *text;   // what is typed
    double seconds;
    char **shown; // without blank lines
    int shown_count;
};

struct session {
    int line;
    const char *skipped; // why, or NULL
    struct stanza *stanzas;
    int stanza_count;
};

struct section {
    char *heading;
    char **terminals; // their names, in the order of their first commands
    int terminal_count;
    struct session *sessions;
    int session_count;
};

struct book {
    const char *path;
    struct section *sections; // those that have sessions
    int section_count;
};

// Ends the program when there is no such file, or something in a session that
// is none of the above.
struct book markdown_read(const char *path);

// Room for one more at the end of an array of count: the array, which may have
// moved, with a slot of zeros.
void *grown(void *array, int count, size_t size);

#endif
