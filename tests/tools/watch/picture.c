#include "picture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "scene.h"

enum {
    ROW_SIZE = 256, // wider terminals stay empty on the right
    HEAD_ROWS = 3,  // and one at the bottom
    CELL_SIZE = 16, // of a table
    DEPARTED_MS = 2000,
    NARROWEST_NAME = 15, // 127.0.0.1:65535
    WIDEST_NAME = NAME_SIZE - 1,
    WIDEST_BAR = 20,
};

#define PLAIN   ""
#define INVERSE "\033[7m"
#define BOLD    "\033[1m"
#define GREEN   "\033[32m"
#define YELLOW  "\033[33m"
#define RED     "\033[31m"
#define CYAN    "\033[36m"

struct row {
    char text[ROW_SIZE];
    const char *style;
};

static struct row *shown; // what the terminal has
static int shown_rows, shown_columns;

static const struct view *view;
static FILE *out;
static int next_row;

// --- rows --------------------------------------------------------------------

// Nothing but printable ASCII gets to the terminal, as long as the row is wide.
static void fit(char text[ROW_SIZE]) {
    int width = view->columns < ROW_SIZE ? view->columns : ROW_SIZE - 1;
    int length = (int)strlen(text);
    for (int i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~') text[i] = '?';
    for (int i = length; i < width; i++) text[i] = ' ';
    text[width] = '\0';
}

static void send_row(const struct row *row) {
    const char *style = view->colour ? row->style : PLAIN;
    fprintf(out, "\033[%d;1H%s%s%s", next_row + 1, style, row->text,
            *style ? "\033[0m" : "");
}

__attribute__((format(printf, 2, 3))) static void
put_row(const char *style, const char *format, ...) {
    struct row row = {.style = style};
    va_list arguments;
    if (next_row >= view->rows) return;
    va_start(arguments, format);
    vsnprintf(row.text, sizeof row.text, format, arguments);
    va_end(arguments);
    fit(row.text);

    struct row *before = &shown[next_row];
    if (before->style != style || strcmp(before->text, row.text) != 0)
        send_row(&row);
    *before = row;
    next_row++;
}

static int rows_left(void) {
    return view->rows - 1 - next_row;
}

// --- cells -------------------------------------------------------------------

// Six characters at most.
static const char *amount(uint64_t bytes, char cell[CELL_SIZE]) {
    static const char units[] = "kMGTPE";
    double value = (double)bytes;
    int unit = -1;
    while (value >= (unit == -1 ? 99999.5 : 999.5)) {
        value /= 1000;
        unit++;
    }
    if (unit == -1)
        snprintf(cell, CELL_SIZE, "%" PRIu64, bytes);
    else
        snprintf(cell, CELL_SIZE, "%.*f %c", value < 9.95, value, units[unit]);
    return cell;
}

// Five characters at most, for a hundred days.
static const char *duration(int64_t ms, char cell[CELL_SIZE]) {
    if (ms < 0) ms = 0;
    if (ms < 100000)
        snprintf(cell, CELL_SIZE, "%d.%d", (int)(ms / 1000),
                 (int)(ms / 100 % 10));
    else if (ms < 10000000)
        snprintf(cell, CELL_SIZE, "%d", (int)(ms / 1000));
    else
        snprintf(cell, CELL_SIZE, "%" PRId64 "h", ms / 3600000);
    return cell;
}

static const char *bar(int64_t left_ms, int width, char cell[WIDEST_BAR + 1]) {
    int64_t full = (left_ms * width + view->timeout_ms - 1) / view->timeout_ms;
    for (int i = 0; i < width; i++) cell[i] = i < full ? '#' : '.';
    cell[width] = '\0';
    return cell;
}

// How wide the columns are that take what the others leave.
static void share(int *name, int *bar_width) {
    int deadline = view->timeout_ms ? 12 : 0; // its number and five of its bar
    int spare = view->columns - (69 + deadline);
    *name = NARROWEST_NAME + (spare > 0 ? spare / 4 : 0);
    if (*name > WIDEST_NAME) *name = WIDEST_NAME;
    spare -= *name - NARROWEST_NAME;
    *bar_width = 5 + (spare > 0 ? spare : 0);
    if (*bar_width > WIDEST_BAR) *bar_width = WIDEST_BAR;
}

// --- the top -----------------------------------------------------------------

static const char *loop_words(char text[ROW_SIZE]) {
    bool client =
        scene.fd >= 0 && scene.fd < scene.room && scene.clients[scene.fd].open;
    if (scene.spinning) return "asks every client in turn, and never waits";
    if (scene.doing == STARTING)
        return "starting";
    else if (scene.doing == SERVING && client)
        snprintf(text, ROW_SIZE, "serving [%d]", scene.fd);
    else if (scene.doing == SERVING)
        return "accepting";
    else if (scene.fd >= 0)
        snprintf(text, ROW_SIZE, "waiting in %s of [%d]", scene.call, scene.fd);
    else
        snprintf(text, ROW_SIZE, "waiting in %s", scene.call);
    return text;
}

static const char *known(int number, const char *words, char cell[32]) {
    if (number < 0) return "";
    snprintf(cell, 32, words, number);
    return cell;
}

static void put_top(void) {
    char loop[ROW_SIZE], cpu[32], threads[32], backlog[32], turns[32] = "";
    const char *thread_words =
        view->threads == 1 ? "  %d thread" : "  %d threads";
    if (!scene.spinning)
        snprintf(turns, sizeof turns, "  %" PRIu64 " turn%s a second",
                 scene.rate, plural(scene.rate));
    put_row(INVERSE, " %s on %s%s: %s%s", view->stage, scene.address,
            scene.addresses > 1 ? " and others" : "", loop_words(loop),
            scene.pausing ? "; accepting pauses" : "");
    put_row(PLAIN, " %d client%s%s%s%s%s%s%s", scene.count,
            plural((uint64_t)scene.count),
            known(view->backlog, ", %d in backlog", backlog),
            known(view->cpu_percent, "  CPU %d %%", cpu),
            known(view->threads, thread_words, threads), turns,
            scene.pausing ? "  " : "", scene.pausing ? scene.report : "");
}

// --- the clients -------------------------------------------------------------

static const struct {
    const char *words, *style;
} looks[] = {
    [SERVED] = {"being served", GREEN},
    [TO_READ] = {"waiting to read", PLAIN},
    [TO_WRITE] = {"waiting to write", YELLOW},
    [IN_CHANNEL] = {"in the channel", CYAN},
};

static void put_titles(void) {
    int name, bar_width;
    share(&name, &bar_width);
    put_row(BOLD, "%4s %-*s %-16s %6s %6s %-10s %5s %s", "fd", name, "client",
            "state", "recvd", "echoed", "last wait", "idle",
            view->timeout_ms ? " left" : "");
}

static void put_client(const struct client *client) {
    int name, width;
    bool exact;
    char received[CELL_SIZE], echoed[CELL_SIZE], idle[CELL_SIZE];
    char left[CELL_SIZE] = "", hashes[WIDEST_BAR + 1] = "";
    int64_t idle_ms = view->now_ms - client->moved_ms;
    int64_t left_ms = view->timeout_ms - idle_ms;
    enum state state = client_state(client);

    share(&name, &width);
    amount(client_echoed(client, &exact), echoed);
    if (view->timeout_ms) duration(left_ms, left);
    if (view->timeout_ms) bar(left_ms, width, hashes);
    put_row(looks[state].style, "%4d %-*.*s %-16s %6s %6s%c%-10s %5s %5s %s",
            client->fd, name, name, client->name, looks[state].words,
            amount(client->received, received), echoed, exact ? ' ' : '+',
            client_call(client), duration(idle_ms, idle), left, hashes);
}

static void put_departed(const struct client *client) {
    int name, width;
    char received[CELL_SIZE], echoed[CELL_SIZE];
    share(&name, &width);
    put_row(RED, "%4d %-*.*s %-16s %6s %6s %s", client->fd, name, name,
            client->name, "closed", amount(client->received, received),
            amount(client->echoed, echoed), client->reason);
}

// Who left last, or before that.
static const struct client *departed(int before) {
    return &scene
                .departed[(scene.departures - 1 - (uint64_t)before) % DEPARTED];
}

// How many of those who left are still to be seen.
static int count_departed(void) {
    int count = 0;
    while (count < DEPARTED && (uint64_t)count < scene.departures &&
           view->now_ms - departed(count)->closed_ms < DEPARTED_MS)
        count++;
    return count;
}

// Who cannot write first, then the busiest, then who moved last.
static int compare(const void *left, const void *right) {
    const struct client *one = &scene.clients[*(const int *)left];
    const struct client *other = &scene.clients[*(const int *)right];
    bool stuck = one->state == TO_WRITE;
    if (stuck != (other->state == TO_WRITE)) return stuck ? -1 : 1;
    if (one->rate != other->rate) return one->rate > other->rate ? -1 : 1;
    if (one->moved_ms != other->moved_ms)
        return one->moved_ms > other->moved_ms ? -1 : 1;
    return one->fd - other->fd;
}

// By descriptor, if there is room for all of them.
static void put_clients(int room) {
    int *list = calloc((size_t)scene.count + 1, sizeof *list), count = 0;
    if (list == NULL) return;
    for (int fd = 0; fd < scene.room && count < scene.count; fd++)
        if (scene.clients[fd].open) list[count++] = fd;

    bool all = count <= room;
    if (!all) qsort(list, (size_t)count, sizeof *list, compare);
    int rows = all ? count : room - 1;
    for (int i = 0; i < rows; i++) put_client(&scene.clients[list[i]]);
    if (!all) put_row(BOLD, "     and %d more", count - rows);
    free(list);
}

static void put_table(void) {
    int gone = count_departed();
    put_titles();
    // When it is crowded, who is there counts more than who was.
    int most = rows_left() - scene.count;
    if (most < rows_left() / 4) most = rows_left() / 4;
    if (gone > most) gone = most;
    if (rows_left() > gone) put_clients(rows_left() - gone);
    for (int i = 0; i < gone; i++) put_departed(departed(i));
}

// --- the bottom --------------------------------------------------------------

// How to talk to an address of the log's, with nc.
static void put_bottom(void) {
    const char *address = scene.address, *colon = strrchr(address, ':');
    while (rows_left() > 0) put_row(PLAIN, "%s", "");
    if (strncmp(address, "unix:", 5) == 0)
        put_row(BOLD, " nc -U %s  or  tests/crowd %s   q: leave", address + 5,
                address);
    else if (colon != NULL) {
        bool brackets = *address == '[';
        put_row(BOLD, " nc %.*s %s  or  tests/crowd -d 9 %s   q: leave",
                (int)(colon - address) - 2 * brackets, address + brackets,
                colon + 1, address);
    }
}

// --- all of it ---------------------------------------------------------------

void picture_forget(void) {
    free(shown);
    shown = NULL;
}

// Begins anew when the terminal has another size. False without memory.
static bool make_room(void) {
    if (shown_rows != view->rows || shown_columns != view->columns)
        picture_forget();
    if (shown != NULL) return true;
    shown = calloc((size_t)view->rows, sizeof *shown);
    shown_rows = view->rows;
    shown_columns = view->columns;
    if (shown != NULL) fputs("\033[0m\033[2J", out);
    return shown != NULL;
}

char *picture_draw(const struct view *wanted_view, size_t *length) {
    char *picture = NULL;
    view = wanted_view;
    next_row = 0;
    out = open_memstream(&picture, length);
    if (out == NULL) return NULL;
    if (make_room()) {
        put_top();
        put_table();
        put_bottom();
    }
    bool failed = ferror(out);
    if (fclose(out) != 0 || failed || *length == 0) {
        free(picture);
        return NULL;
    }
    return picture;
}
