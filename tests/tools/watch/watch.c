// watch: a server at work, live in the terminal.
//
//     watch SERVER [OPTION]... [ADDRESS]...
//
// Starts the server with these options, reads its log as it comes and shows who
// is there and what everybody waits for. The log is read as fast as it comes
// and only counted; what it comes to is drawn a few times a second, so that the
// watcher slows the server as little as it can. Ends with q or Ctrl-C, and the
// server with it. Exit status: 0, or 1 if there is no terminal or the server
// ended by itself, or 128 and the number of the signal that ended the watcher.

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "options.h"
#include "picture.h"
#include "scene.h"
#include "server.h"
#include "system.h"
#include "terminal.h"

enum { PICTURE_MS = 200, SECOND_MS = 1000, USUAL_PORT = 8080, CTRL_C = 3 };

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { ENDS = sizeof ends / sizeof *ends };

static volatile sig_atomic_t ended_by, resized;

static struct server server;
static struct view view = {.cpu_percent = -1, .threads = -1, .backlog = -1};
static int64_t start_ms = NEVER; // when the log's time began
static int64_t cpu_ms, cpu_at_ms;
static bool leaving;

// --- signals -----------------------------------------------------------------

static void take_signal(int number) {
    if (number == SIGWINCH)
        resized = 1;
    else
        ended_by = number;
}

// From now on they come while pselect() waits, and only then.
static void block_signals(sigset_t *usual) {
    struct sigaction action = {.sa_handler = take_signal};
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGWINCH);
    for (int i = 0; i < ENDS; i++) sigaddset(&ours, ends[i]);
    sigprocmask(SIG_BLOCK, &ours, usual);
    sigaction(SIGWINCH, &action, NULL);
    for (int i = 0; i < ENDS; i++) sigaction(ends[i], &action, NULL);
    for (int i = 0; i < ENDS; i++) sigdelset(usual, ends[i]);
    sigdelset(usual, SIGWINCH);
}

// --- the server --------------------------------------------------------------

static bool is_free(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool free = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                listen(fd, 1) == 0;
    close(fd);
    return free;
}

// SERVER -v and what else was given. Without an ADDRESS, any port will do when
// somebody has the usual one.
static bool start(int argc, char **argv, bool address) {
    char **arguments = calloc((size_t)argc + 3, sizeof *arguments);
    bool started = arguments != NULL;
    if (started) {
        arguments[0] = argv[0];
        arguments[1] = "-v";
        memcpy(arguments + 2, argv + 1, (size_t)argc * sizeof *arguments);
        if (!address && !is_free(USUAL_PORT)) arguments[argc + 1] = "0";
        started = server_start(&server, arguments);
    }
    if (!started) fprintf(stderr, "watch: %s: %s\n", argv[0], strerror(errno));
    free(arguments);
    return started;
}

static void take_line(const char *line) {
    scene_line(line);
    int64_t began_ms = clock_ms() - scene.line_ms;
    if (began_ms < start_ms) start_ms = began_ms;
    // What a server says that does not come to listen is for the user.
    if (scene.addresses == 0) fprintf(stderr, "%s\n", line);
}

// --- the loop ----------------------------------------------------------------

static void measure(int64_t now_ms) {
    int64_t used_ms = system_cpu_ms(server.pid);
    const char *colon = strrchr(scene.address, ':');
    if (used_ms != -1 && now_ms > cpu_at_ms)
        view.cpu_percent =
            (int)((used_ms - cpu_ms) * 100 / (now_ms - cpu_at_ms));
    cpu_ms = used_ms;
    cpu_at_ms = now_ms;
    view.threads = system_threads(server.pid);
    if (colon != NULL && strncmp(scene.address, "unix:", 5) != 0)
        view.backlog = system_backlog(colon + 1);
    scene_second(now_ms - start_ms);
}

static void draw(int64_t now_ms) {
    size_t length;
    if (terminal_busy()) return;
    if (resized) picture_forget();
    resized = 0;
    terminal_size(&view.rows, &view.columns);
    view.now_ms = now_ms - start_ms;
    char *picture = picture_draw(&view, &length);
    if (picture != NULL) terminal_show(picture, length);
}

static void take_keys(void) {
    int key;
    while ((key = terminal_key()) >= 0)
        leaving |= key == 'q' || key == 'Q' || key == CTRL_C;
    leaving |= key == KEY_GONE;
}

// Waits for the log, a key, room in the terminal or the next picture.
static void wait_and_take(int64_t until_ms, const sigset_t *usual) {
    int left_ms = clock_left_ms(until_ms);
    struct timespec left = {left_ms / 1000, left_ms % 1000 * 1000000L};
    int highest = terminal > server.log ? terminal : server.log;
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(server.log, &readable);
    if (terminal != -1) FD_SET(terminal, &readable);
    if (terminal_busy()) FD_SET(terminal, &writable);

    if (pselect(highest + 1, &readable, &writable, NULL, &left, usual) == -1)
        return;
    if (terminal_busy()) terminal_send();
    if (terminal != -1) take_keys();
    if (FD_ISSET(server.log, &readable)) server_read(&server, take_line);
}

static void watch(const sigset_t *usual) {
    int64_t picture_ms = clock_ms(), second_ms = picture_ms;
    while (!leaving && !ended_by && server.log != -1) {
        int64_t now_ms = clock_ms();
        if (second_ms <= now_ms) {
            measure(now_ms);
            second_ms = now_ms + SECOND_MS;
        }
        if (picture_ms <= now_ms || resized) {
            draw(now_ms);
            picture_ms = now_ms + PICTURE_MS;
        }
        wait_and_take(picture_ms, usual);
    }
}

// --- the end -----------------------------------------------------------------

static int say_goodbye(bool by_itself, int status) {
    const char *report = scene.report;
    if (by_itself && scene.addresses == 0) return EXIT_FAILURE;
    if (by_itself && WIFSIGNALED(status))
        fprintf(stderr, "watch: signal %d ended the server\n",
                WTERMSIG(status));
    else if (by_itself)
        fprintf(stderr, "watch: the server ended with %d: %s\n",
                WEXITSTATUS(status), report);
    else
        printf("%s stopped%s%s\n", view.stage, *report ? ": " : "", report);
    if (by_itself) return EXIT_FAILURE;
    return ended_by ? 128 + ended_by : EXIT_SUCCESS;
}

// The directory that the server stands in says which stage it is.
static void set_stage(const char *path, const struct options *options) {
    static char name[64];
    const char *slash = strrchr(path, '/');
    const char *begin = slash;
    while (begin != NULL && begin > path && begin[-1] != '/') begin--;
    snprintf(name, sizeof name, "%.*s", (int)(slash ? slash - begin : 0),
             slash ? begin : "");
    int stage = atoi(name);

    view.stage = name;
    view.timeout_ms = stage == 6 ? options->timeout_ms : 0;
    scene.threads = stage == 2;
    scene.workers = options->workers > 0;
    scene.spinning = stage == 3 && !options->poll;
}

static int run(const sigset_t *usual) {
    while (scene.addresses == 0 && !ended_by && server.log != -1)
        wait_and_take(clock_ms() + SECOND_MS, usual);
    bool opened = scene.addresses > 0 && terminal_open();
    if (scene.addresses > 0 && !opened) perror("watch: /dev/tty");
    if (opened) watch(usual);

    bool by_itself = server.log == -1;
    terminal_close(); // at once: to stop may take a while
    int status = server_stop(&server, take_line);
    int outcome = say_goodbye(by_itself, status);
    return opened ? outcome : EXIT_FAILURE;
}

int main(int argc, char **argv) {
    const char *no_colour = getenv("NO_COLOR");
    sigset_t usual;
    if (argc < 2) {
        fprintf(stderr, "usage: watch SERVER [OPTION]... [ADDRESS]...\n");
        return 2;
    }
    if (!terminal_is_there()) {
        fprintf(stderr, "watch: this is no terminal that can be drawn on\n");
        return EXIT_FAILURE;
    }
    struct options options =
        options_parse(argc - 1, argv + 1,
                      TAKES_WORKERS | TAKES_POLL | TAKES_EDGE | TAKES_TIMEOUT |
                          TAKES_ADDRESSES);
    bool address = optind < argc - 1;
    set_stage(argv[1], &options);
    view.colour = no_colour == NULL || *no_colour == '\0';
    block_signals(&usual);
    return start(argc - 1, argv + 1, address) ? run(&usual) : EXIT_FAILURE;
}
