#include "terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "net.h"

enum { USUAL_ROWS = 24, USUAL_COLUMNS = 80, LEAVE_MS = 500 };

// Alternate screen, no cursor, nothing wraps; and back.
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

int terminal = -1;

static struct termios before;
static char *sending; // the picture on its way, NULL if there is none
static size_t sent, length;

bool terminal_is_there(void) {
    const char *name = getenv("TERM");
    if (name == NULL || *name == '\0' || strcmp(name, "dumb") == 0)
        return false;
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

bool terminal_open(void) {
    // Opened anew, it is non-blocking for us and for nobody else.
    terminal = open("/dev/tty", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (terminal == -1) return false;
    if (tcgetattr(terminal, &before) == -1) {
        close(terminal);
        terminal = -1;
        return false;
    }

    struct termios keys = before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    keys.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    tcsetattr(terminal, TCSANOW, &keys);
    terminal_show(strdup(ENTER), strlen(ENTER));
    return true;
}

static void forget_picture(void) {
    free(sending);
    sending = NULL;
}

// The last bytes are worth waiting for, but not forever: somebody may have
// stopped the terminal.
static void send_last(const char *bytes) {
    struct pollfd room = {.fd = terminal, .events = POLLOUT};
    int64_t end_ms = clock_ms() + LEAVE_MS;
    terminal_show(strdup(bytes), strlen(bytes));
    while (terminal_busy() && poll(&room, 1, clock_left_ms(end_ms)) == 1)
        terminal_send();
    forget_picture();
}

void terminal_close(void) {
    if (terminal == -1) return;
    forget_picture();
    send_last(LEAVE);
    tcflush(terminal, TCIFLUSH); // keys that were meant for the watcher
    tcsetattr(terminal, TCSANOW, &before);
    close(terminal);
    terminal = -1;
}

void terminal_size(int *rows, int *columns) {
    struct winsize size = {0};
    ioctl(terminal, TIOCGWINSZ, &size);
    *rows = size.ws_row > 0 ? size.ws_row : USUAL_ROWS;
    *columns = size.ws_col > 0 ? size.ws_col : USUAL_COLUMNS;
}

bool terminal_busy(void) {
    return sending != NULL;
}

void terminal_show(char *picture, size_t bytes) {
    sending = picture;
    sent = 0;
    length = bytes;
    terminal_send();
}

void terminal_send(void) {
    while (sending != NULL) {
        ssize_t written = write(terminal, sending + sent, length - sent);
        if (written == -1 && net_should_retry()) return;
        if (written > 0) sent += (size_t)written;
        if (written <= 0 || sent == length) forget_picture();
    }
}

int terminal_key(void) {
    unsigned char key;
    ssize_t taken = read(terminal, &key, 1);
    if (taken == 1) return key;
    return taken == -1 && net_should_retry() ? KEY_NONE : KEY_GONE;
}
