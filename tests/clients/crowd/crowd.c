// crowd: many echo clients, and what they see of a server.
//
// Connects CLIENTS to ADDRESS, keeps messages on their way for a while, checks
// every byte that comes back, and tells how many there were and how long they
// took. The clients are clients.c; here are the command line and the report.

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients.h"
#include "engine.h"
#include "log.h"

enum {
    CLIENTS_MAX = 10000000,
    BYTES_MAX = 1 << 30,    // of a message
    PIPELINE_MAX = 1 << 20, // messages
    WRONG_USAGE = 2,
};
// Options that have no letter.
enum { HOLD = 256, CHURN, LOCKSTEP, WARM_UP, SERVER, ACCOUNT };

static const char usage[] =
    "usage: crowd [OPTION]... ADDRESS\n"
    "Measures an echo server with many clients, and checks every byte.\n"
    "\n"
    "  -c CLIENTS       how many (50)\n"
    "  -s BYTES         in a message (64)\n"
    "  -p PIPELINE      messages that a client has on their way (1)\n"
    "  -d SECONDS       measure for so long (1)\n"
    "  -n MESSAGES      measure so many; 0 connects only\n"
    "  -j               print one line of JSON\n"
    "  --warm-up S      before it is measured (0.2)\n"
    "  --churn          connect anew for every message\n"
    "  --lockstep       send in rounds: the next when all are answered\n"
    "  --hold S         keep the clients connected and silent\n"
    "  --server PID     also measure that process's CPU time\n"
    "  --account FILE   add a line for each connection when it is closed:\n"
    "                   account: crowd PORT SENT HEARD\n"
    "\n"
    "ADDRESS is PORT, HOST:PORT, [IPV6]:PORT or unix:PATH.\n";

static struct load load = {.clients = 50,
                           .bytes = 64,
                           .pipeline = 1,
                           .warm_up_s = 0.2,
                           .measured_s = 1,
                           .messages = UINT64_MAX};
static bool json;

// --- the command line --------------------------------------------------------

__attribute__((format(printf, 1, 2))) _Noreturn static void
refuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "crowd: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, " (see crowd --help)\n");
    va_end(arguments);
    exit(WRONG_USAGE);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (strspn(text, "0123456789") == 0 || *end != '\0' || errno != 0 ||
        value < least || value > most)
        refuse("'%s' is not a number from %" PRIu64 " to %" PRIu64, text, least,
               most);
    return value;
}

static double seconds(const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0 && value <= 1e9))
        refuse("'%s' is not a number of seconds", text);
    return value;
}

static void parse_flag(int option) {
    if (option == 'h') {
        fputs(usage, stdout);
        exit(EXIT_SUCCESS);
    }
    if (option == '?') exit(WRONG_USAGE); // getopt has said why
    json |= option == 'j';
    load.churn |= option == CHURN;
    load.lockstep |= option == LOCKSTEP;
    load.hold |= option == HOLD;
}

static void parse_messages(const char *text) {
    load.messages = number(text, 0, UINT64_MAX);
    load.measured_s = INFINITY;
}

static void parse_value(int option, const char *text) {
    switch (option) {
    case 'c':
        load.clients = (int)number(text, 1, CLIENTS_MAX);
        break;
    case 's':
        load.bytes = (size_t)number(text, 1, BYTES_MAX);
        break;
    case 'p':
        load.pipeline = (int)number(text, 1, PIPELINE_MAX);
        break;
    case 'n':
        parse_messages(text);
        break;
    case 'd':
    case HOLD:
        load.measured_s = seconds(text);
        break;
    case WARM_UP:
        load.warm_up_s = seconds(text);
        break;
    case SERVER:
        load.server = (pid_t)number(text, 1, INT32_MAX);
        break;
    case ACCOUNT:
        if (!account_open(text, "crowd"))
            refuse("cannot open '%s': %s", text, strerror(errno));
    }
}

static void find_server(void) {
    if (server_find()) return;
    fprintf(stderr, "crowd: %s\n", engine_trouble());
    exit(EXIT_FAILURE);
}

static void parse_command_line(int argc, char **argv) {
    static const struct option names[] = {
        {"hold", required_argument, NULL, HOLD},
        {"churn", no_argument, NULL, CHURN},
        {"lockstep", no_argument, NULL, LOCKSTEP},
        {"warm-up", required_argument, NULL, WARM_UP},
        {"server", required_argument, NULL, SERVER},
        {"account", required_argument, NULL, ACCOUNT},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "hc:s:p:d:n:j", names, NULL)) !=
           -1) {
        parse_flag(option);
        if (optarg) parse_value(option, optarg);
    }
    if (argc - optind != 1) refuse("give it one ADDRESS");
    const char *wrong = server_parse(argv[optind]);
    if (wrong) refuse("bad address '%s': %s", argv[optind], wrong);
    find_server();
}

// --- the report --------------------------------------------------------------

static uint64_t count_troubles(const struct outcome *outcome) {
    uint64_t count = 0;
    for (int i = 0; i < TROUBLES; i++) count += outcome->troubles[i];
    return count;
}

static double rate(double count, double time_s) {
    return time_s > 0 ? count / time_s : 0;
}

static double latency_us(const struct outcome *outcome, double part) {
    return (double)latency_quantile(&outcome->latency, part) / 1000;
}

static double cpu_us(const struct outcome *outcome) {
    return rate(outcome->server_cpu_s * 1e6, (double)outcome->messages);
}

static void print_json(const struct outcome *outcome) {
    double per_s = rate((double)outcome->messages, outcome->measured_s);
    printf("{\"clients\": %d, \"bytes\": %zu, \"pipeline\": %d, "
           "\"seconds\": %.4f, \"messages\": %" PRIu64 ", ",
           load.clients, load.bytes, load.pipeline, outcome->measured_s,
           outcome->messages);
    printf("\"messages_per_s\": %.1f, \"mb_per_s\": %.3f, ", per_s,
           per_s * (double)load.bytes / 1e6);
    printf("\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, "
           "\"p999_us\": %.1f, \"max_us\": %.1f, ",
           latency_us(outcome, 0.5), latency_us(outcome, 0.9),
           latency_us(outcome, 0.99), latency_us(outcome, 0.999),
           latency_us(outcome, 1));
    printf("\"connects\": %d, \"connect_s\": %.4f, \"connects_per_s\": %.1f, ",
           outcome->connected, outcome->connect_s,
           rate(outcome->connected, outcome->connect_s));
    printf("\"errors\": %" PRIu64 ", \"errors_connect\": %" PRIu64
           ", \"errors_closed\": %" PRIu64 ", \"errors_reset\": %" PRIu64
           ", \"errors_data\": %" PRIu64 ", \"errors_missing\": %" PRIu64,
           count_troubles(outcome), outcome->troubles[REFUSED],
           outcome->troubles[CLOSED], outcome->troubles[RESET],
           outcome->troubles[WRONG], outcome->troubles[MISSING]);
    if (load.server && outcome->server_cpu_s >= 0)
        printf(", \"server_cpu_s\": %.6f, \"server_cpu_us\": %.4f",
               outcome->server_cpu_s, cpu_us(outcome));
    puts("}");
}

static void print_troubles(const struct outcome *outcome) {
    static const char *names[] = {"could not connect", "closed by the server",
                                  "broken", "heard a wrong byte",
                                  "waited in vain"};
    if (count_troubles(outcome) == 0) {
        puts("errors      none");
        return;
    }
    for (int i = 0; i < TROUBLES; i++)
        if (outcome->troubles[i] > 0)
            printf("errors      %" PRIu64 " %s\n", outcome->troubles[i],
                   names[i]);
}

static void print_report(const struct outcome *outcome) {
    double per_s = rate((double)outcome->messages, outcome->measured_s);
    printf("%d client%s, %zu byte%s a message, %d at a time, %.1f s\n",
           load.clients, plural((uint64_t)load.clients), load.bytes,
           plural(load.bytes), load.pipeline, outcome->measured_s);
    printf("connects    %10.0f /s  %d in %.3f s, each with its first echo\n",
           rate(outcome->connected, outcome->connect_s), outcome->connected,
           outcome->connect_s);
    if (outcome->messages > 0) {
        printf("messages    %10.0f /s  %.1f MB/s each way\n", per_s,
               per_s * (double)load.bytes / 1e6);
        printf("latency us  %10.1f p50 %10.1f p90 %10.1f p99\n",
               latency_us(outcome, 0.5), latency_us(outcome, 0.9),
               latency_us(outcome, 0.99));
        printf("            %10.1f p99.9 %8.1f max\n",
               latency_us(outcome, 0.999), latency_us(outcome, 1));
    }
    if (load.server && outcome->server_cpu_s >= 0)
        printf("server      %10.3f us of CPU time a message, %.3f s in all\n",
               cpu_us(outcome), outcome->server_cpu_s);
    print_troubles(outcome);
}

int main(int argc, char **argv) {
    static struct outcome outcome;
    engine_open();
    parse_command_line(argc, argv);
    clients_run(&load, &outcome);
    latency_sort(&outcome.latency);
    if (json)
        print_json(&outcome);
    else
        print_report(&outcome);
    return count_troubles(&outcome) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
