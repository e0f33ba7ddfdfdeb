// fuzz_options: any command line is refused in the form that the contract says,
// or gives options that a server can use as they are.
//
// The first byte says what the stage takes; the lines that follow are the
// words.

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>

#include "fuzz.h"

_Noreturn static void fake_exit(int status);
static int fake_fprintf(FILE *out, const char *format, ...);
static int fake_vfprintf(FILE *out, const char *format, va_list arguments);
// Hardened, the C library has macros of its own for these.
#undef fprintf
#undef vfprintf
#define exit     fake_exit
#define fprintf  fake_fprintf
#define vfprintf fake_vfprintf
#include "options.c" // NOLINT(bugprone-suspicious-include)

enum { TEXT_MAX = 600, WORDS_MAX = 16, SAID_MAX = 8192 };

static jmp_buf back;
static char said[2][SAID_MAX]; // on stdout, on stderr

static void fake_exit(int status) {
    longjmp(back, status + 1);
}

static int fake_vfprintf(FILE *out, const char *format, va_list arguments) {
    char *text = said[out == stderr];
    size_t length = strlen(text);
    return vsnprintf(text + length, SAID_MAX - length, format, arguments);
}

static int fake_fprintf(FILE *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = fake_vfprintf(out, format, arguments);
    va_end(arguments);
    return length;
}

// getopt_long() begins anew.
static void forget_words(void) {
#ifdef __GLIBC__
    optind = 0;
#else
    optind = 1;
#ifdef __APPLE__
    optreset = 1;
#endif
#endif
}

static void check_options(const struct options *options, int takes) {
    demand(options->level >= QUIET && options->level <= VERBOSE,
           "a level that is none");
    demand(options->workers >= 0, "less than no workers");
    demand((takes & TAKES_WORKERS || options->workers == 0) &&
               (takes & TAKES_POLL || !options->poll) &&
               (takes & TAKES_EDGE || !options->edge) &&
               (takes & TAKES_TIMEOUT || options->timeout_ms == 5000),
           "an option that the stage doesn't have");
    double exact_ms = options->timeout_s * 1000;
    demand(exact_ms > 0 && exact_ms <= 1e12, "a time that is none");
    demand((double)options->timeout_ms >= exact_ms &&
               (double)options->timeout_ms < exact_ms + 1,
           "a time that is not rounded up");

    demand(options->address_count >= 1, "no address");
    demand(takes & TAKES_ADDRESSES || options->address_count == 1,
           "more addresses than one");
    for (int i = 0; i < options->address_count; i++) {
        struct address address;
        demand(address_parse(&address, options->addresses[i]) == NULL,
               "an address that is none");
    }
    demand(!*said[0] && !*said[1], "it says something and goes on");
}

static void check_exit(int status) {
    if (status == 0) {
        demand(strncmp(said[0], "usage: server ", 14) == 0, "no help");
        demand(!*said[1], "help on stderr");
        return;
    }
    demand(status == 2, "another status than 0 or 2");
    demand(!*said[0], "wrong usage on stdout");
    demand(strncmp(said[1], "server: ", 8) == 0, "no reason");
    const char *end = strchr(said[1], '\n');
    demand(end && strncmp(end + 1, "usage: server ", 14) == 0,
           "the reason is not one line before the usage");
    for (const char *next = said[1]; next < end; next++)
        demand(*next >= ' ' && *next <= '~', "what was typed is not escaped");
}

// Cuts text into words. Returns how many.
static int cut(char *text, char *words[WORDS_MAX + 1]) {
    int count = 0;
    words[count++] = (char *)"server";
    while (text && count < WORDS_MAX) words[count++] = strsep(&text, "\n");
    words[count] = NULL;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    static char text[TEXT_MAX], *words[WORDS_MAX + 1];
    static int takes, count;
    if (length == 0) return 0;
    takes = bytes[0] & 31;
    memset(text, 0, sizeof text);
    memcpy(text, bytes + 1, length < TEXT_MAX ? length - 1 : TEXT_MAX - 1);
    *said[0] = *said[1] = '\0';
    forget_words();
    count = cut(text, words);

    int result = setjmp(back);
    if (result == 0) {
        struct options options = options_parse(count, words, takes);
        check_options(&options, takes);
    } else
        check_exit(result - 1);
    return 0;
}
