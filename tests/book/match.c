#include "match.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = 5 }; // digits of an integer that nobody can foresee

static bool is_digit(char byte) {
    return isdigit((unsigned char)byte);
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

static const char *past_blanks(const char *text) {
    while (is_blank(*text)) text++;
    return text;
}

static size_t digits(const char *text) {
    size_t count = 0;
    while (is_digit(text[count])) count++;
    return count;
}

// How long the number with one decimal point is that stands there, or 0. There
// are two in an address.
static size_t decimal(const char *text) {
    size_t whole = digits(text);
    if (whole == 0 || text[whole] != '.') return 0;
    size_t fraction = digits(text + whole + 1);
    size_t length = whole + 1 + fraction;
    bool more = text[length] == '.' && is_digit(text[length + 1]);
    return fraction > 0 && !more ? length : 0;
}

// The time in front of a log line, with its blank: three decimals.
static size_t log_time(const char *text) {
    size_t length = decimal(text);
    bool three = length > 4 && text[length - 4] == '.';
    return three && is_blank(text[length]) ? length + 1 : 0;
}

static bool measured_alike(const char *shown, const char *came) {
    double said = strtod(shown, NULL), measured = strtod(came, NULL);
    if (said < 0.5) return measured <= 1;
    return measured >= said * 4 / 5 && measured <= said * 5 + 1;
}

// One of the two lines, and how far they have been found alike.
struct side {
    const char *line, *at;
};

// What an integer is depends on what stands around it.
static bool in_brackets(const struct side *side, size_t length) {
    return side->at > side->line && side->at[-1] == '[' &&
           side->at[length] == ']';
}

static bool is_port(const struct side *side, size_t length) {
    const char *at = side->at;
    return length == LONG && at - side->line >= 2 && at[-1] == ':' &&
           (is_digit(at[-2]) || at[-2] == ']');
}

static bool is_round(const char *at, size_t length) {
    return memcmp(at + length - 3, "000", 3) == 0;
}

static bool is_open(const struct side *side, size_t length) {
    if (in_brackets(side, length)) return true;
    return length >= LONG && !is_round(side->at, length);
}

// Whether the integer that came may stand for the one that is shown.
static bool integers_alike(const struct side *shown, size_t shown_length,
                           const struct side *came, size_t came_length) {
    if (came_length == 0 || decimal(came->at) > 0) return false;
    if (is_port(shown, shown_length)) return is_port(came, came_length);
    if (is_open(shown, shown_length)) return true;
    return shown_length == came_length &&
           memcmp(shown->at, came->at, came_length) == 0;
}

static bool numbers_alike(struct side *shown, struct side *came) {
    bool alike;
    size_t shown_length = decimal(shown->at), came_length;
    if (shown_length > 0) {
        came_length = decimal(came->at);
        alike = came_length > 0 && measured_alike(shown->at, came->at);
    } else {
        shown_length = digits(shown->at);
        came_length = digits(came->at);
        alike = integers_alike(shown, shown_length, came, came_length);
    }
    shown->at += shown_length;
    came->at += came_length;
    return alike;
}

// Whether a number starts here: not in the middle of a word or an address.
static bool starts_number(const struct side *side) {
    const char *at = side->at;
    if (!is_digit(*at)) return false;
    if (at == side->line) return true;
    bool in_address = at[-1] == '.' && at - side->line >= 2 && is_digit(at[-2]);
    bool in_word = isalnum((unsigned char)at[-1]) || at[-1] == '_';
    return !in_word && !in_address;
}

// Goes past blanks, where they are on both sides, or end a line.
static bool blanks_alike(struct side *shown, struct side *came) {
    const char *shown_rest = past_blanks(shown->at);
    const char *came_rest = past_blanks(came->at);
    bool alike = (shown_rest > shown->at) == (came_rest > came->at) ||
                 (*shown_rest == '\0' && *came_rest == '\0');
    shown->at = shown_rest;
    came->at = came_rest;
    return alike;
}

// An address in memory, 0x7ffd8c5a7bb0: how long, or 0.
static size_t memory_address(const char *text) {
    if (text[0] != '0' || text[1] != 'x') return 0;
    size_t length = 2;
    while (isxdigit((unsigned char)text[length])) length++;
    return length >= 2 + LONG ? length : 0;
}

// Goes past one on both sides.
static bool addresses_alike(struct side *shown, struct side *came) {
    size_t shown_length = memory_address(shown->at);
    size_t came_length = memory_address(came->at);
    if (shown_length == 0 || came_length == 0) return false;
    shown->at += shown_length;
    came->at += came_length;
    return true;
}

static bool rest_is_alike(struct side shown, struct side came) {
    while (blanks_alike(&shown, &came)) {
        if (addresses_alike(&shown, &came)) continue;
        if (starts_number(&shown)) {
            if (!numbers_alike(&shown, &came)) return false;
        } else {
            if (*shown.at != *came.at) return false;
            if (*shown.at == '\0') return true;
            shown.at++, came.at++;
        }
    }
    return false;
}

bool match_line(const char *shown, const char *came) {
    shown = past_blanks(shown);
    came = past_blanks(came);
    size_t shown_time = log_time(shown), came_time = log_time(came);
    if (shown_time > 0 && came_time > 0) {
        shown = past_blanks(shown + shown_time);
        came = past_blanks(came + came_time);
    }
    return rest_is_alike((struct side){shown, shown},
                         (struct side){came, came});
}

bool match_is_gap(const char *shown) {
    return match_line("...", shown);
}

int match_lines(char *const *shown, int shown_count, bool after_gap,
                char *const *came, int came_count) {
    int next = 0, taken = 0;
    // Where the last gap ends, so far; what follows it may come later still.
    int gap = after_gap ? 0 : -1, gap_taken = 0;

    while (next < shown_count) {
        if (match_is_gap(shown[next])) {
            gap = ++next;
            gap_taken = taken;
        } else if (taken == came_count) {
            return MATCH_NOT_YET;
        } else if (match_line(shown[next], came[taken])) {
            next++, taken++;
        } else if (gap == -1) {
            return MATCH_NEVER;
        } else {
            next = gap;
            taken = ++gap_taken;
        }
    }
    return taken;
}
