// crowd: many echo clients, and what they see of a server.
//
// Connects CLIENTS to ADDRESS, keeps messages on their way for a while, checks
// every byte that comes back, and tells how many there were and how long they
// took. The clients are clients.c; here are the command line, the processes
// that the clients are divided among, and the report.

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients.h"
#include "clock.h"
#include "engine.h"
#include "greet.h"
#include "log.h"
#include "poller.h"

enum {
    CLIENTS_MAX = 10000000,
    BYTES_MAX = 1 << 30,    // of a message
    PIPELINE_MAX = 1 << 20, // messages
    PROCESSES_MAX = 64,
    PROGRESS_MS = 200,
    WRONG_USAGE = 2,
};
// Options that have no letter.
enum { HOLD = 256, GREET, CHURN, LOCKSTEP, WARM_UP, SERVER, EVERY, ACCOUNT };

static const char usage[] =
    "usage: crowd [OPTION]... ADDRESS\n"
    "Measures an echo server with many clients, and checks every byte.\n"
    "\n"
    "  -c CLIENTS       how many (50)\n"
    "  -s BYTES         in a message (64)\n"
    "  -p PIPELINE      messages that a client has on their way (1)\n"
    "  -d SECONDS       measure for so long (1)\n"
    "  -n MESSAGES      measure so many; 0 connects only\n"
    "  -t PROCESSES     that the clients are divided among (1)\n"
    "  -j               print one line of JSON\n"
    "  --warm-up S      before it is measured (0.2)\n"
    "  --churn          connect anew for every message\n"
    "  --lockstep       send in rounds: the next when all are answered\n"
    "  --hold S         keep the clients connected and silent\n"
    "  --greet          clients come one by one, each says hello and leaves\n"
    "                   (100 clients)\n"
    "  --every S        how far apart they come (0.1)\n"
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
static bool json, greeting;
static double every_s = 0.1;
static int processes = 1;

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
    greeting |= option == GREET;
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
    case 't':
        processes = (int)number(text, 1, PROCESSES_MAX);
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
    case EVERY:
        every_s = seconds(text);
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
        {"greet", no_argument, NULL, GREET},
        {"churn", no_argument, NULL, CHURN},
        {"lockstep", no_argument, NULL, LOCKSTEP},
        {"warm-up", required_argument, NULL, WARM_UP},
        {"server", required_argument, NULL, SERVER},
        {"every", required_argument, NULL, EVERY},
        {"account", required_argument, NULL, ACCOUNT},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    bool counted = false;
    int option;
    while ((option = getopt_long(argc, argv, "hc:s:p:d:n:t:j", names, NULL)) !=
           -1) {
        counted |= option == 'c';
        parse_flag(option);
        if (optarg) parse_value(option, optarg);
    }
    if (argc - optind != 1) refuse("give it one ADDRESS");
    const char *wrong = server_parse(argv[optind]);
    if (wrong) refuse("bad address '%s': %s", argv[optind], wrong);
    find_server();
    if (greeting && !counted) load.clients = 100;
    if (processes > load.clients) processes = load.clients;
}

// --- the processes -----------------------------------------------------------

// A worker is a process with some of the clients: it has a poller, a core and
// descriptors of its own. All write to shared memory what came of it.
static struct outcome *outcomes;
static int starts[PROCESSES_MAX];
static pid_t workers[PROCESSES_MAX];

// Its part of the clients; the remainder is spread over the first ones.
static struct load part_of(int worker) {
    struct load part = load;
    int rest = load.clients % processes;
    part.clients = load.clients / processes + (worker < rest);
    part.first_client =
        load.clients / processes * worker + (worker < rest ? worker : rest);
    if (load.messages != UINT64_MAX)
        part.messages =
            load.messages / (unsigned)processes +
            ((unsigned)worker < load.messages % (unsigned)processes);
    return part;
}

static void start_worker(int worker, int ready_fd) {
    int start[2];
    if (pipe(start) == -1) die("pipe");
    pid_t pid = fork();
    if (pid == -1) die("fork");
    if (pid == 0) {
        // Only the supervisor may hold the other ends: when it is gone, the
        // worker sees the end, and ends.
        for (int i = 0; i < worker; i++) close(starts[i]);
        close(start[1]);
        struct load part = part_of(worker);
        clients_run(&part, &outcomes[worker], ready_fd, start[0]);
        exit(EXIT_SUCCESS);
    }
    close(start[0]);
    starts[worker] = start[1];
    workers[worker] = pid;
}

static void start_workers(int ready_fd) {
    size_t size = (size_t)processes * sizeof *outcomes;
    outcomes = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcomes == MAP_FAILED) die("no memory for the figures");
    for (int i = 0; i < processes; i++) start_worker(i, ready_fd);
}

static void order_start(void) {
    for (int i = 0; i < processes; i++)
        while (write(starts[i], "", 1) == -1 && errno == EINTR) {
        }
}

// Closing it is the order to finish.
static void order_end(void) {
    for (int i = 0; i < processes; i++) {
        if (starts[i] != -1) close(starts[i]);
        starts[i] = -1;
    }
}

static bool workers_ended_well(void) {
    bool well = true;
    for (int i = 0; i < processes; i++) {
        int status = 0;
        while (waitpid(workers[i], &status, 0) == -1 && errno == EINTR) {
        }
        well &= status == 0;
    }
    return well;
}

static void show_progress(int64_t started_ms) {
    static int64_t next_ms;
    int64_t now_ms = clock_ms();
    double planned_s = load.warm_up_s + load.measured_s;
    if (!isatty(STDERR_FILENO) || load.hold) return;
    if (planned_s <= 2 || now_ms < next_ms) return;
    next_ms = now_ms + PROGRESS_MS;

    uint64_t heard = 0;
    for (int i = 0; i < processes; i++) heard += outcomes[i].heard;
    fprintf(stderr, "\r%6.1f s  %" PRIu64 " messages",
            (double)(now_ms - started_ms) / 1000, heard);
}

static void all_are_connected(void) {
    if (load.hold) {
        printf("holding %d client%s\n", load.clients,
               plural((uint64_t)load.clients));
        fflush(stdout);
    }
    order_start();
}

// Until all workers have closed their end of the pipe.
static void supervise(int ready_fd) {
    int64_t started_ms = clock_ms();
    int ready[POLLER_BATCH], waiting = processes;
    char bytes[PROCESSES_MAX];
    poller_open(false);
    if (!poller_add(ready_fd)) die("cannot wait for the clients");

    for (;;) {
        int count = poller_wait(ready, clock_ms() + PROGRESS_MS);
        show_progress(started_ms);
        for (int i = 0; i < count; i++) {
            if (ready[i] == POLLER_SIGNAL) {
                order_end();
                continue;
            }
            ssize_t length = read(ready_fd, bytes, sizeof bytes);
            if (length == 0) return;
            waiting -= length > 0 ? (int)length : 0;
            if (length > 0 && waiting == 0) all_are_connected();
        }
    }
}

// --- the report --------------------------------------------------------------

static struct outcome sum_outcomes(void) {
    struct outcome sum = {.server_cpu_s = outcomes[0].server_cpu_s};
    for (int i = 0; i < processes; i++) {
        const struct outcome *one = &outcomes[i];
        histogram_merge(&sum.latency_ns, &one->latency_ns);
        sum.messages += one->messages;
        sum.connected += one->connected;
        sum.measured_s = fmax(sum.measured_s, one->measured_s);
        sum.connect_s = fmax(sum.connect_s, one->connect_s);
        for (int kind = 0; kind < TROUBLES; kind++)
            sum.troubles[kind] += one->troubles[kind];
    }
    return sum;
}

static uint64_t count_troubles(const struct outcome *sum) {
    uint64_t count = 0;
    for (int i = 0; i < TROUBLES; i++) count += sum->troubles[i];
    return count;
}

static double rate(double count, double time_s) {
    return time_s > 0 ? count / time_s : 0;
}

static double latency_us(const struct outcome *sum, double part) {
    return (double)histogram_quantile(&sum->latency_ns, part) / 1000;
}

static double cpu_us(const struct outcome *sum) {
    return rate(sum->server_cpu_s * 1e6, (double)sum->messages);
}

static void print_json(const struct outcome *sum) {
    double per_s = rate((double)sum->messages, sum->measured_s);
    printf("{\"clients\": %d, \"bytes\": %zu, \"pipeline\": %d, "
           "\"processes\": %d, \"seconds\": %.4f, \"messages\": %" PRIu64 ", ",
           load.clients, load.bytes, load.pipeline, processes, sum->measured_s,
           sum->messages);
    printf("\"messages_per_s\": %.1f, \"mb_per_s\": %.3f, ", per_s,
           per_s * (double)load.bytes / 1e6);
    printf("\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, "
           "\"p999_us\": %.1f, \"max_us\": %.1f, ",
           latency_us(sum, 0.5), latency_us(sum, 0.9), latency_us(sum, 0.99),
           latency_us(sum, 0.999), (double)sum->latency_ns.largest / 1000);
    printf("\"connects\": %d, \"connect_s\": %.4f, \"connects_per_s\": %.1f, ",
           sum->connected, sum->connect_s,
           rate(sum->connected, sum->connect_s));
    printf("\"errors\": %" PRIu64 ", \"errors_connect\": %" PRIu64
           ", \"errors_closed\": %" PRIu64 ", \"errors_reset\": %" PRIu64
           ", \"errors_data\": %" PRIu64 ", \"errors_missing\": %" PRIu64,
           count_troubles(sum), sum->troubles[REFUSED], sum->troubles[CLOSED],
           sum->troubles[RESET], sum->troubles[WRONG], sum->troubles[MISSING]);
    if (load.server && sum->server_cpu_s >= 0)
        printf(", \"server_cpu_s\": %.6f, \"server_cpu_us\": %.4f",
               sum->server_cpu_s, cpu_us(sum));
    puts("}");
}

static void print_troubles(const struct outcome *sum) {
    static const char *names[] = {"could not connect", "closed by the server",
                                  "broken", "heard a wrong byte",
                                  "waited in vain"};
    if (count_troubles(sum) == 0) {
        puts("errors      none");
        return;
    }
    for (int i = 0; i < TROUBLES; i++)
        if (sum->troubles[i] > 0)
            printf("errors      %" PRIu64 " %s\n", sum->troubles[i], names[i]);
}

static void print_report(const struct outcome *sum) {
    double per_s = rate((double)sum->messages, sum->measured_s);
    printf("%d client%s, %zu byte%s a message, %d at a time, %.1f s\n",
           load.clients, plural((uint64_t)load.clients), load.bytes,
           plural(load.bytes), load.pipeline, sum->measured_s);
    printf("connects    %10.0f /s  %d in %.3f s, each with its first echo\n",
           rate(sum->connected, sum->connect_s), sum->connected,
           sum->connect_s);
    if (sum->messages > 0) {
        printf("messages    %10.0f /s  %.1f MB/s each way\n", per_s,
               per_s * (double)load.bytes / 1e6);
        printf("latency us  %10.1f p50 %10.1f p90 %10.1f p99\n",
               latency_us(sum, 0.5), latency_us(sum, 0.9),
               latency_us(sum, 0.99));
        printf("            %10.1f p99.9 %8.1f max\n", latency_us(sum, 0.999),
               (double)sum->latency_ns.largest / 1000);
    }
    if (load.server && sum->server_cpu_s >= 0)
        printf("server      %10.3f us of CPU time a message, %.3f s in all\n",
               cpu_us(sum), sum->server_cpu_s);
    print_troubles(sum);
}

int main(int argc, char **argv) {
    int ready[2];
    engine_open();
    parse_command_line(argc, argv);
    if (greeting)
        return greet(load.clients, every_s) ? EXIT_SUCCESS : EXIT_FAILURE;

    if (pipe(ready) == -1) die("pipe");
    start_workers(ready[1]);
    close(ready[1]);
    supervise(ready[0]);
    order_end();
    bool well = workers_ended_well();
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K");

    struct outcome sum = sum_outcomes();
    if (json)
        print_json(&sum);
    else
        print_report(&sum);
    return well && count_troubles(&sum) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
