#include "poller.h"

#include <errno.h>
#include <signal.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

static int poller;
static unsigned short trigger; // EV_CLEAR with --edge

static struct kevent change(int ident, short filter, unsigned short flags) {
    struct kevent event;
    EV_SET(&event, (uintptr_t)ident, filter, flags, 0, 0, 0);
    return event;
}

void poller_open(bool edge) {
    struct kevent filters[] = {change(SIGINT, EVFILT_SIGNAL, EV_ADD),
                               change(SIGTERM, EVFILT_SIGNAL, EV_ADD)};
    sigset_t stop, pending;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    // Blocked, a signal doesn't end the program, and kqueue still reports it.
    sigprocmask(SIG_BLOCK, &stop, NULL);

    trigger = edge ? EV_CLEAR : 0;
    poller = kqueue();
    if (poller == -1 || kevent(poller, filters, 2, NULL, 0, NULL) == -1)
        die("cannot open the poller");

    // It reports signals that arrive from now on: repeat an earlier one.
    sigpending(&pending);
    if (sigismember(&pending, SIGINT)) kill(getpid(), SIGINT);
    if (sigismember(&pending, SIGTERM)) kill(getpid(), SIGTERM);
}

bool poller_add(int fd) {
    unsigned short flags = EV_ADD | trigger;
    // Both filters are added now, so that poller_change() can't run out of
    // memory; the write filter first, so that nothing is watched if one fails.
    struct kevent filters[] = {change(fd, EVFILT_WRITE, flags | EV_DISABLE),
                               change(fd, EVFILT_READ, flags)};
    return kevent(poller, filters, 2, NULL, 0, NULL) == 0;
}

bool poller_change(int fd, enum interest interest) {
    unsigned short wanted = EV_ADD | EV_ENABLE | trigger;
    struct kevent filters[] = {
        change(fd, EVFILT_READ,
               interest == INTEREST_READ ? wanted : EV_DISABLE),
        change(fd, EVFILT_WRITE,
               interest == INTEREST_WRITE ? wanted : EV_DISABLE)};
    return kevent(poller, filters, 2, NULL, 0, NULL) == 0;
}

int poller_wait(int ready[POLLER_BATCH], int64_t until_ms) {
    struct kevent events[POLLER_BATCH];
    log_detail("waiting in kevent");
    int left_ms = clock_left_ms(until_ms);
    struct timespec left = {left_ms / 1000, left_ms % 1000 * 1000000L};
    int count = kevent(poller, NULL, 0, events, POLLER_BATCH,
                       left_ms == -1 ? NULL : &left);
    if (count == -1 && errno != EINTR) die("kevent");

    for (int i = 0; i < count; i++) {
        int fd = (int)events[i].ident; // or the number of a signal
        bool is_signal = events[i].filter == EVFILT_SIGNAL;
        if (is_signal) log_detail("a signal arrived");
        if (!is_signal) log_detail("[%d] is ready", fd);
        ready[i] = is_signal ? POLLER_SIGNAL : fd;
    }
    return count > 0 ? count : 0;
}
