// soak.c: a crowd of good and bad clients, again and again, for a long time.
//
//     soak [-m MINUTES] [-s SEED] [-r RATE] [-p SECONDS] [-t SECONDS] [-v]
//          SERVER [OPTION]...
//
// It starts the SERVER. A crowd comes, RATE clients a second, misbehaves and
// leaves; then descriptors, threads and memory have to be back where they were
// before, and the CPU idle. Every other crowd is a crush: more come than the
// server has descriptors for. Meanwhile every byte and every line of the log is
// checked. -p says how long anything may take, -t that the server has the
// deadline of 06, -v shows once a second how far it is. SIGINT and SIGTERM end
// it early. Exit status: 0 and a report; 1 if the server did what it must not.

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "dice.h"
#include "journal.h"
#include "server.h"
#include "soak.h"

enum {
    LIMIT = 128,     // descriptors of the server
    ORDINARY = 96,   // clients at a time that it has room for, in any case
    CRUSH = 200,     // and that it has no room for
    CRUSH_RATE = 10, // times as many a second
    SLACK = 16,      // closed by its log and not yet by the kernel
    TICK_MS = 20,
    CROWD_MS = 10000,
    CRUSH_MS = 4000,
    QUIET_MS = 1000,
    IDLE_MS = 50,      // CPU time that is none, in QUIET_MS
    EARLY = 4,         // crowds, until memory is what it will be
    DRIFT_KB = 1024,   // that are no drift,
    STACK_KB = 64,     // nor is what the C library keeps for the next thread
    BUFFER_KB = 128,   // what a client may cost, and more than it does
    OWN_KB = 4 * 1024, // what the server may cost itself
    COMPLAINTS = 50,   // that are printed
};

struct soaking soaking = {.expire_ms = NEVER, .patience_ms = 60000};

static struct server server;
static struct cost base, worst, early, last, now;
static int64_t length_ms, end_ms;
static int64_t rate = 25; // clients a second
static uint64_t crowds, came[KINDS], sent, heard;
static uint64_t finished, whole; // clients that heard everything, and its bytes
static bool is_verbose, has_ended; // the server's log has
static volatile sig_atomic_t interrupted;

static double seconds_since(int64_t then_ms) {
    return (double)(clock_ms() - then_ms) / 1000;
}

void violation(const char *format, ...) {
    va_list arguments;
    if (++soaking.violations > COMPLAINTS) return;
    printf("%s: VIOLATION after %.3f s, seed %" PRIu64 ": ", soaking.name,
           seconds_since(soaking.start_ms), soaking.seed);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

static void interrupt(int number) {
    (void)number;
    interrupted = 1;
}

// --- the crowd ---------------------------------------------------------------

static int count_crowd(void) {
    int count = 0;
    for (int i = 0; i < CROWD_MAX; i++) count += crowd[i].kind != NULL;
    return count;
}

static void settle(struct client *client) {
    const struct kind *kind = client->kind;
    if (kind == NULL) return;
    journal_settle(client);
    if (client->kind != NULL) return;
    came[kind - kinds]++;
    sent += client->sent;
    heard += client->heard;
    if (client->outcome != FINISHED) return;
    finished++;
    whole += client->heard;
}

// Lets everybody, and the log, move once; for TICK_MS at most.
static void turn(void) {
    struct pollfd polls[CROWD_MAX + 1];
    int64_t now_ms = clock_ms();
    for (int i = 0; i < CROWD_MAX; i++) {
        bool here = crowd[i].kind != NULL && crowd[i].fd != -1;
        polls[i].fd = here ? crowd[i].fd : -1;
        polls[i].events = here ? client_events(&crowd[i], now_ms) : 0;
        polls[i].revents = 0;
    }
    polls[CROWD_MAX] = (struct pollfd){.fd = server.log, .events = POLLIN};
    poll(polls, CROWD_MAX + 1, TICK_MS);

    now_ms = clock_ms();
    for (int i = 0; i < CROWD_MAX; i++)
        if (polls[i].fd != -1)
            client_advance(&crowd[i], polls[i].revents, now_ms);
    if (polls[CROWD_MAX].revents && !has_ended)
        has_ended = !journal_read(server.log);
    for (int i = 0; i < CROWD_MAX; i++) settle(&crowd[i]);
}

// --- once a second -----------------------------------------------------------

static void remember_worst(void) {
    if (now.descriptors > worst.descriptors)
        worst.descriptors = now.descriptors;
    if (now.threads > worst.threads) worst.threads = now.threads;
    if (now.memory_kb > worst.memory_kb) worst.memory_kb = now.memory_kb;
}

static void check_cost(void) {
    int clients = count_crowd();
    if (!server_cost(&server, &now)) return; // its log will say so
    if (now.descriptors > base.descriptors + clients + SLACK)
        violation("%d descriptors, for %d clients", now.descriptors, clients);
    if (now.threads > base.threads + clients + SLACK)
        violation("%d threads, for %d clients", now.threads, clients);
    if (now.memory_kb > OWN_KB + LIMIT * BUFFER_KB)
        violation("%ld KiB of memory, for %d clients", now.memory_kb, clients);
    remember_worst();
}

static void show_progress(void) {
    if (!is_verbose) return;
    fprintf(stderr,
            "%s %.0f s: crowd %" PRIu64 ", %d clients%s, %u violation%s\n",
            soaking.name, seconds_since(soaking.start_ms), crowds,
            count_crowd(), soaking.crush ? " crush" : "", soaking.violations,
            soaking.violations == 1 ? "" : "s");
}

// One turn, and once a second what is to be done then.
static void turn_and_check(void) {
    static int64_t checked_ms;
    turn();
    if (clock_ms() < checked_ms + 1000) return;
    checked_ms = clock_ms();
    for (int i = 0; i < CROWD_MAX; i++)
        if (crowd[i].kind != NULL && crowd[i].fd != -1)
            client_check(&crowd[i], checked_ms);
    check_cost();
    show_progress();
}

// --- what happens, in this order ---------------------------------------------

static bool goes_on(void) {
    return !interrupted && !has_ended && clock_ms() < end_ms;
}

static bool at_base(void) {
    return server_cost(&server, &now) && now.threads == base.threads &&
           now.descriptors == base.descriptors;
}

static void arrive(int64_t for_ms) {
    int64_t start_ms = clock_ms(), now_ms;
    int64_t a_second = rate * (soaking.crush ? CRUSH_RATE : 1), arrived = 0;
    int most = soaking.crush ? CRUSH : ORDINARY;

    while (goes_on() && (now_ms = clock_ms()) < start_ms + for_ms) {
        int64_t due = (now_ms - start_ms) * a_second / 1000;
        for (; arrived < due; arrived++)
            if (count_crowd() < most) client_come(&journal.address);
        turn_and_check();
    }
}

// Everybody has an end of their own, and a limit to their patience.
static void leave(void) {
    int64_t until_ms = clock_ms() + 2 * soaking.patience_ms;
    while (count_crowd() > 0 && !has_ended && clock_ms() < until_ms)
        turn_and_check();
    if (count_crowd() > 0 && !has_ended)
        violation("%d connections are not closed", count_crowd());
}

static void return_to_base(void) {
    int64_t until_ms = clock_ms() + soaking.patience_ms;
    while (!at_base() && !has_ended && clock_ms() < until_ms) turn_and_check();
    if (!has_ended && !at_base())
        violation("%d descriptors and %d threads, and nobody is there; before "
                  "%d and %d",
                  now.descriptors, now.threads, base.descriptors, base.threads);
}

static void be_quiet(void) {
    int64_t until_ms = clock_ms() + QUIET_MS, before_ms = now.cpu_ms;
    while (!has_ended && clock_ms() < until_ms) turn();
    if (has_ended || !server_cost(&server, &now)) return;
    if (now.cpu_ms - before_ms > IDLE_MS)
        violation("%" PRId64 " ms of CPU time for nobody, in %d ms",
                  now.cpu_ms - before_ms, QUIET_MS);
    last = now;
    if (crowds <= EARLY && early.memory_kb < now.memory_kb) early = now;
    if (now.memory_kb >
        early.memory_kb + DRIFT_KB + (worst.threads - base.threads) * STACK_KB)
        violation("%ld KiB of memory, after %ld in the beginning",
                  now.memory_kb, early.memory_kb);
}

static void receive_crowd(void) {
    crowds++;
    soaking.crush = crowds % 2 == 0;
    int64_t usual_ms = soaking.crush ? CRUSH_MS : CROWD_MS;
    // In a short soak, too, there is more than one crowd.
    arrive(length_ms / 4 < usual_ms ? length_ms / 4 : usual_ms);
    leave();
    return_to_base();
    soaking.crush = false;
    be_quiet();
}

static void begin(char **arguments) {
    server = server_start(arguments, LIMIT);
    int64_t until_ms = clock_ms() + soaking.patience_ms;
    while (journal.address.sin_port == 0 && !has_ended && clock_ms() < until_ms)
        turn();
    if (journal.address.sin_port == 0) violation("it does not listen");
    if (!has_ended && !server_cost(&server, &base)) {
        puts("soak: there is no /proc that says what a server costs");
        exit(EXIT_FAILURE);
    }
}

// 04 to 06 stop in order and say so; who does not is ended by the signal.
static void end(void) {
    if (has_ended) violation("the server has ended");
    kill(server.pid, SIGTERM);
    int64_t until_ms = clock_ms() + soaking.patience_ms;
    while (!has_ended && clock_ms() < until_ms) turn();
    if (!has_ended) {
        violation("the server does not end");
        kill(server.pid, SIGKILL);
    }
    int status = server_wait(&server);
    if (status != (journal.stopped ? 0 : -SIGTERM))
        violation("the server ended with status %d", status);
}

// --- the report --------------------------------------------------------------

static void report_crowd(void) {
    printf("  connections  %" PRIu64 " in %" PRIu64 " crowds:",
           journal.accepted, crowds);
    for (int i = 0; i < KINDS; i++)
        printf("%s %s %" PRIu64, i ? "," : "", kinds[i].name, came[i]);
    printf("\n  bytes        sent %" PRIu64 ", received %" PRIu64
           ", echoed %" PRIu64 ", heard %" PRIu64 "\n",
           sent, journal.received, journal.echoed, heard);
    printf("  balance      %" PRIu64 " of them to the byte, of %" PRIu64
           " clients that stayed to the end\n",
           whole, finished);
    printf("  log          %" PRIu64 " lines, %" PRIu64 " warnings\n",
           journal.lines, journal.warnings);
    if (soaking.expire_ms != NEVER)
        printf("  deadlines    %" PRIu64 " sent away, %" PRIu64
               " before their time; the latest %" PRId64 " ms after\n",
               journal.expired, journal.early, journal.latest_ms);
}

static void report(void) {
    printf("%s: %.1f minutes, seed %" PRIu64 ", %" PRId64
           " connections a second\n",
           soaking.name, seconds_since(soaking.start_ms) / 60, soaking.seed,
           rate);
    report_crowd();
    printf("  descriptors  %d at first, %d at most, %d at last\n",
           base.descriptors, worst.descriptors, last.descriptors);
    printf("  threads      %d at first, %d at most, %d at last\n", base.threads,
           worst.threads, last.threads);
    printf("  memory       %ld KiB at first, %ld at most, %ld after %d crowds, "
           "%ld at last\n",
           base.memory_kb, worst.memory_kb, early.memory_kb, EARLY,
           last.memory_kb);
    printf("  CPU          %.1f s, ours %.1f s\n", (double)last.cpu_ms / 1000,
           (double)clock() / CLOCKS_PER_SEC);
    printf("  violations   %u\n", soaking.violations);
}

static _Noreturn void misuse(void) {
    fputs("usage: soak [-m MINUTES] [-s SEED] [-r RATE] [-p SECONDS] "
          "[-t SECONDS] [-v] SERVER [OPTION]...\n",
          stderr);
    exit(2);
}

static double parse_number(const char *text, double most) {
    char *rest;
    double number = strtod(text, &rest);
    if (rest == text || *rest != '\0' || !(number > 0 && number <= most))
        misuse();
    return number;
}

static double parse_options(int argc, char **argv) {
    double minutes = 10;
    int option;
    soaking.seed = (uint64_t)time(NULL);
    // The plus keeps GNU's getopt from looking at the server's options.
    while ((option = getopt(argc, argv, "+m:s:r:p:t:v")) != -1) {
        if (option == 'm')
            minutes = parse_number(optarg, 100000);
        else if (option == 's')
            soaking.seed = (uint64_t)parse_number(optarg, 1e15);
        else if (option == 'r')
            rate = (int64_t)parse_number(optarg, 1000);
        else if (option == 'p')
            soaking.patience_ms = (int64_t)(parse_number(optarg, 1e6) * 1000);
        else if (option == 't')
            soaking.expire_ms = (int64_t)(parse_number(optarg, 1e6) * 1000);
        else if (option == 'v')
            is_verbose = true;
        else
            misuse();
    }
    if (optind == argc || rate == 0) misuse();
    return minutes;
}

int main(int argc, char **argv) {
    double minutes = parse_options(argc, argv);
    struct sigaction on_signal = {.sa_handler = interrupt};
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGINT, &on_signal, NULL);
    sigaction(SIGTERM, &on_signal, NULL);
    sigaction(SIGHUP, &on_signal, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);

    soaking.name = argv[optind];
    soaking.start_ms = clock_ms();
    length_ms = (int64_t)(minutes * 60000);
    end_ms = soaking.start_ms + length_ms;
    begin(argv + optind);
    while (goes_on()) receive_crowd();
    end();
    report();
    return soaking.violations > 0;
}
