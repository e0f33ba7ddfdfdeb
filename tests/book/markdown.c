#include "markdown.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "log.h"

enum { SHORTEST_FENCE = 3, MOST_MARKS = 6 };

// How far the file has been read.
struct place {
    struct book *book;
    char *heading; // the last one
    bool anew;     // and it has no session yet
    int line;
    size_t fence; // how many backquotes end the block; 0 outside of blocks
    size_t indentation;
    bool console;
};

// --- memory ------------------------------------------------------------------

static void *must(void *memory) {
    if (!memory) die("no memory");
    return memory;
}

void *grown(void *array, int count, size_t size) {
    size_t used = (size_t)count;
    if ((used & (used - 1)) == 0) // it is full: it grows by powers of two
        array = must(realloc(array, (used > 0 ? 2 * used : 1) * size));
    memset((char *)array + used * size, 0, size);
    return array;
}

// --- stanzas -----------------------------------------------------------------

_Noreturn static void refuse(const struct place *place, const char *why) {
    fprintf(stderr, "%s:%d: %s\n", place->book->path, place->line, why);
    exit(EXIT_FAILURE);
}

static struct section *last_section(const struct place *place) {
    return &place->book->sections[place->book->section_count - 1];
}

static struct session *last_session(const struct place *place) {
    struct section *section = last_section(place);
    return &section->sessions[section->session_count - 1];
}

static int find_terminal(const struct section *section, const char *name,
                         size_t length) {
    for (int i = 0; i < section->terminal_count; i++) {
        const char *known = section->terminals[i];
        if (strlen(known) == length && memcmp(known, name, length) == 0)
            return i;
    }
    return -1;
}

static int add_terminal(struct section *section, const char *name,
                        size_t length) {
    section->terminals = grown(section->terminals, section->terminal_count,
                               sizeof *section->terminals);
    section->terminals[section->terminal_count] = must(strndup(name, length));
    return section->terminal_count++;
}

static size_t name_length(const char *line) {
    size_t length = 0;
    while (isalnum((unsigned char)line[length]) || line[length] == '_' ||
           line[length] == '-')
        length++;
    return length;
}

// What stands after the name and its mark. NULL if there is no such mark.
static const char *after_mark(const char *line, size_t name, char mark) {
    if (line[name] != mark) return NULL;
    const char *text = line + name + 1;
    if (*text == '\0') return text;
    return *text == ' ' ? text + 1 : NULL;
}

static bool is_pause(const char *line, double *seconds) {
    int end = 0;
    sscanf(line, "(%lf s later)%n", seconds, &end);
    return end > 0 && line[end] == '\0';
}

// Whether a stanza starts with this line. What looks like one is output where
// nobody has typed a command at a terminal of that name.
static bool starts_stanza(struct section *section, const char *line,
                          struct stanza *stanza) {
    const char *text = NULL;
    size_t name = name_length(line);
    stanza->terminal = find_terminal(section, line, name);

    if (is_pause(line, &stanza->seconds)) {
        stanza->kind = PAUSE;
        return true;
    }
    if ((text = after_mark(line, name, '$'))) {
        stanza->kind = COMMAND;
        if (stanza->terminal == -1)
            stanza->terminal = add_terminal(section, line, name);
    } else if ((text = after_mark(line, name, '>'))) {
        stanza->kind = TYPED;
    } else if ((text = after_mark(line, name, ':')) && *text == '\0') {
        stanza->kind = SHOWN;
    }
    if (!text || stanza->terminal == -1) return false;
    stanza->text = must(strdup(text));
    return true;
}

static void take_shown(const struct place *place, const char *line) {
    struct session *session = last_session(place);
    struct stanza *stanza = NULL;
    if (session->stanza_count > 0)
        stanza = &session->stanzas[session->stanza_count - 1];
    if (!stanza || stanza->kind == PAUSE)
        refuse(place, "which terminal shows this?");
    stanza->shown =
        grown(stanza->shown, stanza->shown_count, sizeof *stanza->shown);
    stanza->shown[stanza->shown_count++] = must(strdup(line));
}

static void take_console(const struct place *place, const char *line) {
    struct session *session = last_session(place);
    struct stanza stanza = {.line = place->line};
    if (line[strspn(line, " \t")] == '\0') return;
    if (!starts_stanza(last_section(place), line, &stanza)) {
        take_shown(place, line);
        return;
    }
    // Whoever opens them counts on it.
    if (last_section(place)->terminal_count > TERMINALS)
        refuse(place, "there are too many terminals");
    session->stanzas = grown(session->stanzas, session->stanza_count,
                             sizeof *session->stanzas);
    session->stanzas[session->stanza_count++] = stanza;
}

// --- sections and blocks -----------------------------------------------------

static void take_heading(struct place *place, const char *line) {
    size_t marks = strspn(line, "#");
    if (marks == 0 || marks > MOST_MARKS || line[marks] != ' ') return;
    free(place->heading);
    place->heading = must(strdup(line + marks + 1));
    place->anew = true;
}

static void open_section(struct place *place) {
    struct book *book = place->book;
    book->sections =
        grown(book->sections, book->section_count, sizeof *book->sections);
    const char *heading = place->heading ? place->heading : book->path;
    book->sections[book->section_count++].heading = must(strdup(heading));
    place->anew = false;
}

static void open_block(struct place *place, const char *line) {
    size_t indentation = strspn(line, " ");
    size_t fence = strspn(line + indentation, "`");
    if (fence < SHORTEST_FENCE) return;
    place->fence = fence;
    place->indentation = indentation;
    place->console = strcmp(line + indentation + fence, "console") == 0;
    if (!place->console) return;
    if (place->anew) open_section(place);
    struct section *section = last_section(place);
    section->sessions = grown(section->sessions, section->session_count,
                              sizeof *section->sessions);
    section->sessions[section->session_count++].line = place->line;
}

static bool ends_block(const struct place *place, const char *line) {
    size_t indentation = strspn(line, " ");
    size_t fence = strspn(line + indentation, "`");
    return fence >= place->fence && line[indentation + fence] == '\0';
}

static void take_line(struct place *place, const char *line) {
    if (place->fence == 0) {
        take_heading(place, line);
        open_block(place, line);
    } else if (ends_block(place, line)) {
        place->fence = 0;
    } else if (place->console) {
        // A block in a list is indented like the list.
        size_t indentation = strspn(line, " ");
        if (indentation > place->indentation) indentation = place->indentation;
        take_console(place, line + indentation);
    }
}

struct book markdown_read(const char *path) {
    struct book book = {.path = path};
    struct place place = {.book = &book, .anew = true};
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    if (!file) die("cannot read %s", path);
    while ((length = getline(&line, &size, file)) > 0) {
        place.line++;
        while (length > 0 && isspace((unsigned char)line[length - 1]))
            line[--length] = '\0';
        take_line(&place, line);
    }
    if (place.console && place.fence > 0)
        refuse(&place, "the block has no end");
    free(line);
    free(place.heading);
    fclose(file);
    return book;
}
