#include "play.h"

#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "match.h"
#include "system.h"
#include "terminal.h"

enum {
    LOOK_MS = 10,   // between two looks at what processes do
    QUIET_MS = 200, // and what stands there is the whole line
    SETTLE_MS = 1000,
    DIFF_LINES = 20,
};

int64_t play_patience_ms = 10000;

// A terminal as the text knows it.
struct screen {
    struct terminal *terminal; // NULL until something is typed there
    bool after_gap;            // the last thing shown was "..."
};

struct scene {
    const char *path;
    const struct section *section;
    FILE *out;
    struct screen screens[TERMINALS];
};

// --- what is wrong -----------------------------------------------------------

static const char *name_of(const struct scene *scene,
                           const struct stanza *stanza) {
    const char *name = scene->section->terminals[stanza->terminal];
    return *name ? name : "without a name";
}

static bool fail(const struct scene *scene, const struct stanza *stanza,
                 const char *why) {
    if (terminals_interrupted) return false;
    static const char marks[] = {[COMMAND] = '$', [TYPED] = '>', [SHOWN] = ':'};
    fprintf(scene->out, "%s:%d: terminal %s: %s, at\n    %s%c %s\n",
            scene->path, stanza->line, name_of(scene, stanza), why,
            scene->section->terminals[stanza->terminal], marks[stanza->kind],
            stanza->text);
    return false;
}

static void show_lines(FILE *out, char mark, char *const *lines, int count) {
    for (int i = 0; i < count && i < DIFF_LINES; i++)
        fprintf(out, "  %c %s\n", mark, lines[i]);
    if (count > DIFF_LINES)
        fprintf(out, "  %c and %d more lines\n", mark, count - DIFF_LINES);
}

static void show_difference(const struct scene *scene,
                            const struct stanza *stanza,
                            const struct terminal *terminal) {
    int same = 0;
    while (same < stanza->shown_count && same < terminal->line_count &&
           match_line(stanza->shown[same], terminal->lines[same]))
        same++;
    show_lines(scene->out, ' ', terminal->lines, same);
    show_lines(scene->out, '-', stanza->shown + same,
               stanza->shown_count - same);
    show_lines(scene->out, '+', terminal->lines + same,
               terminal->line_count - same);
}

static bool differs(const struct scene *scene, const struct stanza *stanza,
                    const struct terminal *terminal, const char *why) {
    fail(scene, stanza, why);
    if (!terminals_interrupted) show_difference(scene, stanza, terminal);
    return false;
}

// --- waiting -----------------------------------------------------------------

// How far the programs in the foreground have come.
struct moment {
    pid_t group;
    uint64_t turns;
    bool asleep;
};

static struct moment moment_of(const struct terminal *terminal) {
    struct moment moment = {.group = terminal_foreground(terminal)};
    moment.asleep = system_sleeps(moment.group, &moment.turns);
    return moment;
}

static bool is_same(struct moment one, struct moment other) {
    return one.group == other.group && one.turns == other.turns;
}

static bool is_left(const struct terminal *terminal) {
    return terminal->fd == -1 || terminals_interrupted;
}

// Until the programs in the foreground have done something since a moment and
// sleep again, or have ended: they have taken what was typed. Some never sleep,
// and get a second.
static void settle(struct terminal *terminal, struct moment before) {
    int64_t end_ms = clock_ms() + SETTLE_MS;
    struct moment last = before;
    while (!terminal->at_prompt && !is_left(terminal) && clock_ms() < end_ms) {
        terminals_wait(LOOK_MS);
        struct moment now = moment_of(terminal);
        // In the middle of a start they may sleep, too, but not for long.
        if (now.asleep && !is_same(now, before) && is_same(now, last)) return;
        last = now;
    }
}

static bool await_prompt(struct terminal *terminal) {
    int64_t end_ms = clock_ms() + play_patience_ms;
    while (!terminal->at_prompt && !is_left(terminal) && clock_ms() < end_ms)
        terminals_wait(end_ms - clock_ms());
    return terminal->at_prompt;
}

// Until a program has the keyboard and waits for it.
static bool await_program(struct terminal *terminal) {
    int64_t end_ms = clock_ms() + play_patience_ms;
    struct moment none = {.group = -1};
    do settle(terminal, none);
    while (!terminal->at_prompt && !is_left(terminal) && clock_ms() < end_ms &&
           terminal_foreground(terminal) == terminal->shell);
    return !terminal->at_prompt;
}

static int matched(const struct screen *screen, const struct stanza *stanza) {
    const struct terminal *terminal = screen->terminal;
    return match_lines(stanza->shown, stanza->shown_count, screen->after_gap,
                       terminal->lines, terminal->line_count);
}

// The same with a line that has no end yet, if that has been all for a while.
static int matched_unended(const struct screen *screen,
                           const struct stanza *stanza) {
    struct terminal *terminal = screen->terminal;
    bool quiet = clock_ms() - terminal->heard_ms >= QUIET_MS;
    if (terminal->partial_length == 0 || !quiet) return MATCH_NOT_YET;
    terminal->partial[terminal->partial_length] = '\0';
    terminal->lines =
        grown(terminal->lines, terminal->line_count, sizeof *terminal->lines);
    terminal->lines[terminal->line_count++] = terminal->partial;
    int count = matched(screen, stanza);
    terminal->line_count--;
    return count;
}

// --- stanzas -----------------------------------------------------------------

static bool expect(const struct scene *scene, struct screen *screen,
                   const struct stanza *stanza) {
    struct terminal *terminal = screen->terminal;
    int64_t end_ms = clock_ms() + play_patience_ms;
    int count;
    terminals_wait(0);
    while ((count = matched(screen, stanza)) == MATCH_NOT_YET) {
        if ((count = matched_unended(screen, stanza)) >= 0) break;
        if (is_left(terminal) || clock_ms() >= end_ms) break;
        int64_t left_ms = end_ms - clock_ms();
        terminals_wait(left_ms < QUIET_MS ? left_ms : QUIET_MS);
    }
    if (count == MATCH_NEVER) {
        terminals_wait(QUIET_MS); // what else there is explains it
        return differs(scene, stanza, terminal, "something else came");
    }
    if (count < 0)
        return differs(scene, stanza, terminal, "what is shown did not come");
    terminal_drop(terminal, count);
    screen->after_gap = match_is_gap(stanza->shown[stanza->shown_count - 1]);
    return true;
}

static bool expect_nothing(const struct scene *scene, struct screen *screen,
                           const struct stanza *stanza) {
    terminals_wait(0);
    const struct terminal *terminal = screen->terminal;
    if (screen->after_gap) return true;
    if (terminal->line_count == 0 && terminal->partial_length == 0) return true;
    return differs(scene, stanza, terminal, "it shows something");
}

// Then waits for what is shown, or until the program has taken it.
static bool type(const struct scene *scene, struct screen *screen,
                 const struct stanza *stanza, const char *text) {
    struct terminal *terminal = screen->terminal;
    struct moment before = moment_of(terminal);
    if (terminals_transcript)
        fprintf(terminals_transcript, "%s%c %s\n", terminal->name,
                stanza->kind == COMMAND ? '$' : '>', stanza->text);
    terminal->at_prompt = false;
    terminal_type(terminal, text);
    if (stanza->shown_count > 0) return expect(scene, screen, stanza);
    settle(terminal, before);
    return true;
}

static bool type_line(const struct scene *scene, struct screen *screen,
                      const struct stanza *stanza) {
    char line[LINE_SIZE];
    snprintf(line, sizeof line, "%s\n", stanza->text);
    return type(scene, screen, stanza, line);
}

static bool play_command(const struct scene *scene, struct screen *screen,
                         const struct stanza *stanza) {
    if (!await_prompt(screen->terminal))
        return fail(scene, stanza, "no prompt comes, something still runs");
    return type_line(scene, screen, stanza);
}

static bool play_typed(const struct scene *scene, struct screen *screen,
                       const struct stanza *stanza) {
    const char *text = stanza->text;
    if (!await_program(screen->terminal))
        return fail(scene, stanza, "no program runs there");
    if (text[0] != '^' || !text[1] || !strchr("CDZ", text[1]) || text[2])
        return type_line(scene, screen, stanza);
    char key[2] = {(char)(text[1] - '@'), '\0'};
    return type(scene, screen, stanza, key);
}

static bool play_pause(const struct stanza *stanza) {
    int64_t end_ms = clock_ms() + (int64_t)(stanza->seconds * 1000);
    if (terminals_transcript)
        fprintf(terminals_transcript, "(%g s later)\n", stanza->seconds);
    while (!terminals_interrupted && clock_ms() < end_ms)
        terminals_wait(end_ms - clock_ms());
    return true;
}

static bool play_stanza(struct scene *scene, const struct stanza *stanza) {
    if (stanza->kind == PAUSE) return play_pause(stanza);
    const char *name = scene->section->terminals[stanza->terminal];
    struct screen *screen = &scene->screens[stanza->terminal];
    if (!screen->terminal) screen->terminal = terminal_open(name);
    if (stanza->kind == COMMAND) return play_command(scene, screen, stanza);
    if (stanza->kind == TYPED) return play_typed(scene, screen, stanza);
    if (stanza->shown_count == 0) return expect_nothing(scene, screen, stanza);
    return expect(scene, screen, stanza);
}

// Whether something still runs where a session begins with a command: then it
// begins anew, and the reader ends everything.
static bool begins_anew(const struct scene *scene,
                        const struct session *session) {
    const struct stanza *first = &session->stanzas[0];
    if (first->kind != COMMAND) return false;
    struct terminal *terminal = scene->screens[first->terminal].terminal;
    if (!terminal) return false;
    struct moment none = {.group = -1};
    settle(terminal, none);
    return !terminal->at_prompt;
}

// What ran may outlive whoever started it for a moment: strace ends before the
// program that it has watched.
static bool end_program(struct terminal *terminal) {
    int64_t end_ms = clock_ms() + play_patience_ms;
    pid_t group = terminal_foreground(terminal);
    if (terminal->at_prompt) return true;
    terminal_type(terminal, "\3");
    if (!await_prompt(terminal)) return false;
    while (!system_has_ended(group) && clock_ms() < end_ms)
        terminals_wait(LOOK_MS);
    return system_has_ended(group);
}

static bool end_everything(struct scene *scene, const struct stanza *stanza) {
    for (int i = 0; i < TERMINALS; i++) {
        struct screen *screen = &scene->screens[i];
        if (!screen->terminal) continue;
        if (!end_program(screen->terminal))
            return fail(scene, stanza, "Ctrl-C does not end what ran before");
        terminals_wait(0); // its last words
        terminal_drop(screen->terminal, screen->terminal->line_count);
        screen->after_gap = false;
    }
    return true;
}

static bool play_session(struct scene *scene, const struct session *session) {
    if (begins_anew(scene, session) &&
        !end_everything(scene, &session->stanzas[0]))
        return false;
    for (int i = 0; i < session->stanza_count; i++)
        if (!play_stanza(scene, &session->stanzas[i])) return false;
    return !terminals_interrupted;
}

struct outcome play_section(const char *path, const struct section *section,
                            FILE *out) {
    struct scene scene = {.path = path, .section = section, .out = out};
    struct outcome outcome = {0};
    for (int i = 0; i < section->session_count && outcome.failed == 0; i++) {
        if (section->sessions[i].skipped) break;
        outcome.replayed++;
        outcome.failed += !play_session(&scene, &section->sessions[i]);
    }
    terminals_close();
    return outcome;
}
