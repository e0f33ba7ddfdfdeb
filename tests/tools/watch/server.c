#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "clock.h"
#include "net.h"

enum { PIPE_SIZE = 1024 * 1024 };

// What has been read and is not yet a whole line.
static char unread[64 * 1024];
static size_t length;

_Noreturn static void become_server(char **arguments, int log, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0); // what the terminal's keys send is for the watcher
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    if (getppid() == parent && dup2(log, STDERR_FILENO) != -1) {
        close(STDIN_FILENO);
        close(STDOUT_FILENO); // the server puts /dev/null in their place
        execv(arguments[0], arguments);
        dprintf(STDERR_FILENO, "%s: %s\n", arguments[0], strerror(errno));
    }
    _exit(127);
}

bool server_start(struct server *server, char **arguments) {
    int ends[2];
    pid_t parent = getpid();
    if (pipe(ends) == -1) return false;
    for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
#ifdef F_SETPIPE_SZ
    // The longer it is, the less a server that talks a lot waits for us.
    fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE);
#endif
    server->pid = fork();
    if (server->pid == 0) become_server(arguments, ends[1], parent);
    close(ends[1]);
    server->log = ends[0];
    return server->pid != -1 && net_set_nonblocking(server->log);
}

static void take_lines(void line(const char *text)) {
    char *start = unread, *end = unread + length, *newline;
    while ((newline = memchr(start, '\n', (size_t)(end - start))) != NULL) {
        *newline = '\0';
        line(start);
        start = newline + 1;
    }
    length = (size_t)(end - start);
    if (length == sizeof unread) length = 0; // no line of ours is that long
    memmove(unread, start, length);
}

bool server_read(struct server *server, void line(const char *text)) {
    ssize_t taken = read(server->log, unread + length, sizeof unread - length);
    if (taken == -1 && net_should_retry()) return true;
    if (taken > 0) {
        length += (size_t)taken;
        take_lines(line);
        return true;
    }
    close(server->log);
    server->log = -1;
    return false;
}

int server_stop(struct server *server, void line(const char *text)) {
    int status = 0;
    int64_t end_ms = clock_ms() + STOP_MS;
    struct pollfd log = {.fd = server->log, .events = POLLIN};

    kill(server->pid, SIGTERM);
    kill(server->pid, SIGCONT); // whoever is stopped hears of it now
    while (server->log != -1 && poll(&log, 1, clock_left_ms(end_ms)) != 0)
        server_read(server, line);
    if (server->log != -1) kill(server->pid, SIGKILL);
    while (waitpid(server->pid, &status, 0) == -1 && errno == EINTR) {
    }
    return status;
}
