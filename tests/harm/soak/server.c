#include "server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    INHERITED = 1024
}; // descriptors, at most, that are none of its business

static pid_t running; // 0: there is none

static void end_server(void) {
    if (running > 0) kill(running, SIGKILL);
}

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "soak: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static _Noreturn void become_server(char **arguments, int limit, int log) {
    struct rlimit descriptors = {(rlim_t)limit, (rlim_t)limit};
    setpgid(0, 0);            // a Ctrl-C is for us: we end the server in order
    signal(SIGPIPE, SIG_DFL); // to ignore it is the server's business
    if (setrlimit(RLIMIT_NOFILE, &descriptors) == 0 &&
        dup2(log, STDERR_FILENO) != -1) {
        for (int fd = STDERR_FILENO + 1; fd < INHERITED; fd++) close(fd);
        execv(arguments[0], arguments);
    }
    dprintf(STDERR_FILENO, "%s: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

struct server server_start(char **arguments, int limit) {
    int ends[2];
    if (pipe(ends) == -1) fail("pipe");
    for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == -1) fail("pipe");

    running = fork();
    if (running == -1) fail("fork");
    if (running == 0) become_server(arguments, limit, ends[1]);
    atexit(end_server);
    close(ends[1]);
    return (struct server){.pid = running, .log = ends[0]};
}

static int count_entries(const char *path) {
    int count = 0;
    DIR *directory = opendir(path);
    if (directory == NULL) return -1;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static bool read_file(pid_t pid, const char *name, char *text, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
    return true;
}

static long number_after(const char *text, const char *name) {
    const char *found = strstr(text, name);
    return found ? strtol(found + strlen(name), NULL, 10) : 0;
}

bool server_cost(const struct server *server, struct cost *cost) {
    char text[4096];
    unsigned long user, system;
    snprintf(text, sizeof text, "/proc/%d/fd", (int)server->pid);
    cost->descriptors = count_entries(text);
    if (!read_file(server->pid, "status", text, sizeof text)) return false;
    cost->threads = (int)number_after(text, "\nThreads:");
    cost->memory_kb = number_after(text, "\nRssAnon:");

    // The fields after the program's name, that stands in parentheses.
    if (!read_file(server->pid, "stat", text, sizeof text)) return false;
    const char *rest = strrchr(text, ')');
    if (rest == NULL ||
        sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
               &user, &system) != 2)
        return false;
    cost->cpu_ms = (int64_t)(user + system) * 1000 / sysconf(_SC_CLK_TCK);
    return cost->descriptors != -1;
}

int server_wait(struct server *server) {
    int status = 0;
    while (waitpid(server->pid, &status, 0) == -1 && errno == EINTR) {
    }
    running = 0;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
