#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "log.h"

#define DEFAULT_ADDRESS "127.0.0.1:8080"

enum {
    DEFAULT_TIMEOUT_S = 5,
    LONGEST_TIMEOUT_S = 1000 * 1000 * 1000, // 31 years
    WRONG_USAGE = 2,
};

// All options of all stages; takes is 0 for those that every stage takes.
static const struct {
    int letter, takes;
    const char *name, *argument, *help;
} table[] = {
    {'h', 0, "help", "", "show this text"},
    {'q', 0, "quiet", "", "don't log what clients do"},
    {'v', 0, "verbose", "", "also log what the server waits for"},
    {'w', TAKES_WORKERS, "workers", " N", "serve all clients with N threads"},
    {'p', TAKES_POLL, "poll", "", "sleep in poll(2) instead of spinning"},
    {'e', TAKES_EDGE, "edge", "", "edge-triggered, not level-triggered"},
    {'t', TAKES_TIMEOUT, "timeout", " S",
     "close clients after S idle seconds (default 5)"},
};

enum { TABLE_SIZE = sizeof table / sizeof *table };

static void show_usage(FILE *out, const char *program, int takes) {
    fprintf(out, "usage: %s [OPTION]... [ADDRESS]%s\n", program,
            takes & TAKES_ADDRESSES ? "..." : "");
    fprintf(out, "Sends each client's bytes back to it.\n\n");
    for (int i = 0; i < TABLE_SIZE; i++) {
        if (table[i].takes & ~takes) continue;
        char names[32];
        snprintf(names, sizeof names, "-%c, --%s%s", table[i].letter,
                 table[i].name, table[i].argument);
        fprintf(out, "  %-18s %s\n", names, table[i].help);
    }
    fprintf(
        out,
        "\nADDRESS is PORT, HOST:PORT, [IPV6]:PORT or unix:PATH; the "
        "default is\n%s. A bare PORT is reachable from this machine only.\n",
        DEFAULT_ADDRESS);
}

// What the user typed, in quotes and escaped like payload in the log, so that
// it makes one line and can't send escape sequences to the terminal.
static const char *quoted(const char *typed) {
    static char shown[256], escaped[sizeof shown - 2];
    log_escape(escaped, sizeof escaped, typed, strlen(typed));
    snprintf(shown, sizeof shown, "'%s'", escaped);
    return shown;
}

__attribute__((format(printf, 3, 4))) _Noreturn static void
refuse(char **argv, int takes, const char *reason, ...) {
    va_list arguments;
    va_start(arguments, reason);
    fprintf(stderr, "%s: ", argv[0]);
    vfprintf(stderr, reason, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    show_usage(stderr, argv[0], takes);
    exit(WRONG_USAGE);
}

static bool parse_count(const char *text, int *count) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    *count = (int)value;
    return strspn(text, "0123456789") > 0 && *end == '\0' && errno == 0 &&
           value >= 1 && value <= INT_MAX;
}

static bool parse_seconds(const char *text, double *seconds) {
    char *end;
    *seconds = strtod(text, &end);
    // strtod() would also read "inf", "nan" and "0x5".
    return end > text && strspn(text, "0123456789.e-+") == strlen(text) &&
           *end == '\0' && *seconds > 0 && *seconds <= LONGEST_TIMEOUT_S;
}

static int64_t round_up(double value) {
    int64_t whole = (int64_t)value;
    return (double)whole < value ? whole + 1 : whole;
}

// Fills in what getopt_long() reads: the options that this stage takes.
static void list_options(int takes, char *letters, struct option *names) {
    *letters++ = ':'; // tell a missing argument from an unknown option
    for (int i = 0; i < TABLE_SIZE; i++) {
        bool argument = *table[i].argument != '\0';
        if (table[i].takes & ~takes) continue;
        *letters++ = (char)table[i].letter;
        if (argument) *letters++ = ':';
        *names++ =
            (struct option){table[i].name, argument, NULL, table[i].letter};
    }
    *letters = '\0';
    *names = (struct option){0};
}

static bool is_taken(int letter, int takes) {
    for (int i = 0; i < TABLE_SIZE; i++)
        if (table[i].letter == letter) return !(table[i].takes & ~takes);
    return false;
}

_Noreturn static void refuse_option(char **argv, int takes) {
    const char *typed = argv[optind - 1], one[] = {'-', (char)optopt, '\0'};
    if (optopt && !is_taken(optopt, takes)) typed = one; // of several: -vx
    refuse(argv, takes, "unknown option %s", quoted(typed));
}

// The option that needs a value is the last word, and has none. (musl's optind
// counts the value, which isn't there.)
static const char *last_word(char **argv) {
    while (argv[1] != NULL) argv++;
    return *argv;
}

static void parse_option(int letter, struct options *options, char **argv,
                         int takes) {
    switch (letter) {
    case 'h':
        show_usage(stdout, argv[0], takes);
        exit(EXIT_SUCCESS);
    case 'q':
        options->level = QUIET;
        break;
    case 'v':
        options->level = VERBOSE;
        break;
    case 'p':
        options->poll = true;
        break;
    case 'e':
        options->edge = true;
        break;
    case 'w':
        if (!parse_count(optarg, &options->workers))
            refuse(argv, takes, "bad number of workers %s", quoted(optarg));
        break;
    case 't':
        if (!parse_seconds(optarg, &options->timeout_s))
            refuse(argv, takes, "bad number of seconds %s", quoted(optarg));
        break;
    case ':':
        refuse(argv, takes, "%s needs a value", quoted(last_word(argv)));
    default:
        refuse_option(argv, takes);
    }
}

static void parse_addresses(struct options *options, char **texts, int count,
                            char **argv, int takes) {
    static char *standard[] = {DEFAULT_ADDRESS};
    options->addresses = count > 0 ? texts : standard;
    options->address_count = count > 0 ? count : 1;

    if (count > 1 && !(takes & TAKES_ADDRESSES))
        refuse(argv, takes,
               "one ADDRESS only: one thread can wait in one accept, not two");
    for (int i = 0; i < options->address_count; i++) {
        const char *text = options->addresses[i];
        struct address address;
        const char *wrong = address_parse(&address, text);
        if (wrong)
            refuse(argv, takes, "bad address %s: %s", quoted(text), wrong);
    }
}

struct options options_parse(int argc, char **argv, int takes) {
    struct options options = {.level = NORMAL, .timeout_s = DEFAULT_TIMEOUT_S};
    char letters[2 * TABLE_SIZE + 2];
    struct option names[TABLE_SIZE + 1];
    int letter;

    opterr = 0;
    list_options(takes, letters, names);
    while ((letter = getopt_long(argc, argv, letters, names, NULL)) != -1)
        parse_option(letter, &options, argv, takes);
    parse_addresses(&options, argv + optind, argc - optind, argv, takes);
    options.timeout_ms = round_up(options.timeout_s * 1000);
    return options;
}
