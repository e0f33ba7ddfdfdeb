#include "poller.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

static int poller, signals;
static uint32_t trigger; // EPOLLET with --edge

static bool watch(int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(poller, operation, fd, &event) == 0;
}

void poller_open(bool edge) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    // Blocked, a signal waits until it is read, like bytes.
    sigprocmask(SIG_BLOCK, &stop, NULL);

    trigger = edge ? EPOLLET : 0;
    signals = signalfd(-1, &stop, SFD_NONBLOCK);
    poller = epoll_create1(0);
    if (poller == -1 || signals == -1 ||
        !watch(EPOLL_CTL_ADD, signals, EPOLLIN))
        die("cannot open the poller");
}

bool poller_add(int fd) {
    return watch(EPOLL_CTL_ADD, fd, EPOLLIN | trigger);
}

bool poller_change(int fd, enum interest interest) {
    static const uint32_t events[] = {[INTEREST_NONE] = 0,
                                      [INTEREST_READ] = EPOLLIN,
                                      [INTEREST_WRITE] = EPOLLOUT};
    return watch(EPOLL_CTL_MOD, fd, events[interest] | trigger);
}

static int take_signal(void) {
    struct signalfd_siginfo info;
    log_detail("a signal arrived");
    while (read(signals, &info, sizeof info) == -1 && errno == EINTR) {
    }
    return POLLER_SIGNAL;
}

int poller_wait(int ready[POLLER_BATCH], int64_t until_ms) {
    struct epoll_event events[POLLER_BATCH];
    log_detail("waiting in epoll_wait");
    int left_ms = clock_left_ms(until_ms);
    int count = epoll_wait(poller, events, POLLER_BATCH, left_ms);
    if (count == -1 && errno != EINTR) die("epoll_wait");

    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        if (fd != signals) log_detail("[%d] is ready", fd);
        ready[i] = fd == signals ? take_signal() : fd;
    }
    return count > 0 ? count : 0;
}
