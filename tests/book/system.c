#define _GNU_SOURCE // clone(2)

#include "system.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>

// --- a network and processes of its own --------------------------------------

struct start {
    enum isolation isolation;
    int (*function)(void *);
    void *argument;
    uid_t user; // outside
    gid_t group;
};

static bool write_file(const char *path, const char *text) {
    size_t length = strlen(text);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd != -1 && write(fd, text, length) == (ssize_t)length;
    if (fd != -1) close(fd);
    return written;
}

// One user, or one group, that has the same number inside and outside.
static bool write_map(const char *path, unsigned id) {
    char text[64];
    snprintf(text, sizeof text, "%u %u 1", id, id);
    return write_file(path, text);
}

// Whoever is not root may have namespaces only below a user namespace, and
// stays who he is in there.
static bool keep_user(const struct start *start) {
    return start->user == 0 || (write_file("/proc/self/setgroups", "deny") &&
                                write_map("/proc/self/uid_map", start->user) &&
                                write_map("/proc/self/gid_map", start->group));
}

static bool raise_loopback(void) {
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool raised = fd != -1 && ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
    if (fd != -1) close(fd);
    return raised;
}

static bool mount_proc(void) {
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV,
                 NULL) == 0;
}

static int begin(void *argument) {
    const struct start *start = argument;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (start->isolation != SHARED && !(keep_user(start) && raise_loopback()))
        return EXIT_FAILURE;
    if (start->isolation == OWN_NETWORK_AND_PROCESSES && !mount_proc())
        return EXIT_FAILURE;
    return start->function(start->argument);
}

static pid_t start_in(enum isolation isolation, int (*function)(void *),
                      void *argument) {
    static const int flags[] = {
        [SHARED] = 0,
        [OWN_NETWORK] = CLONE_NEWNET,
        [OWN_NETWORK_AND_PROCESSES] = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS,
    };
    // The child has a copy of it, as of all memory.
    static _Alignas(64) char stack[1024 * 1024];
    struct start start = {isolation, function, argument, getuid(), getgid()};
    int wanted = flags[isolation] | SIGCHLD;
    if (isolation != SHARED && start.user != 0) wanted |= CLONE_NEWUSER;
    return clone(begin, stack + sizeof stack, wanted, &start);
}

static int do_nothing(void *argument) {
    (void)argument;
    return EXIT_SUCCESS;
}

static bool is_allowed(enum isolation isolation) {
    int status;
    pid_t pid = start_in(isolation, do_nothing, NULL);
    if (pid == -1) return false;
    while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

enum isolation system_isolation(void) {
    static int best = -1; // not known yet
    if (best != -1) return (enum isolation)best;
    for (best = OWN_NETWORK_AND_PROCESSES; best != SHARED; best--)
        if (is_allowed((enum isolation)best)) break;
    return (enum isolation)best;
}

pid_t system_start(int (*function)(void *), void *argument) {
    return start_in(system_isolation(), function, argument);
}

// --- what processes do -------------------------------------------------------

struct process {
    pid_t pid, parent, group;
    char state;
};

static bool read_process(const char *pid, struct process *process) {
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file) return false;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    // The program's name stands in parentheses and may hold some itself.
    const char *rest = strrchr(text, ')');
    process->pid = atoi(pid);
    return rest && sscanf(rest, ") %c %d %d", &process->state, &process->parent,
                          &process->group) == 3;
}

// Calls visit() with each process that there is.
static void each_process(void visit(const struct process *found,
                                    void *argument),
                         void *argument) {
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        struct process process;
        if (isdigit((unsigned char)entry->d_name[0]) &&
            read_process(entry->d_name, &process))
            visit(&process, argument);
    }
    if (directory) closedir(directory);
}

static uint64_t turns_of(pid_t pid) {
    char path[64], line[128];
    uint64_t turns = 0, count;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "voluntary_ctxt_switches: %" SCNu64, &count) == 1)
            turns = count;
    if (file) fclose(file);
    return turns;
}

struct look {
    pid_t group;
    uint64_t turns;
    bool awake;
};

static void look_at(const struct process *process, void *argument) {
    struct look *look = argument;
    if (process->group != look->group) return;
    look->turns += turns_of(process->pid);
    look->awake |= !strchr("SZ", process->state);
}

bool system_sleeps(pid_t group, uint64_t *turns) {
    struct look look = {.group = group};
    each_process(look_at, &look);
    *turns = look.turns;
    return !look.awake;
}

static void count_living(const struct process *process, void *argument) {
    struct look *look = argument;
    if (process->group == look->group && process->state != 'Z') look->turns++;
}

bool system_has_ended(pid_t group) {
    struct look look = {.group = group};
    each_process(count_living, &look);
    return look.turns == 0;
}

static void end_child(const struct process *process, void *argument) {
    (void)argument;
    if (process->parent == getpid()) kill(process->pid, SIGKILL);
}

// What a process leaves behind when it ends becomes a child of ours, so there
// are children as long as there is anything.
void system_end_all(void) {
    do each_process(end_child, NULL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

#else

enum isolation system_isolation(void) {
    return SHARED;
}

pid_t system_start(int (*function)(void *), void *argument) {
    pid_t pid = fork();
    if (pid == 0) _exit(function(argument));
    return pid;
}

bool system_sleeps(pid_t group, uint64_t *turns) {
    (void)group;
    *turns = 0;
    return false;
}

bool system_has_ended(pid_t group) {
    return kill(-group, 0) == -1;
}

void system_end_all(void) {
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
}

#endif
