// replay: does what a book's terminal sessions show, and compares.
//
//     replay [OPTION]... FILE
//
// FILE is Markdown. Its ```console blocks are typed, line by line, into shells
// in terminals of their own, in the current directory; what comes has to be
// what the text shows. match.h says what is left open, markdown.h how a session
// is written. Sections are replayed side by side where each can have a network
// of its own, else one after the other on the real port 8080.
//
// Exit status: 0, or 1 when a session failed, or 2 for a wrong option, or 128
// and the number of the signal that ended it.

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "markdown.h"
#include "needs.h"
#include "play.h"
#include "system.h"
#include "terminal.h"

enum { USAGE = 2, PORT = 8080 };

static const char usage[] =
    "usage: replay [OPTION]... FILE\n"
    "Replays the terminal sessions of a Markdown file.\n"
    "  -s, --section WHICH  only the section of that number in the list, or\n"
    "                       with this in its heading\n"
    "  -j, --jobs N         so many sections side by side (default: the "
    "cores)\n"
    "  -p, --patience S     how long to wait for what is shown (default: 10)\n"
    "  -l, --list           lists the sections\n"
    "  -v, --verbose        shows all that is typed and all that comes\n"
    "  -h, --help           shows this\n";

static struct {
    const char *section;
    int jobs;
    bool list, verbose;
} options;

// A section while it is replayed, in a process of its own.
struct job {
    const struct book *book;
    const struct section *section;
    pid_t pid;
    FILE *out;               // what it has to say
    struct outcome *outcome; // in memory that is shared with it
};

static struct job *jobs; // those that are chosen, in the order of the book
static int job_count;

// --- signals -----------------------------------------------------------------

static sigset_t usual_signals;

static void interrupt(int number) {
    terminals_interrupted = number;
}

static void wake(int number) {
    (void)number;
}

// They come only where somebody waits for them.
static void catch_signals(void) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction child = {.sa_handler = wake};
    struct sigaction end = {.sa_handler = interrupt};
    sigset_t caught;
    sigemptyset(&caught);
    sigaddset(&caught, SIGCHLD);
    sigaction(SIGCHLD, &child, NULL);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        sigaddset(&caught, ends[i]);
        sigaction(ends[i], &end, NULL);
    }
    sigprocmask(SIG_BLOCK, &caught, &usual_signals);
    sigemptyset(&usual_signals);
}

// --- what cannot be replayed -------------------------------------------------

static const char *missing_in(const struct session *session) {
    for (int i = 0; i < session->stanza_count; i++) {
        const struct stanza *stanza = &session->stanzas[i];
        const char *missing =
            stanza->kind == COMMAND ? needs_missing(stanza->text) : NULL;
        if (missing) return missing;
    }
    return NULL;
}

// A session may go on with the one before it, so it is skipped with it.
static void skip_sessions(const struct section *section, const char *reason) {
    for (int i = 0; i < section->session_count; i++) {
        if (!reason) reason = missing_in(&section->sessions[i]);
        section->sessions[i].skipped = reason;
    }
}

static bool port_is_free(void) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(PORT),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool is_free = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_free;
}

// --- one section -------------------------------------------------------------

static int play(void *argument) {
    struct job *job = argument;
    if (options.verbose) terminals_transcript = job->out;
    *job->outcome = play_section(job->book->path, job->section, job->out);
    fflush(job->out);
    return EXIT_SUCCESS;
}

static void start(struct job *job) {
    bool is_busy = system_isolation() == SHARED && !port_is_free();
    skip_sessions(job->section, is_busy ? "port 8080 is in use" : NULL);
    job->out = options.jobs == 1 ? stdout : tmpfile();
    if (!job->out) die("no temporary file");
    if (options.verbose) fprintf(job->out, "--- %s\n", job->section->heading);
    fflush(job->out);
    job->pid = system_start(play, job);
    if (job->pid == -1) die("cannot start a process");
}

static void show(struct job *job) {
    char bytes[4096];
    size_t length;
    if (job->out == stdout) return;
    rewind(job->out);
    while ((length = fread(bytes, 1, sizeof bytes, job->out)) > 0)
        fwrite(bytes, 1, length, stdout);
    fclose(job->out);
    fflush(stdout);
}

// --- all of them -------------------------------------------------------------

static void finish(struct job *job, int status) {
    job->pid = 0;
    if (status == 0) return;
    fprintf(job->out, "%s: \"%s\" could not be replayed to its end\n",
            job->book->path, job->section->heading);
    job->outcome->failed = 1;
}

// Whether one has ended; it waits for that, or for a signal.
static bool await_one(void) {
    int status, i = 0;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) {
        sigsuspend(&usual_signals);
        return false;
    }
    while (i < job_count && jobs[i].pid != pid) i++;
    if (i < job_count) finish(&jobs[i], status);
    return i < job_count;
}

static void end_all(void) {
    for (int i = 0; i < job_count; i++)
        if (jobs[i].pid > 0) kill(jobs[i].pid, SIGTERM);
}

static void replay(void) {
    int started = 0, ended = 0, shown = 0;
    bool told = false;
    while (ended < started || (started < job_count && !terminals_interrupted)) {
        if (terminals_interrupted && !told) {
            end_all();
            told = true;
        }
        bool room = started < job_count && started - ended < options.jobs;
        if (room && !terminals_interrupted)
            start(&jobs[started++]);
        else
            ended += await_one();
        // In the order of the book.
        while (shown < started && jobs[shown].pid == 0) show(&jobs[shown++]);
    }
}

static bool is_chosen(const struct section *section, int number) {
    char *end;
    if (!options.section) return true;
    long chosen = strtol(options.section, &end, 10);
    if (*end == '\0') return chosen == number;
    return strstr(section->heading, options.section) != NULL;
}

static void choose(const struct book *book) {
    size_t count = (size_t)book->section_count + 1; // none is a number, too
    struct outcome *outcomes =
        mmap(NULL, count * sizeof *outcomes, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANON, -1, 0);
    jobs = calloc(count, sizeof *jobs);
    if (!jobs || outcomes == MAP_FAILED) die("no memory");
    for (int i = 0; i < book->section_count; i++)
        if (is_chosen(&book->sections[i], i + 1))
            jobs[job_count++] = (struct job){.book = book,
                                             .section = &book->sections[i],
                                             .outcome = &outcomes[i]};
}

// --- the last line -----------------------------------------------------------

enum { REASONS_SIZE = 1024 };

static void add_reason(char reasons[REASONS_SIZE], const char *reason) {
    size_t length = strlen(reasons);
    if (strstr(reasons, reason)) return;
    snprintf(reasons + length, REASONS_SIZE - length, "%s%s",
             length > 0 ? ", " : "", reason);
}

// Counts those that are skipped in a section, and remembers why they are.
static int count_skipped(const struct section *section,
                         char reasons[REASONS_SIZE]) {
    int count = 0;
    for (int i = 0; i < section->session_count; i++) {
        if (!section->sessions[i].skipped) continue;
        add_reason(reasons, section->sessions[i].skipped);
        count++;
    }
    return count;
}

static int sum_up(void) {
    int replayed = 0, failed = 0, skipped = 0, left = 0;
    char reasons[REASONS_SIZE] = "";
    for (int i = 0; i < job_count; i++) {
        replayed += jobs[i].outcome->replayed;
        failed += jobs[i].outcome->failed;
        skipped += count_skipped(jobs[i].section, reasons);
        left += jobs[i].section->session_count;
    }
    left -= replayed + skipped;
    printf("sessions: %d replayed, %d failed, %d skipped", replayed, failed,
           skipped);
    if (skipped > 0) printf(" (%s)", reasons);
    if (left > 0) printf(", %d not reached", left);
    puts("");
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

// --- options -----------------------------------------------------------------

_Noreturn static void refuse(const char *why) {
    fprintf(stderr, "replay: %s\n%s", why, usage);
    exit(USAGE);
}

static double positive(const char *text, const char *what) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !(number > 0 && number < 1e6)) refuse(what);
    return number;
}

static void take_option(int option) {
    switch (option) {
    case 's':
        options.section = optarg;
        break;
    case 'j':
        options.jobs = (int)positive(optarg, "bad number of jobs");
        if (options.jobs < 1) refuse("bad number of jobs");
        break;
    case 'p':
        play_patience_ms =
            (int64_t)(positive(optarg, "bad number of seconds") * 1000);
        break;
    case 'l':
        options.list = true;
        break;
    case 'v':
        options.verbose = true;
        break;
    case 'h':
        fputs(usage, stdout);
        exit(EXIT_SUCCESS);
    default:
        refuse("no such option");
    }
}

static const char *take_options(int argc, char **argv) {
    static const struct option known[] = {
        {"section", required_argument, NULL, 's'},
        {"jobs", required_argument, NULL, 'j'},
        {"patience", required_argument, NULL, 'p'},
        {"list", no_argument, NULL, 'l'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0}};
    int option;
    opterr = 0;
    options.jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
    while ((option = getopt_long(argc, argv, "s:j:p:lvh", known, NULL)) != -1)
        take_option(option);
    if (optind != argc - 1) refuse("one file, please");
    return argv[optind];
}

static void list(const struct book *book) {
    for (int i = 0; i < book->section_count; i++)
        printf("%3d  %s (%d)\n", i + 1, book->sections[i].heading,
               book->sections[i].session_count);
}

int main(int argc, char **argv) {
    log_open(NORMAL);
    static struct book book; // for as long as the program runs
    book = markdown_read(take_options(argc, argv));
    if (options.list) {
        list(&book);
        return EXIT_SUCCESS;
    }
    // Without processes of one's own, pgrep would find the others' servers.
    if (system_isolation() != OWN_NETWORK_AND_PROCESSES) options.jobs = 1;
    choose(&book);
    if (options.section && job_count == 0) refuse("no such section");
    if (job_count == 1) options.jobs = 1;
    catch_signals();
    replay();
    if (terminals_interrupted) return 128 + terminals_interrupted;
    return sum_up();
}
