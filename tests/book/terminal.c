#define _GNU_SOURCE // posix_openpt(3), which hides itself in glibc

#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "system.h"

enum {
    ROWS = 40,
    COLUMNS = 100,
    INHERITED = 1024,  // descriptors that a parent may have left open
    GOODBYE_MS = 1500, // for a ^C; an orderly stop of 06 may take a second
    HANGUP_MS = 1000,
    TYPING_MS = 1000, // until a program has to have taken a line
};

// Record and unit separator: what a prompt is here.
#define PROMPT_1 "\036"
#define PROMPT_2 "\037"

FILE *terminals_transcript;
volatile sig_atomic_t terminals_interrupted;

static struct terminal terminals[TERMINALS];
static int terminal_count;

// --- opening -----------------------------------------------------------------

// No "^C" is to stand between the lines, and nothing that was typed.
static void prepare_slave(int slave) {
    struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
    struct termios modes;
    if (tcgetattr(slave, &modes) == -1) die("cannot ask a terminal");
    modes.c_lflag &= (tcflag_t) ~(tcflag_t)(ECHO | ECHONL);
    if (tcsetattr(slave, TCSANOW, &modes) == -1 ||
        ioctl(slave, TIOCSWINSZ, &size) == -1)
        die("cannot set up a terminal");
}

static void forget_signals(void) {
    static const int usual[] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP,  SIGPIPE,
                                SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM};
    sigset_t none;
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        signal(usual[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// The reader's environment without what would change what is shown.
static void prepare_environment(void) {
    static const char *const unwanted[] = {
        "PS1",       "PROMPT_COMMAND", "BASH_ENV",  "ENV",
        "HISTFILE",  "MAIL",           "MAILPATH",  "MAKEFLAGS",
        "MAKELEVEL", "MFLAGS",         "COLUMNS",   "LINES",
        "CDPATH",    "LANGUAGE",       "LS_COLORS", "POSIXLY_CORRECT"};
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
        unsetenv(unwanted[i]);
    setenv("TERM", "dumb", 1);
    setenv("LC_ALL", "C", 1);
}

_Noreturn static void become_shell(int slave) {
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    for (int fd = 0; fd <= STDERR_FILENO; fd++) dup2(slave, fd);
    for (int fd = STDERR_FILENO + 1; fd < INHERITED; fd++) close(fd);
    forget_signals();
    prepare_environment();
    execlp("bash", "bash", "--norc", "--noprofile", "--noediting", "-i",
           (char *)NULL);
    execlp("sh", "sh", "-i", (char *)NULL);
    die("there is no shell");
}

static void start_shell(struct terminal *terminal) {
    terminal->fd = posix_openpt(O_RDWR | O_NOCTTY);
    const char *name = NULL;
    if (terminal->fd != -1 && grantpt(terminal->fd) == 0 &&
        unlockpt(terminal->fd) == 0)
        name = ptsname(terminal->fd);
    int slave = name ? open(name, O_RDWR | O_NOCTTY) : -1;
    if (slave == -1) die("there are no terminals");

    prepare_slave(slave);
    fcntl(terminal->fd, F_SETFL, O_NONBLOCK);
    terminal->shell = fork();
    if (terminal->shell == -1) die("cannot start a shell");
    if (terminal->shell == 0) become_shell(slave);
    close(slave);
}

struct terminal *terminal_open(const char *name) {
    struct terminal *terminal = &terminals[terminal_count++];
    *terminal = (struct terminal){.name = name};
    start_shell(terminal);
    // The separators are never together in what is typed, as they would be in
    // an error message about it.
    static const char set_up[] =
        "PS2=; unset HISTFILE; PS1='" PROMPT_1 "''" PROMPT_2 "'\n";
    if (write(terminal->fd, set_up, strlen(set_up)) == -1)
        die("cannot talk to a shell");
    return terminal;
}

// --- reading -----------------------------------------------------------------

static void end_line(struct terminal *terminal) {
    terminal->partial[terminal->partial_length] = '\0';
    terminal->partial_length = terminal->column = 0;
    const char *line = terminal->partial;
    // The shell's own prompt, before it was told ours, is nobody's output.
    if (!terminal->is_set_up || line[strspn(line, " \t")] == '\0') return;
    if (terminals_transcript)
        fprintf(terminals_transcript, "%s| %s\n", terminal->name, line);
    char *copy = strdup(line);
    if (!copy) die("no memory");
    terminal->lines =
        grown(terminal->lines, terminal->line_count, sizeof *terminal->lines);
    terminal->lines[terminal->line_count++] = copy;
}

static void take_prompt(struct terminal *terminal) {
    end_line(terminal);
    terminal->at_prompt = true;
    terminal->is_set_up = true;
}

// Of what a terminal can be told to do, one thing is seen in its lines: what
// stands right of the cursor is erased.
static bool take_escape(struct terminal *terminal, char byte) {
    if (terminal->escape == NO_ESCAPE) {
        if (byte != '\033') return false;
        terminal->escape = ESCAPE;
    } else if (terminal->escape == ESCAPE && byte == '[') {
        terminal->escape = ESCAPE_PARAMETERS;
    } else if (terminal->escape == ESCAPE || byte >= '@') {
        if (byte == 'K') terminal->partial_length = terminal->column;
        terminal->escape = NO_ESCAPE;
    }
    return true;
}

static void take_letter(struct terminal *terminal, char byte) {
    terminal->partial[terminal->column++] = byte;
    if (terminal->partial_length < terminal->column)
        terminal->partial_length = terminal->column;
    if (terminal->column == LINE_SIZE - 1) end_line(terminal);
}

static void take_byte(struct terminal *terminal, char byte) {
    bool begun = terminal->prompt_begun;
    terminal->prompt_begun = byte == PROMPT_1[0];
    if (byte == PROMPT_2[0] && begun)
        take_prompt(terminal);
    else if (byte == '\n')
        end_line(terminal);
    else if (byte == '\r')
        terminal->column = 0;
    else if (byte != '\0' && byte != PROMPT_1[0] &&
             !take_escape(terminal, byte))
        take_letter(terminal, byte);
}

static bool has_room(const struct terminal *terminal) {
    return terminal->fd != -1 && terminal->line_count < LINES;
}

static void read_terminal(struct terminal *terminal) {
    char bytes[LINE_SIZE];
    ssize_t length = read(terminal->fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < length; i++) take_byte(terminal, bytes[i]);
    if (length > 0) terminal->heard_ms = clock_ms();
    if (length > 0 || (length == -1 && (errno == EAGAIN || errno == EINTR)))
        return;
    close(terminal->fd); // whoever had it open on the other side has ended
    terminal->fd = -1;
}

void terminals_wait(int64_t ms) {
    if (ms < 0) ms = 0;
    struct timespec limit = {.tv_sec = ms / 1000,
                             .tv_nsec = ms % 1000 * 1000000};
    fd_set ready;
    sigset_t none;
    int end = 0;
    FD_ZERO(&ready);
    sigemptyset(&none);
    for (int i = 0; i < terminal_count; i++) {
        if (!has_room(&terminals[i])) continue;
        FD_SET(terminals[i].fd, &ready);
        if (terminals[i].fd >= end) end = terminals[i].fd + 1;
    }
    // Signals come here and nowhere else.
    if (pselect(end, &ready, NULL, NULL, &limit, &none) <= 0) return;
    for (int i = 0; i < terminal_count; i++)
        if (has_room(&terminals[i]) && FD_ISSET(terminals[i].fd, &ready))
            read_terminal(&terminals[i]);
}

void terminal_drop(struct terminal *terminal, int count) {
    if (count > terminal->line_count) end_line(terminal);
    if (count > terminal->line_count) count = terminal->line_count;
    for (int i = 0; i < count; i++) free(terminal->lines[i]);
    char **kept = NULL;
    int kept_count = 0;
    for (int i = count; i < terminal->line_count; i++) {
        kept = grown(kept, kept_count, sizeof *kept);
        kept[kept_count++] = terminal->lines[i];
    }
    free(terminal->lines);
    terminal->lines = kept;
    terminal->line_count = kept_count;
}

// --- typing ------------------------------------------------------------------

void terminal_type(struct terminal *terminal, const char *text) {
    size_t length = strlen(text);
    int64_t end_ms = clock_ms() + TYPING_MS;
    while (length > 0 && terminal->fd != -1 && clock_ms() < end_ms) {
        ssize_t written = write(terminal->fd, text, length);
        if (written > 0) text += written, length -= (size_t)written;
        // A terminal that takes no more waits for its program, or for us.
        if (length > 0) terminals_wait(10);
    }
}

pid_t terminal_foreground(const struct terminal *terminal) {
    return terminal->fd == -1 ? -1 : tcgetpgrp(terminal->fd);
}

// --- closing -----------------------------------------------------------------

static bool are_at_prompt(void) {
    for (int i = 0; i < terminal_count; i++)
        if (terminals[i].fd != -1 && !terminals[i].at_prompt) return false;
    return true;
}

static bool are_empty(void) {
    for (int i = 0; i < terminal_count; i++)
        if (terminals[i].fd != -1) return false;
    return true;
}

static void await(bool condition(void), int64_t ms) {
    int64_t end_ms = clock_ms() + ms;
    while (!condition() && clock_ms() < end_ms) {
        for (int i = 0; i < terminal_count; i++)
            if (!has_room(&terminals[i])) terminal_drop(&terminals[i], LINES);
        terminals_wait(end_ms - clock_ms());
    }
}

void terminals_close(void) {
    for (int i = 0; i < terminal_count; i++)
        if (terminals[i].fd != -1 && !terminals[i].at_prompt)
            (void)!write(terminals[i].fd, "\003", 1);
    await(are_at_prompt, GOODBYE_MS);
    // An interactive shell hands this on to its jobs, stopped or not.
    for (int i = 0; i < terminal_count; i++)
        if (terminals[i].fd != -1) kill(terminals[i].shell, SIGHUP);
    await(are_empty, HANGUP_MS);
    for (int i = 0; i < terminal_count; i++) {
        pid_t foreground = terminal_foreground(&terminals[i]);
        if (foreground > 0) kill(-foreground, SIGKILL);
        kill(-terminals[i].shell, SIGKILL);
        if (terminals[i].fd != -1) close(terminals[i].fd);
        terminal_drop(&terminals[i], terminals[i].line_count);
    }
    terminal_count = 0;
    system_end_all();
}
