// match.h: whether a terminal shows what the text says.
//
// A session that is repeated differs in its times, ports, descriptors and
// process ids. This is what is left open, and all of it:
//
// 1. the time at the start of a log line;
// 2. a number in brackets, [4];
// 3. a port of five digits after an address, 127.0.0.1:53312 or [::1]:53312;
// 4. an integer of five digits or more that does not end in three zeros, and an
//    address in memory, 0x7ffd8c5a7bb0: process ids, what was counted;
// 5. a number with a decimal point is measured. Where the text shows less than
//    0.5 it may be anything up to 1; else at least four fifths of what is
//    shown, and at most five times that and 1.
//
// Everything else is compared as it stands. A run of blanks counts as one, and
// blanks at the start and the end of a line don't count.

#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>

bool match_line(const char *shown, const char *came);

// "...": any lines, or none.
bool match_is_gap(const char *shown);

enum { MATCH_NOT_YET = -1, MATCH_NEVER = -2 };

// How many of the lines that came are those that are shown; there may be more.
// MATCH_NOT_YET when some are missing, MATCH_NEVER when one is wrong, whatever
// else comes. after_gap: any lines may stand before the first one.
int match_lines(char *const *shown, int shown_count, bool after_gap,
                char *const *came, int came_count);

#endif
