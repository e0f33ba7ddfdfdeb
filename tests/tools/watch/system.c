#include "system.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_SIZE = 1024, LISTENING = 0x0A };

// Reads the first line of a file or of what a command says.
static bool first_line(FILE *file, char text[TEXT_SIZE], int close(FILE *)) {
    if (file == NULL) return false;
    bool found = fgets(text, TEXT_SIZE, file) != NULL;
    close(file);
    return found;
}

// The fields of /proc/PID/stat from the third on: the second is a name that
// may hold anything. NULL where there is none.
static char *stat_fields(pid_t pid, char text[TEXT_SIZE]) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!first_line(fopen(path, "r"), text, fclose)) return NULL;
    char *name_end = strrchr(text, ')');
    return name_end ? name_end + 1 : NULL;
}

// The number of a field, counted as proc(5) does.
static int64_t field(const char *fields, int number) {
    for (int i = 3; i < number && fields != NULL; i++)
        fields = strchr(fields + 1, ' ');
    return fields ? strtoll(fields, NULL, 10) : -1;
}

// What ps writes: [[days-]hours:]minutes:seconds[.hundredths]
static int64_t ps_cpu_ms(pid_t pid) {
    char command[64], text[TEXT_SIZE];
    snprintf(command, sizeof command, "ps -o time= -p %d", (int)pid);
    FILE *ps = popen(command, "r"); // NOLINT(cert-env33-c): a number only
    if (!first_line(ps, text, pclose)) return -1;

    double sum = 0, part;
    int taken;
    for (char *next = text; sscanf(next, "%lf%n", &part, &taken) == 1;) {
        next += taken;
        sum += part;
        if (*next == '-') sum *= 24;
        if (*next == ':') sum *= 60;
        if (*next++ == '\n') break;
    }
    return (int64_t)(sum * 1000);
}

int64_t system_cpu_ms(pid_t pid) {
    char text[TEXT_SIZE];
    char *fields = stat_fields(pid, text);
    if (fields == NULL) return ps_cpu_ms(pid);
    return (field(fields, 14) + field(fields, 15)) * 1000 /
           sysconf(_SC_CLK_TCK);
}

int system_threads(pid_t pid) {
    char text[TEXT_SIZE];
    return (int)field(stat_fields(pid, text), 20);
}

// Linux lists those that listen first, and says in the place of the bytes to be
// read how many clients wait. See proc(5).
static int backlog_in(const char *path, unsigned wanted) {
    char line[TEXT_SIZE];
    unsigned port, state, waiting;
    int found = -1;
    FILE *file = fopen(path, "r");
    if (file == NULL) return -1;

    bool more = fgets(line, sizeof line, file) != NULL; // the titles
    while (more && found == -1 && fgets(line, sizeof line, file) != NULL) {
        int parts = sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%x",
                           &port, &state, &waiting);
        if (parts != 3 || state != LISTENING) break;
        if (port == wanted) found = (int)waiting;
    }
    fclose(file);
    return found;
}

int system_backlog(const char *port) {
    unsigned wanted = (unsigned)strtoul(port, NULL, 10);
    int found = backlog_in("/proc/self/net/tcp", wanted);
    return found != -1 ? found : backlog_in("/proc/self/net/tcp6", wanted);
}
