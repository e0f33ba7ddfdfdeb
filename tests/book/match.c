#include "match.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = 5 }; // digits of an integer that nobody can foresee

static bool is_digit(char c) {
    return isdigit((unsigned char)c);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
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

// What an integer is depends on what stands around it.
static bool in_brackets(const char *line, const char *at, size_t length) {
    return at > line && at[-1] == '[' && at[length] == ']';
}

static bool is_port(const char *line, const char *at, size_t length) {
    return length == LONG && at - line >= 2 && at[-1] == ':' &&
           (is_digit(at[-2]) || at[-2] == ']');
}

static bool is_open(const char *line, const char *at, size_t length) {
    bool bytes = strncmp(at + length, " bytes", strlen(" bytes")) == 0;
    return in_brackets(line, at, length) || (length >= LONG && !bytes);
}

// Goes past the two numbers if the one that came may stand for the other.
static bool numbers_alike(const char *line, const char **shown,
                          const char *came_line, const char **came) {
    const char *a = *shown, *b = *came;
    size_t a_length = decimal(a), b_length = decimal(b);
    if (a_length > 0) {
        *shown += a_length, *came += b_length;
        return b_length > 0 && measured_alike(a, b);
    }
    a_length = digits(a), b_length = digits(b);
    *shown += a_length, *came += b_length;
    if (b_length == 0 || decimal(b) > 0) return false;
    if (is_port(line, a, a_length)) return is_port(came_line, b, b_length);
    if (is_open(line, a, a_length)) return true;
    return a_length == b_length && memcmp(a, b, a_length) == 0;
}

// A number starts here: not in the middle of a word, or of an address.
static bool starts_number(const char *line, const char *at) {
    if (!is_digit(*at)) return false;
    if (at == line) return true;
    bool in_address = at[-1] == '.' && at - line >= 2 && is_digit(at[-2]);
    bool in_word = isalnum((unsigned char)at[-1]) || at[-1] == '_';
    return !in_word && !in_address;
}

static bool blanks_alike(const char **shown, const char **came) {
    const char *a = past_blanks(*shown), *b = past_blanks(*came);
    bool alike = (a > *shown) == (b > *came) || (*a == '\0' && *b == '\0');
    *shown = a, *came = b;
    return alike;
}

bool match_line(const char *shown, const char *came) {
    const char *a = past_blanks(shown), *b = past_blanks(came);
    size_t a_time = log_time(a), b_time = log_time(b);
    if (a_time > 0 && b_time > 0) a += a_time, b += b_time;
    shown = a, came = b;
    while (blanks_alike(&a, &b)) {
        if (starts_number(shown, a)) {
            if (!numbers_alike(shown, &a, came, &b)) return false;
        } else if (*a != *b) {
            return false;
        } else if (*a == '\0') {
            return true;
        } else {
            a++, b++;
        }
    }
    return false;
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
