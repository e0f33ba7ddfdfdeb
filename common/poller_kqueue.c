#include "poller.h"

#include <errno.h>
#include <signal.h>
#include <sys/event.h>
#include <time.h>

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
    struct kevent signals[] = {change(SIGINT, EVFILT_SIGNAL, EV_ADD),
                               change(SIGTERM, EVFILT_SIGNAL, EV_ADD)};
    trigger = edge ? EV_CLEAR : 0;
    poller = kqueue();
    if (poller == -1 || kevent(poller, signals, 2, NULL, 0, NULL) == -1)
        die("cannot open the poller");

    // kqueue sees even those signals come that the program ignores.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
}

bool poller_add(int fd) {
    unsigned short flags = EV_ADD | trigger;
    // What the second one takes is taken now, while a client can still wait
    // for memory; and first, so that without it nothing is watched.
    struct kevent filters[] = {change(fd, EVFILT_WRITE, flags | EV_DISABLE),
                               change(fd, EVFILT_READ, flags)};
    return kevent(poller, filters, 2, NULL, 0, NULL) == 0;
}

bool poller_change(int fd, enum interest interest) {
    unsigned short wanted = EV_ADD | EV_ENABLE | trigger;
    struct kevent filters[] = {
        change(fd, EVFILT_READ, interest == READABLE ? wanted : EV_DISABLE),
        change(fd, EVFILT_WRITE, interest == WRITABLE ? wanted : EV_DISABLE)};
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
        if (is_signal) log_detail("a signal has come");
        if (!is_signal) log_detail("[%d] is ready", fd);
        ready[i] = is_signal ? POLLER_SIGNAL : fd;
    }
    return count > 0 ? count : 0;
}
