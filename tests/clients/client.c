// client: the client that nc cannot be.
//
// One command per thing that a client can do to a server; the table below has
// them, and `client --help` prints it. Every byte that comes back is compared
// with the byte that was sent.

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "free_port.h"

enum { WRONG_USAGE = 2, LIMIT_S = 60, LIMIT_MAX_S = 86400 };

static const char usage[] =
    "usage: client [-t SECONDS] [-a FILE] ADDRESS COMMAND [ARGUMENT]\n"
    "One thing that a client can do to an echo server. Every byte is checked.\n"
    "\n"
    "  -t SECONDS       how long it may take (60), 0 for no limit\n"
    "  -a FILE          add a line for each connection when it is closed:\n"
    "                   account: COMMAND PORT SENT HEARD\n"
    "\n";

static const char usage_end[] =
    "\n"
    "ADDRESS is PORT, HOST:PORT, [IPV6]:PORT or unix:PATH. no-read and slow\n"
    "read on when a line comes on stdin, and leave when stdin ends. crowd\n"
    "obeys the lines hello, hello FIRST LAST, leave N and wait. Of the trio,\n"
    "A is silent for 800 ms, B says hello twice, and C sends all it can and\n"
    "reads nothing for 300 ms.\n"
    "\n"
    "Exit status: 0 if the server did what a client may expect, 1 if not or\n"
    "if the time was up, 2 for wrong usage.\n";

static void run_free_port(const char *argument);

static const struct {
    const char *name, *argument, *does;
    command *run;
} commands[] = {
    {"hello", "[TEXT]", "time the echo of a line", run_hello},
    {"half-close", "BYTES", "send, half-close, read all", run_half_close},
    {"drip", "BYTES", "each byte after an echo", run_drip},
    {"bulk", "BYTES", "send and read at full speed", run_bulk},
    {"flood", NULL, "bulk until stdin ends", run_flood},
    {"no-read", "BYTES", "read nothing until told to", run_no_read},
    {"silent", NULL, "until the server or stdin ends", run_silent},
    {"urgent", NULL, "one urgent byte among others", run_urgent},
    {"fill-after-close", NULL, "close while it writes", run_fill_after_close},
    {"linger-reset", NULL, "send, half-close, reset", run_linger_reset},
    {"reset", "COUNT", "reset while bytes are moving", run_reset},
    {"abort", "COUNT", "reset without a word", run_abort},
    {"unread", "COUNT", "close with an unread echo", run_unread},
    {"quick", "COUNT", "connect, hello, close, repeat", run_quick},
    {"crowd", "COUNT", "all at once, they obey stdin", run_crowd},
    {"guests", "COUNT", "a crowd, each greeted in turn", run_guests},
    {"burst", "COUNT", "all at once: hello, half-close", run_burst},
    {"slow", "COUNT", "all at once: no-read", run_slow},
    {"trio", NULL, "the recordings' three clients", run_trio},
    {"free-port", NULL, "name a free port of a HOST:0", run_free_port},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static _Noreturn void print_usage(void) {
    fputs(usage, stdout);
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-16s %-7s %s\n", commands[i].name,
               commands[i].argument ? commands[i].argument : "",
               commands[i].does);
    fputs(usage_end, stdout);
    exit(EXIT_SUCCESS);
}

static _Noreturn void misuse(const char *reason, const char *word) {
    fprintf(stderr, "client: %s: %s (see client --help)\n", reason, word);
    exit(WRONG_USAGE);
}

size_t number_of(const char *argument) {
    char *end;
    errno = 0;
    unsigned long long number = strtoull(argument, &end, 10);
    bool is_number = strspn(argument, "0123456789") > 0 && *end == '\0';
    if (!is_number || errno != 0 || number > SIZE_MAX / 2)
        misuse("not a number, or too large", argument);
    return (size_t)number;
}

// HOST has to be an address of this machine.
static void run_free_port(const char *argument) {
    (void)argument;
    int fd = socket(server.address.ss_family, SOCK_STREAM, 0);
    if (fd == -1 || bind(fd, (struct sockaddr *)&server.address, server.size))
        fail("no free port: %s", strerror(errno));
    close(fd);

    int port = free_port();
    if (port == -1) fail("no free port among a thousand");
    printf("%d\n", port);
}

static void time_is_up(int signal_number) {
    (void)signal_number;
    const char *parts[] = {"time is up, still waiting for ", waiting_for, "\n"};
    for (int i = 0; i < 3; i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) == -1) break;
    _exit(EXIT_FAILURE);
}

static size_t find_command(const char *name, const char *argument) {
    size_t i = 0;
    while (i < COMMANDS && strcmp(commands[i].name, name) != 0) i++;
    if (i == COMMANDS) misuse("no such command", name);

    const char *wanted = commands[i].argument;
    if (!wanted && argument) misuse("this command takes no argument", argument);
    if (wanted && *wanted != '[' && !argument) misuse("missing", wanted);
    if (wanted && *wanted != '[') number_of(argument);
    return i;
}

int main(int argc, char **argv) {
    static const struct option names[] = {{"help", no_argument, NULL, 'h'},
                                          {0}};
    const char *file = NULL;
    size_t limit_s = LIMIT_S;
    int option;
    setvbuf(stdout, NULL, _IOLBF, 0);

    // The plus keeps GNU's getopt from looking for options in TEXT.
    while ((option = getopt_long(argc, argv, "+ht:a:", names, NULL)) != -1) {
        if (option == 'h') print_usage();
        if (option == '?') return WRONG_USAGE; // getopt has said why
        if (option == 't') limit_s = number_of(optarg);
        if (option == 'a') file = optarg;
    }
    if (limit_s > LIMIT_MAX_S) misuse("not a number, or too large", "SECONDS");
    if (argc - optind < 2) misuse("missing", "ADDRESS or COMMAND");
    if (argc - optind > 3) misuse("too many arguments", argv[optind + 3]);
    const char *address = argv[optind], *name = argv[optind + 1],
               *argument = argv[optind + 2];
    size_t found = find_command(name, argument);
    const char *wrong = server_parse(address);
    if (wrong) misuse(address, wrong);

    engine_open();
    signal(SIGALRM, time_is_up);
    alarm((unsigned)limit_s);
    if (!server_find()) fail("%s", engine_trouble());
    if (file && !account_open(file, name))
        fail("cannot open %s: %s", file, strerror(errno));
    commands[found].run(argument);
}
