// kqueue_on_epoll.c: kqueue(2) for programs that run on Linux.
//
// epoll keeps one registration for a descriptor, kqueue one for a descriptor
// and a filter. So each filter has an epoll instance of its own, and the
// readers' instance watches the writers' and the signals': its descriptor is
// the kqueue, and one epoll_wait sees everything. Whether an event exists, is
// ready or was closed is known to the kernel alone, which sees close(2); what
// it does not keep (udata, flags) stands in a table indexed by descriptor.

#define _GNU_SOURCE 1 // F_GETPIPE_SZ

#include <sys/event.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"

enum { BATCH = 256, MAX_TIMEOUT_S = 24 * 60 * 60 };
enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

// The flags that an event keeps, and that come back with it.
enum { KEPT = EV_ONESHOT | EV_CLEAR | EV_DISPATCH };

struct watched {
    void *udata;
    unsigned short flags; // KEPT, EV_DISABLE and, for signals only, EV_ADD
};

struct filter {
    short name;
    uint32_t wanted, eof; // epoll's events; those that mean EV_EOF
    intptr_t (*data)(int fd);
    int epoll;
    struct watched *table; // indexed by descriptor
    int room;              // slots in that array
};

struct kqueue {
    struct kqueue *next;
    struct filter readers, writers;
    struct watched signals[NSIG];
    sigset_t enabled; // what signal_fd reports
    sigset_t blocked; // what was not blocked before
    int signal_fd;
    bool without_data;
};

static struct kqueue *kqueues;

static intptr_t readable_bytes(int fd) {
    int bytes;
    if (ioctl(fd, FIONREAD, &bytes) == 0) return bytes;

    // A TCP listener has no bytes: EINVAL. Its backlog stands in this field.
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0)
        return info.tcpi_unacked;
    return 1;
}

static intptr_t writable_bytes(int fd) {
    int size, used = 0;
    socklen_t length = sizeof size;
    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0) {
        ioctl(fd, TIOCOUTQ, &used);
    } else {
        size = fcntl(fd, F_GETPIPE_SZ);
        ioctl(fd, FIONREAD, &used);
    }
    return size > used ? size - used : 1;
}

static const struct filter read_filter = {
    .name = EVFILT_READ,
    .wanted = EPOLLIN | EPOLLRDHUP,
    .eof = EPOLLRDHUP | EPOLLHUP,
    .data = readable_bytes,
};

static const struct filter write_filter = {
    .name = EVFILT_WRITE,
    .wanted = EPOLLOUT,
    .eof = EPOLLHUP | EPOLLERR, // a pipe that has lost its reader says ERR
    .data = writable_bytes,
};

static int fail(int error) {
    errno = error;
    return -1;
}

static bool reserve(struct filter *filter, int fd) {
    struct watched *grown =
        array_reserve(filter->table, sizeof *grown, &filter->room, fd);
    if (grown == NULL) return false;
    filter->table = grown;
    return true;
}

static unsigned short flags_after(unsigned short flags, unsigned short change) {
    if (change & EV_ADD) flags = change & KEPT;
    if (change & EV_ENABLE) flags &= KEPT;
    if (change & EV_DISABLE) flags |= EV_DISABLE;
    return flags;
}

static uint32_t epoll_events(const struct filter *filter, int flags) {
    // Disabled, an event stays registered, so that close() still ends it.
    if (flags & EV_DISABLE) return EPOLLONESHOT;
    return flags & EV_CLEAR ? filter->wanted | EPOLLET : filter->wanted;
}

static int change_descriptor(struct filter *filter,
                             const struct kevent *change) {
    if (change->ident > INT_MAX) return fail(EBADF);
    int fd = (int)change->ident;
    if (change->flags & EV_DELETE)
        return epoll_ctl(filter->epoll, EPOLL_CTL_DEL, fd, NULL);

    if (fd >= filter->room) {
        // A number that is no descriptor must not make the table grow.
        if (fcntl(fd, F_GETFD) == -1) return -1;
        if (!(change->flags & EV_ADD)) return fail(ENOENT);
        if (!reserve(filter, fd)) return -1;
    }
    struct watched *watched = &filter->table[fd];
    unsigned short flags = flags_after(watched->flags, change->flags);
    struct epoll_event event = {epoll_events(filter, flags), {.fd = fd}};

    // The table cannot say whether the event exists: the descriptor may have
    // been closed and its number given out again. The kernel can.
    int operation = change->flags & EV_ADD ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    int result = epoll_ctl(filter->epoll, operation, fd, &event);
    if (result == -1 && errno == EEXIST)
        result = epoll_ctl(filter->epoll, EPOLL_CTL_MOD, fd, &event);
    if (result == 0) *watched = (struct watched){change->udata, flags};
    return result;
}

// A signal that is not blocked would be delivered instead of reported.
static void set_blocked(struct kqueue *kq, int number, bool block) {
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, number);
    if (block) {
        sigprocmask(SIG_BLOCK, &one, &before);
        if (!sigismember(&before, number)) sigaddset(&kq->blocked, number);
    } else if (sigismember(&kq->blocked, number)) {
        sigdelset(&kq->blocked, number);
        sigprocmask(SIG_UNBLOCK, &one, NULL);
    }
}

static int change_signal(struct kqueue *kq, const struct kevent *change) {
    int number = change->ident < NSIG ? (int)change->ident : 0;
    struct watched *watched = &kq->signals[number];
    sigset_t enabled = kq->enabled;
    if (sigaddset(&enabled, number) == -1) return -1;

    if (!((change->flags | watched->flags) & EV_ADD)) return fail(ENOENT);
    unsigned short flags = 0;
    if (!(change->flags & EV_DELETE))
        flags = flags_after(watched->flags, change->flags) | EV_ADD | EV_CLEAR;

    // Disabled, a signal stays blocked: the kernel keeps it until it is asked.
    if (flags == 0 || flags & EV_DISABLE) sigdelset(&enabled, number);
    if (signalfd(kq->signal_fd, &enabled, 0) == -1) return -1;
    kq->enabled = enabled;
    set_blocked(kq, number, flags != 0);
    *watched = (struct watched){change->udata, flags};
    return 0;
}

static int change_event(struct kqueue *kq, const struct kevent *change) {
    if (change->filter == EVFILT_READ)
        return change_descriptor(&kq->readers, change);
    if (change->filter == EVFILT_WRITE)
        return change_descriptor(&kq->writers, change);
    if (change->filter == EVFILT_SIGNAL) return change_signal(kq, change);
    return fail(EINVAL);
}

// Returns how many errors and receipts it has put into events.
static int change_events(struct kqueue *kq, const struct kevent *changes,
                         int change_count, struct kevent *events, int room) {
    int count = 0;
    for (int i = 0; i < change_count; i++) {
        struct kevent change = changes[i]; // events may be the same array
        int error = change_event(kq, &change) == -1 ? errno : 0;
        if (error == 0 && !(change.flags & EV_RECEIPT)) continue;

        // It may be the kqueue that is closed: no event can report that.
        if (error == EBADF && fcntl(kq->readers.epoll, F_GETFD) == -1)
            return -1;
        if (count >= room) return error == 0 ? count : fail(error);
        change.flags = EV_ERROR;
        change.data = error;
        events[count++] = change;
    }
    return count;
}

static int report_descriptor(const struct kqueue *kq,
                             const struct filter *filter,
                             struct epoll_event ready, struct kevent *event) {
    int fd = ready.data.fd;
    struct watched watched = filter->table[fd];
    // epoll reports a hang-up even to those who have not asked, once.
    if (watched.flags & EV_DISABLE) return 0;

    int eof = (ready.events & filter->eof) ? EV_EOF : 0;
    intptr_t data = kq->without_data ? 1 : filter->data(fd);
    EV_SET(event, fd, filter->name, watched.flags | eof, 0, data,
           watched.udata);
    return 1;
}

static int report_writers(struct kqueue *kq, struct kevent *events, int room) {
    struct epoll_event ready[BATCH];
    int ready_count = epoll_wait(kq->writers.epoll, ready, room, 0);
    int count = 0;
    for (int i = 0; i < ready_count; i++)
        count += report_descriptor(kq, &kq->writers, ready[i], &events[count]);
    return count;
}

static int report_signals(struct kqueue *kq, struct kevent *events, int room) {
    struct signalfd_siginfo info;
    int count = 0;
    while (count < room && read(kq->signal_fd, &info, sizeof info) > 0) {
        struct watched watched = kq->signals[info.ssi_signo];
        int i = 0;
        while (i < count && events[i].ident != info.ssi_signo) i++;
        if (i == count)
            EV_SET(&events[count++], info.ssi_signo, EVFILT_SIGNAL,
                   watched.flags & KEPT, 0, 0, watched.udata);
        events[i].data++; // real-time signals queue up
    }
    return count;
}

static int report(struct kqueue *kq, struct epoll_event ready,
                  struct kevent *events, int room) {
    if (ready.data.fd == kq->writers.epoll)
        return report_writers(kq, events, room);
    if (ready.data.fd == kq->signal_fd) return report_signals(kq, events, room);
    return report_descriptor(kq, &kq->readers, ready, events);
}

// Once reported, an EV_ONESHOT event is deleted, an EV_DISPATCH one disabled.
static void settle(struct kqueue *kq, struct kevent event) {
    if (!(event.flags & (EV_ONESHOT | EV_DISPATCH))) return;
    event.flags = event.flags & EV_ONESHOT ? EV_DELETE : EV_DISABLE;
    change_event(kq, &event);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

// Rounded up: a wait may end late, but never early.
static int to_ms(int64_t ns) {
    return (int)((ns + NS_PER_MS - 1) / NS_PER_MS);
}

// timeout_ns is -1 to wait for ever.
static int wait_for_events(struct kqueue *kq, struct kevent *events, int room,
                           int64_t timeout_ns) {
    int64_t deadline_ns = timeout_ns > 0 ? now_ns() + timeout_ns : 0;
    int timeout_ms = timeout_ns < 0 ? -1 : to_ms(timeout_ns);
    struct epoll_event ready[BATCH];
    for (;;) {
        int behind = epoll_wait(kq->readers.epoll, ready, room, timeout_ms);
        if (behind <= 0) return behind;

        // One of these may stand for many writers, or signals: they get what
        // room those behind it leave.
        int count = 0;
        for (struct epoll_event *next = ready; behind-- > 0; next++)
            count += report(kq, *next, &events[count], room - count - behind);
        for (int i = 0; i < count; i++) settle(kq, events[i]);
        if (count > 0) return count;

        // All of it was about disabled events: wait for the rest of the time.
        if (timeout_ms <= 0) continue;
        int64_t rest_ns = deadline_ns - now_ns();
        timeout_ms = rest_ns > 0 ? to_ms(rest_ns) : 0;
    }
}

int kevent(int fd, const struct kevent *changes, int change_count,
           struct kevent *events, int room, const struct timespec *timeout) {
    struct kqueue *kq = kqueues;
    while (kq != NULL && kq->readers.epoll != fd) kq = kq->next;
    if (kq == NULL) return fail(EBADF);

    int count = change_events(kq, changes, change_count, events, room);
    if (count != 0 || room <= 0) return count;
    if (room > BATCH) room = BATCH;

    if (timeout == NULL) return wait_for_events(kq, events, room, -1);
    int64_t s = timeout->tv_sec, ns = timeout->tv_nsec;
    if (s < 0 || ns < 0 || ns >= NS_PER_S) return fail(EINVAL);
    if (s > MAX_TIMEOUT_S) s = MAX_TIMEOUT_S;
    return wait_for_events(kq, events, room, s * NS_PER_S + ns);
}

// Makes the kqueue wake up for a descriptor of its own. EPOLL_CTL_MOD changes
// nothing, and succeeds only if it does so already.
static int watch_inner(struct kqueue *kq, int operation, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(kq->readers.epoll, operation, fd, &event);
}

static void free_memory(struct kqueue *kq) {
    free(kq->readers.table);
    free(kq->writers.table);
    free(kq);
}

static void release(struct kqueue *kq) {
    sigprocmask(SIG_UNBLOCK, &kq->blocked, NULL);
    close(kq->writers.epoll);
    close(kq->signal_fd);
    free_memory(kq);
}

// What a kernel does when a program ends that has not closed its kqueues.
__attribute__((destructor)) static void free_all(void) {
    while (kqueues != NULL) {
        struct kqueue *kq = kqueues;
        kqueues = kq->next;
        free_memory(kq);
    }
}

// close() of a kqueue does not pass by here either. Its remains are known by
// this: its number no longer stands for an epoll that watches its writers.
static void release_closed(void) {
    struct kqueue **link = &kqueues;
    while (*link != NULL) {
        struct kqueue *kq = *link;
        if (watch_inner(kq, EPOLL_CTL_MOD, kq->writers.epoll) == 0) {
            link = &kq->next;
        } else {
            *link = kq->next;
            release(kq);
        }
    }
}

static int open_kqueue(bool without_data) {
    release_closed();
    struct kqueue *kq = calloc(1, sizeof *kq);
    if (kq == NULL) return -1;
    kq->readers = read_filter;
    kq->writers = write_filter;
    kq->without_data = without_data;
    sigemptyset(&kq->enabled);
    sigemptyset(&kq->blocked);

    int fd = kq->readers.epoll = epoll_create1(EPOLL_CLOEXEC);
    kq->writers.epoll = epoll_create1(EPOLL_CLOEXEC);
    kq->signal_fd = signalfd(-1, &kq->enabled, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd == -1 || kq->writers.epoll == -1 || kq->signal_fd == -1 ||
        watch_inner(kq, EPOLL_CTL_ADD, kq->writers.epoll) == -1 ||
        watch_inner(kq, EPOLL_CTL_ADD, kq->signal_fd) == -1) {
        int error = errno;
        if (fd != -1) close(fd);
        release(kq);
        return fail(error);
    }
    kq->next = kqueues;
    kqueues = kq;
    return fd;
}

int kqueue(void) {
    return open_kqueue(false);
}

int kqueue_without_data(void) {
    return open_kqueue(true);
}
