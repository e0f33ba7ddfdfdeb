#include "needs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "system.h"

enum { WORD_SIZE = 256 };

// What the shell does itself.
static const char *const builtins[] = {
    ".",       ":",       "[",        "[[",     "bg",     "break",  "case",
    "cd",      "command", "continue", "disown", "echo",   "elif",   "esac",
    "eval",    "exec",    "exit",     "export", "false",  "fg",     "fi",
    "done",    "for",     "history",  "jobs",   "kill",   "printf", "pwd",
    "read",    "set",     "shift",    "sleep",  "source", "test",   "trap",
    "true",    "type",    "ulimit",   "umask",  "unset",  "wait",   "}",
    "declare", "local",   "shopt",    "alias"};

// A command follows them.
static const char *const prefixes[] = {
    "!",     "{",    "do",   "else", "env",   "exec",  "if",
    "nohup", "sudo", "then", "time", "until", "while", "command"};

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

static bool is_one_of(const char *word, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0) return true;
    return false;
}

static bool is_in_path(const char *program) {
    const char *path = getenv("PATH");
    while (path && *path) {
        char file[1024];
        int length = (int)strcspn(path, ":");
        snprintf(file, sizeof file, "%.*s/%s", length, path, program);
        if (access(file, X_OK) == 0) return true;
        path += length;
        path += *path == ':';
    }
    return false;
}

// --- nc ----------------------------------------------------------------------

static bool nc_says_it_knows_n(void) {
    char line[256];
    bool knows = false;
    FILE *help = popen("nc -h 2>&1", "r");
    while (help && fgets(line, sizeof line, help))
        if (strstr(line, "-N") && strstr(line, "Shutdown")) knows = true;
    if (help) pclose(help);
    return knows;
}

static bool nc_knows_n(void) {
    static int knows = -1; // nobody has asked
    if (knows == -1) knows = nc_says_it_knows_n();
    return knows;
}

// --- one command -------------------------------------------------------------

// Takes what the shell takes for one word, quotes and all.
static const char *take_word(const char *text, char word[WORD_SIZE]) {
    static const char ends[] = " \t;|&()<>";
    size_t length = 0;
    char quote = '\0';
    for (; *text && (quote || !strchr(ends, *text)); text++) {
        if (quote && *text == quote)
            quote = '\0';
        else if (!quote && (*text == '\'' || *text == '"'))
            quote = *text;
        else if (!quote && strncmp(text, "$(", 2) == 0)
            break;
        else if (length < WORD_SIZE - 1)
            word[length++] = *text;
    }
    word[length] = '\0';
    return text;
}

static const char *past_redirection(const char *text) {
    char word[WORD_SIZE];
    text += strspn(text, "<>&");
    return take_word(text + strspn(text, " \t"), word);
}

static const char *is_not_there(const char *program) {
    static const char verdict[] = " is not there";
    size_t size = strlen(program) + sizeof verdict;
    char *reason = malloc(size);
    if (!reason) die("no memory");
    snprintf(reason, size, "%s%s", program, verdict);
    return reason;
}

static const char *program_missing(const char *program, const char *arguments) {
    if (!SYSTEM_HAS_EPOLL && strstr(program, "04-epoll/"))
        return "there is no epoll";
    if (strchr(program, '/') || is_one_of(program, builtins, COUNT(builtins)))
        return NULL;
    if (!is_in_path(program)) return is_not_there(program);
    if (strcmp(program, "nc") == 0 && strstr(arguments, " -N") && !nc_knows_n())
        return "nc has no -N";
    return NULL;
}

// "3" in "exec 3<>FILE".
static bool is_redirected(const char *word, const char *rest) {
    return *word && word[strspn(word, "0123456789")] == '\0' && *rest &&
           strchr("<>", *rest);
}

// Whether a command still follows this word, where one is expected.
static bool leads_on(const char *word) {
    return word[0] == '-' || strchr(word, '=') ||
           is_one_of(word, prefixes, COUNT(prefixes));
}

// Goes past one word, or past whatever stands between words.
static const char *take_next(const char *command, bool *expects_program,
                             const char **missing) {
    char word[WORD_SIZE];
    if (strncmp(command, "$((", 3) == 0 && strstr(command, "))"))
        return strstr(command, "))") + 2; // it only calculates
    if (strchr("<>", *command)) return past_redirection(command);
    if (strchr(" \t)", *command)) return command + 1;
    if (strchr(";|&(", *command) || strncmp(command, "$(", 2) == 0) {
        *expects_program = true;
        return command + 1;
    }
    command = take_word(command, word);
    if (!*expects_program || is_redirected(word, command)) return command;
    *expects_program = leads_on(word);
    if (!*expects_program || strcmp(word, "sudo") == 0)
        *missing = program_missing(word, command);
    return command;
}

const char *needs_missing(const char *command) {
    const char *missing = NULL;
    bool expects_program = true;
    while (*command && !missing)
        command = take_next(command, &expects_program, &missing);
    return missing;
}
