// session.c: one server, one fault, eight clients, and what the contract says.
//
//     session [-s STAGE] [-d COUNT] [-f] [-v] FAULT SERVER [ARGUMENT]...
//
// Starts SERVER with faults.so in it and FAULT in its environment, lets the
// clients below do what clients do, ends the server with SIGTERM, and says in
// one line what came of it:
//
//     served       the fault struck, and the contract was held
//     refused      it struck at start: exit 1 and one line that says why
//     missed       the call that was to fail was never made
//     FAILED       and what was seen
//
// STAGE, 01 to 06, says what may be expected; COUNT how many descriptors the
// server has open when all clients but one have left, as a session without a
// fault ("none") shows it. That session also prints how often each function was
// called. With -f the server is a foreign one, whose log is not looked at; with
// -v the log is shown. In the ARGUMENTs, %s stands for a directory that is
// removed afterwards, where "stale" is a Unix socket nobody listens on, and %p
// for a free port. Exit status: 0, or 1 if FAILED.

#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../free_port.h"

enum {
    PATIENCE_MS = 6000,  // nothing moves for so long: a rest is 1,000
    ENDING_MS = 100,     // for a process to end
    MOMENT_MS = 4,       // for which the slow reader does not read
    CPU_LIMIT_MS = 500,  // a session takes a tenth of that
    NARROW_BYTES = 8192, // the slow reader's buffers, and the server's for it
    LONGEST_BYTES = 1024 * 1024,
    LOG_SIZE = 64 * 1024,
    PATH_SIZE = 108,
    WRONG_USAGE = 2,
};

// --- the clients -------------------------------------------------------------

enum ending { LEAVE, HALF_CLOSE, RESET, STAY };

// What a client does: says so many bytes, hears them, as often as that; then it
// leaves; or says that it has said everything and waits for the end; or resets
// as soon as it hears anything; or stays until the server stops.
static const struct part {
    const char *name;
    size_t bytes, rounds;
    enum ending ending;
    bool slow, local; // does not read for a moment; comes by the Unix socket
} parts[] = {
    {"the first talker", 6, 3, LEAVE, false, false},
    {"the second talker", 70, 3, LEAVE, false, false},
    {"the sender of 1 MiB", LONGEST_BYTES, 1, HALF_CLOSE, false, false},
    {"the slow reader", 384 * 1024, 1, HALF_CLOSE, true, false},
    {"the resetter", 64 * 1024, 1, RESET, false, false},
    {"the local client", 1000, 2, LEAVE, false, true},
    {"the newcomer", 6, 2, LEAVE, false, false},
    {"the fresh client", 6, 1, STAY, false, false},
};
enum { CLIENTS = sizeof parts / sizeof *parts, FRESH = CLIENTS - 1 };

enum fate { UNBORN, BUSY, DONE, LOST, WRONGED };

static struct client {
    const struct part *part;
    enum fate fate;
    int fd, port;
    size_t sent, heard; // bytes
    int64_t moved_ms;   // when it last got further
    int64_t reads_ms; // from when on it reads, 0 if it has not stopped to send
    char saw[160];    // what went wrong
} clients[CLIENTS];

static unsigned char pattern[LONGEST_BYTES + CLIENTS * 4096];

// --- the server --------------------------------------------------------------

static struct {
    pid_t pid;
    bool ended;
    int status;
    struct rusage used;
} server;

static struct report *report;
static const char *fault;
static int stage = 4, wanted_descriptors, open_descriptors;
static bool foreign, verbose;
static char directory[PATH_SIZE / 2], log_path[PATH_SIZE],
    local_path[PATH_SIZE];
static char log_text[LOG_SIZE];
static char verdict[512];

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap(void) {
    nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
}

// The first thing that was wrong is what is told.
__attribute__((format(printf, 1, 2))) static void saw(const char *format, ...) {
    if (*verdict) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict, sizeof verdict, format, arguments);
    va_end(arguments);
}

_Noreturn static void give_up(const char *what) {
    perror(what);
    exit(EXIT_FAILURE);
}

static void leave_nothing(void) {
    char path[2 * PATH_SIZE];
    static const char *const names[] = {"log", "report", "stale"};
    if (server.pid > 0 && !server.ended) kill(server.pid, SIGKILL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static void interrupted(int number) {
    leave_nothing();
    _exit(128 + number);
}

// --- one client --------------------------------------------------------------

static const unsigned char *words_of(const struct client *client) {
    return pattern + (client - clients) * 4096;
}

static void come_to(struct client *client, enum fate fate, const char *what) {
    snprintf(client->saw, sizeof client->saw, "%s %s after %zu of %zu bytes",
             client->part->name, what, client->heard,
             client->part->bytes * client->part->rounds);
    client->fate = fate;
    close(client->fd);
}

static void lose(struct client *client, const char *call) {
    char what[80];
    snprintf(what, sizeof what, "got '%s' from %s", strerror(errno), call);
    come_to(client, LOST, what);
}

// Small buffers and segments make the kernel keep little on either side.
static void narrow(int fd) {
    int size = NARROW_BYTES, segment = 1024;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
}

static int connect_local(int fd) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", local_path);
    return connect(fd, (struct sockaddr *)&name, sizeof name);
}

static int connect_tcp(int fd) {
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)report->port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect(fd, (struct sockaddr *)&name, sizeof name);
}

static int own_port(int fd) {
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    getsockname(fd, (struct sockaddr *)&own, &size);
    return ntohs(own.sin_port);
}

static void start_client(struct client *client) {
    bool local = client->part->local;
    client->fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
    client->moved_ms = now_ms();
    client->fate = BUSY;
    if (client->part->slow) narrow(client->fd);
    if ((local ? connect_local(client->fd) : connect_tcp(client->fd)) == -1) {
        lose(client, "connect");
        return;
    }
    client->port = local ? UNIX_PEER : own_port(client->fd);
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
}

// How much it may have said: each round begins when the one before is heard.
static size_t may_say(const struct client *client) {
    const struct part *part = client->part;
    size_t round = client->heard / part->bytes + 1;
    return (round < part->rounds ? round : part->rounds) * part->bytes;
}

static void stop_reading_for_a_moment(struct client *client) {
    if (client->reads_ms == 0) client->reads_ms = now_ms() + MOMENT_MS;
}

static void say(struct client *client) {
    const struct part *part = client->part;
    while (client->sent < may_say(client)) {
        size_t at = client->sent % part->bytes;
        ssize_t length = send(client->fd, words_of(client) + at,
                              part->bytes - at, MSG_NOSIGNAL);
        if (length == -1 && errno == EAGAIN) {
            stop_reading_for_a_moment(client);
            return;
        }
        if (length == -1) {
            lose(client, "send");
            return;
        }
        client->moved_ms = now_ms();
        client->sent += (size_t)length;
        if (client->sent < part->bytes * part->rounds) continue;
        stop_reading_for_a_moment(client);
        if (part->ending == HALF_CLOSE) shutdown(client->fd, SHUT_WR);
    }
}

static void reset(struct client *client) {
    struct linger at_once = {.l_onoff = 1};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    come_to(client, DONE, "has reset");
}

// The server has closed. Right for those who wait for it, when they have heard
// everything.
static void hear_end(struct client *client) {
    const struct part *part = client->part;
    bool whole = client->heard == part->bytes * part->rounds;
    bool awaited = part->ending == HALF_CLOSE || part->ending == STAY;
    come_to(client, whole && awaited ? DONE : LOST, "was left");
}

static bool is_echo(const struct client *client, const unsigned char *bytes,
                    size_t length) {
    size_t period = client->part->bytes;
    if (client->heard + length > client->sent) return false;
    for (size_t done = 0, step; done < length; done += step) {
        size_t at = (client->heard + done) % period;
        step = length - done < period - at ? length - done : period - at;
        if (memcmp(bytes + done, words_of(client) + at, step) != 0)
            return false;
    }
    return true;
}

static void hear(struct client *client) {
    static unsigned char inbox[256 * 1024];
    const struct part *part = client->part;
    if (part->slow && (client->reads_ms == 0 || now_ms() < client->reads_ms))
        return;
    ssize_t length = recv(client->fd, inbox, sizeof inbox, 0);
    if (length == -1 && errno == EAGAIN) return;
    if (length == -1) {
        lose(client, "recv");
        return;
    }
    if (length == 0) {
        hear_end(client);
        return;
    }
    if (!is_echo(client, inbox, (size_t)length)) {
        come_to(client, WRONGED, "heard what it had not said,");
        return;
    }
    client->moved_ms = now_ms();
    client->heard += (size_t)length;
    if (part->ending == RESET)
        reset(client);
    else if (part->ending == LEAVE &&
             client->heard == part->bytes * part->rounds)
        come_to(client, DONE, "has left");
}

// --- all clients -------------------------------------------------------------

static short wants(const struct client *client) {
    bool deaf = client->part->slow && now_ms() < client->reads_ms;
    short events = deaf ? 0 : POLLIN;
    if (client->sent < may_say(client) && !deaf) events |= POLLOUT;
    return events;
}

static bool is_served(const struct client *client) {
    const struct part *part = client->part;
    return part->ending == STAY && client->fate == BUSY &&
           client->heard == part->bytes * part->rounds;
}

static void wait_for_any(int first, int end) {
    struct pollfd list[CLIENTS];
    int ms = 50;
    for (int i = first; i < end; i++) {
        bool busy = clients[i].fate == BUSY;
        list[i - first] = (struct pollfd){.fd = busy ? clients[i].fd : -1};
        if (!busy) continue;
        list[i - first].events = wants(&clients[i]);
        if (list[i - first].events == 0) ms = 1;
    }
    poll(list, (nfds_t)(end - first), ms);
}

static void advance(struct client *client) {
    say(client);
    if (client->fate == BUSY) hear(client);
    if (client->fate == BUSY && now_ms() - client->moved_ms > PATIENCE_MS)
        come_to(client, WRONGED, "got no further");
}

// Serves those from first on, as many at once as the stage allows; the next one
// comes when one has left.
static void run_clients(int first, int end, int at_once) {
    for (;;) {
        int busy = 0;
        for (int i = first; i < end; i++) {
            struct client *client = &clients[i];
            if (client->part->local && !*local_path) continue;
            if (client->fate == UNBORN && busy < at_once) start_client(client);
            if (client->fate == BUSY && !is_served(client)) busy++;
        }
        if (busy == 0) return;
        wait_for_any(first, end);
        for (int i = first; i < end; i++)
            if (clients[i].fate == BUSY) advance(&clients[i]);
    }
}

// --- start and end of the server ---------------------------------------------

static void leave_stale_socket(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", local_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) == -1)
        give_up(local_path);
    close(fd);
}

// Replaces what stands for something else in the server's arguments.
static void fill_in(char **arguments) {
    for (; *arguments; arguments++) {
        static char port[8], local[PATH_SIZE + 8];
        if (strcmp(*arguments, "unix:%s") == 0) {
            snprintf(local_path, sizeof local_path, "%s/stale", directory);
            snprintf(local, sizeof local, "unix:%s", local_path);
            leave_stale_socket();
            *arguments = local;
        }
        if (strcmp(*arguments, "%p") == 0) {
            snprintf(port, sizeof port, "%d", free_port());
            *arguments = port;
        }
    }
}

static void open_report(void) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/report", directory);
    int fd = open(path, O_RDWR | O_CREAT, S_IRUSR | S_IWUSR);
    if (fd == -1 || ftruncate(fd, sizeof *report) == -1) give_up(path);
    report =
        mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (report == MAP_FAILED) give_up(path);
    close(fd);
    setenv("FAULT_REPORT", path, 1);
}

static void start_server(char **arguments, const char *library) {
    server.pid = fork();
    if (server.pid == -1) give_up("fork");
    if (server.pid > 0) return;

    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, S_IRUSR | S_IWUSR);
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    for (int fd = STDERR_FILENO + 1; fd <= log || fd <= null; fd++) close(fd);
    setenv("LD_PRELOAD", library, 1);
    execv(arguments[0], arguments);
    give_up(arguments[0]);
}

static bool has_ended(void) {
    if (!server.ended)
        server.ended = wait4(server.pid, &server.status, WNOHANG,
                             &server.used) == server.pid;
    return server.ended;
}

static bool await_end(void) {
    int64_t end_ms = now_ms() + PATIENCE_MS;
    while (!has_ended() && now_ms() < end_ms) nap();
    return server.ended;
}

// A process that ends closes its sockets a moment before it has ended.
static bool is_ending(void) {
    bool lost = false;
    for (int i = 0; i < CLIENTS; i++) lost |= clients[i].fate == LOST;
    for (int i = 0; i < ENDING_MS && lost && !has_ended(); i++) nap();
    return has_ended();
}

// Until it listens where the clients are to come; a Unix socket is there when
// the server waits for somebody.
static bool await_listening(void) {
    int64_t end_ms = now_ms() + PATIENCE_MS;
    while (!report->port || (*local_path && !report->at_work)) {
        if (has_ended()) return false;
        if (now_ms() > end_ms) {
            saw(report->loaded ? "the server does not listen"
                               : "faults.so is not in this program: is it "
                                 "static? strace -e inject= can do it there");
            return false;
        }
        nap();
    }
    return true;
}

// --- what the contract says --------------------------------------------------

static bool is_one_of(const char *name, const char *names) {
    const char *found = strstr(names, name);
    return found && found[strlen(name)] == ' ';
}

// Whether the fault's function, and what it does, are among these words.
static bool fault_is(const char *functions, const char *effects) {
    char function[32], effect[32];
    if (strchr(fault, ',')) return false;
    if (sscanf(fault, "%31[^:]:%*[^:]:%31s", function, effect) != 2)
        return false;
    return (!functions || is_one_of(function, functions)) &&
           (!effects || is_one_of(effect, effects));
}

static bool is_harmless(void) {
    return strchr(fault, ',') || strcmp(fault, "none") == 0 ||
           (fault_is(NULL, "EINTR EAGAIN half one ") &&
            !fault_is("pthread_create ", NULL)); // EAGAIN: there is no thread
}

// A connection may be closed when its own bytes could not be moved. Whom a call
// is for that only takes or watches a client, may have to wait.
static bool may_lose(const struct client *client) {
    return report->hit_port == client->port && report->hit_port != 0 &&
           !is_harmless() &&
           fault_is("read write recv send recvfrom sendto ", NULL);
}

static void check_clients(void) {
    for (struct client *client = clients; client < clients + CLIENTS;
         client++) {
        bool lost = client->fate == LOST && !may_lose(client);
        if (lost || client->fate == WRONGED) saw("%s", client->saw);
    }
}

static int count_descriptors(void) {
    char path[PATH_SIZE];
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        struct stat status;
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)server.pid, fd);
        if (lstat(path, &status) == 0) count++;
    }
    return count;
}

// Clients have left; the server closes its ends when it hears of that.
static void check_descriptors(void) {
    int64_t end_ms = now_ms() + PATIENCE_MS;
    open_descriptors = count_descriptors();
    if (wanted_descriptors == 0 && strcmp(fault, "none") != 0) return;
    // Without a count to compare with, until it stays as it is.
    for (int same = 0, last; same < 20 && now_ms() < end_ms; same++) {
        if (wanted_descriptors && open_descriptors <= wanted_descriptors)
            return;
        nap();
        last = open_descriptors;
        open_descriptors = count_descriptors();
        if (last != open_descriptors || wanted_descriptors) same = 0;
    }
    if (wanted_descriptors && open_descriptors > wanted_descriptors)
        saw("the server has %d descriptors open, not %d", open_descriptors,
            wanted_descriptors);
}

static void read_log(void) {
    int fd = open(log_path, O_RDONLY);
    ssize_t length = fd == -1 ? 0 : read(fd, log_text, sizeof log_text - 1);
    log_text[length > 0 ? length : 0] = '\0';
    if (fd != -1) close(fd);
    if (verbose) fputs(log_text, stderr);
}

static int count_in_log(const char *words) {
    int count = 0;
    for (const char *next = log_text; (next = strstr(next, words)); next++)
        count++;
    return count;
}

// Without the newline.
static const char *last_line(void) {
    size_t length = strlen(log_text);
    if (length > 0) log_text[length - 1] = '\0';
    const char *newline = strrchr(log_text, '\n');
    return newline ? newline + 1 : log_text;
}

// What is said of a call that failed is its errno in words; but who asked for
// memory may put it another way, and who cannot find out whether a Unix socket
// is alive (fcntl) has to take it for one.
static bool says_why(const char *line) {
    if (fault_is("malloc calloc realloc getaddrinfo fcntl ", NULL)) return true;
    const char *why = strerror(report->hit_error);
    return strlen(line) > strlen(why) &&
           strcmp(line + strlen(line) - strlen(why), why) == 0;
}

// It ended by itself: right when it had not yet begun, or cannot go on.
static void check_death(void) {
    bool by_itself = WIFEXITED(server.status);
    int status = by_itself ? WEXITSTATUS(server.status) : 0;
    bool may_end = report->hits && !is_harmless() &&
                   (!report->hit_at_work || fault_is("epoll_wait ", NULL));
    int errors = count_in_log(" error: ");
    bool log_was_hit = report->hit_fd == STDERR_FILENO;
    const char *line = last_line();

    if (!by_itself)
        saw("signal %d ended the server: %s", WTERMSIG(server.status), line);
    if (!may_end) saw("the server ended with %d: %s", status, line);
    if (foreign || log_was_hit) return;
    if (status != 1) saw("the server ended with %d, not 1: %s", status, line);
    if (errors != 1 || !strstr(line, " error: "))
        saw("the server ended with %d error lines, the last line is: %s",
            errors, line);
    if (!says_why(line)) saw("this does not say why: %s", line);
}

static void check_cpu(void) {
    struct timeval user = server.used.ru_utime, system = server.used.ru_stime;
    long ms = (user.tv_sec + system.tv_sec) * 1000 +
              (user.tv_usec + system.tv_usec) / 1000;
    if (stage != 3 && ms > CPU_LIMIT_MS)
        saw("the server took %ld ms of CPU time", ms);
}

static void check_log(void) {
    int warnings = count_in_log("warning:"), errors = count_in_log("error:");
    if (foreign) return;
    if (errors > 0) saw("the log has an error, and the server went on");
    if (is_harmless() && warnings > 0) saw("a warning of nothing");
    // Bytes of clients stand in the log escaped, and cannot be a newline.
    if (!strchr(fault, '%') && warnings > 1) saw("%d warnings", warnings);
    if (report->hits && report->hit_fd == STDERR_FILENO) return;
    if (count_in_log("listening on") == 0) saw("no line says 'listening on'");
    if (stage >= 4 && !strstr(last_line(), " stopped: "))
        saw("the last line is not 'stopped': %s", last_line());
}

static void check_path(void) {
    struct stat status;
    if (foreign || stage < 4 || fault_is("unlink lstat ", NULL)) return;
    if (*local_path && lstat(local_path, &status) == 0)
        saw("the Unix socket is still there");
}

static void check_end(void) {
    if (server.ended) {
        read_log();
        check_death();
        return;
    }
    kill(server.pid, SIGTERM);
    bool ended = await_end();
    read_log();
    if (!ended) {
        saw("SIGTERM did not end the server");
        return;
    }
    if (stage >= 4 && server.status != 0)
        saw("after SIGTERM the server ended with %s %d",
            WIFEXITED(server.status) ? "status" : "signal",
            WIFEXITED(server.status) ? WEXITSTATUS(server.status)
                                     : WTERMSIG(server.status));
    if (stage < 4 && WIFSIGNALED(server.status) &&
        WTERMSIG(server.status) != SIGTERM)
        saw("signal %d ended the server", WTERMSIG(server.status));
    check_cpu();
    check_log();
    check_path();
}

// --- the session -------------------------------------------------------------

static void prepare(char **arguments) {
    const char *place = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/session.XXXXXX",
             place ? place : "/tmp");
    if (mkdtemp(directory) == NULL) give_up(directory);
    atexit(leave_nothing);
    signal(SIGINT, interrupted);
    signal(SIGTERM, interrupted);
    signal(SIGHUP, interrupted);
    snprintf(log_path, sizeof log_path, "%s/log", directory);
    open_report();
    fill_in(arguments);
    if (strcmp(fault, "none") != 0) setenv("FAULT", fault, 1);

    for (size_t i = 0, state = 1; i < sizeof pattern; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        pattern[i] = (unsigned char)(state >> 56);
    }
    for (int i = 0; i < CLIENTS; i++) clients[i].part = &parts[i];
}

static void hold_session(void) {
    if (!await_listening()) {
        check_end();
        return;
    }
    run_clients(0, FRESH, stage == 1 ? 1 : 4);
    run_clients(FRESH, CLIENTS, 1);
    if (!is_ending()) {
        check_clients();
        check_descriptors();
    }
    check_end();
}

static int tell(void) {
    static const char *const names[] = FAULT_NAMES;
    bool none = strcmp(fault, "none") == 0;
    const char *word = server.ended && WIFEXITED(server.status) &&
                               WEXITSTATUS(server.status) == 1
                           ? "refused"
                           : "served";
    if (!none && report->hits == 0) word = "missed";
    if (*verdict) word = "FAILED";
    printf("%-7s %s%s%s\n", word, fault, *verdict ? ": " : "", verdict);
    if (none) printf("descriptors %d\n", open_descriptors);
    for (int i = 0; none && i < FUNCTION_COUNT; i++)
        if (report->calls[i] > 0) printf("%s %u\n", names[i], report->calls[i]);
    return *verdict ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    const char *library = getenv("FAULTS_LIBRARY");
    int letter;
    // "+": what stands behind FAULT are the server's options.
    while ((letter = getopt(argc, argv, "+s:d:fv")) != -1) {
        if (letter == 's') stage = atoi(optarg);
        if (letter == 'd') wanted_descriptors = atoi(optarg);
        if (letter == 'f') foreign = true;
        if (letter == 'v') verbose = true;
        if (letter == '?') return WRONG_USAGE;
    }
    if (argc - optind < 2) {
        fprintf(stderr, "usage: session [OPTION]... FAULT SERVER [ARG]...\n");
        return WRONG_USAGE;
    }
    fault = argv[optind];
    prepare(argv + optind + 2);
    start_server(argv + optind + 1,
                 library ? library : "build/tests/faults.so");
    hold_session();
    return tell();
}
