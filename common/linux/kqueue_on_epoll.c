// kqueue_on_epoll.c: kqueue(2) for programs that run on Linux.
//
// A kqueue is an epoll instance, in which signals and timers are descriptors,
// too. kqueue has an event per descriptor and filter, epoll one per descriptor:
// the union of the filters that are enabled. What epoll doesn't keep is in a
// table indexed by descriptor. Nothing tells us about close(2), so an entry may
// describe a descriptor that is closed, whose number belongs to another one by
// now. In that case epoll_ctl(2) says ENOENT.

#include <sys/event.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "array.h"

enum { BATCH = 128, MAX_WAIT_S = 24 * 60 * 60 };
enum { MS_PER_S = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };
enum { KEPT = EV_CLEAR | EV_ONESHOT }; // set by the first EV_ADD for good

enum { IN, OUT }; // READ, SIGNAL and TIMER are IN, WRITE is OUT
static const uint32_t wanted[] = {EPOLLIN | EPOLLRDHUP, EPOLLOUT};
// A pipe that has lost its reader says EPOLLERR.
static const uint32_t eof[] = {EPOLLRDHUP | EPOLLHUP, EPOLLHUP | EPOLLERR};

struct event {
    void *udata;
    unsigned ident;
    short filter;
    unsigned short flags; // 0 if it doesn't exist; EV_ADD, KEPT, EV_DISABLE
};

struct descriptor {
    struct event events[2];
    int first; // which of them comes first when there is room for one
};

struct kqueue {
    struct kqueue *next;
    int fd;                         // the epoll instance
    struct descriptor *descriptors; // indexed by descriptor
    int capacity;
};

static struct kqueue *kqueues; // a closed one stays until its number is reused

static int fail(int error) {
    errno = error;
    return -1;
}

static bool is_enabled(const struct event *event) {
    return (event->flags & (EV_ADD | EV_DISABLE)) == EV_ADD;
}

static bool is_ours(const struct event *event) {
    return event->flags != 0 &&
           (event->filter == EVFILT_SIGNAL || event->filter == EVFILT_TIMER);
}

static bool exists(const struct descriptor *descriptor) {
    return descriptor->events[IN].flags || descriptor->events[OUT].flags;
}

static int set_event(struct event *event, const struct kevent *change) {
    unsigned short flags = event->flags;
    if (flags == 0 && (change->flags & (EV_ADD | EV_DELETE)) != EV_ADD)
        return fail(ENOENT);
    if (flags == 0) flags = change->flags & (EV_ADD | KEPT);
    if (change->flags & EV_ENABLE) flags &= EV_ADD | KEPT;
    if (change->flags & EV_DISABLE) flags |= EV_DISABLE;
    if (change->flags & EV_DELETE) flags = 0;
    *event = (struct event){change->udata, (unsigned)change->ident,
                            change->filter, flags};
    return 0;
}

static int set_epoll(const struct kqueue *kq, int operation, int fd,
                     const struct descriptor *descriptor) {
    uint32_t events = 0, edge = EPOLLET;
    for (int which = IN; which <= OUT; which++) {
        if (!is_enabled(&descriptor->events[which])) continue;
        events |= wanted[which];
        if (!(descriptor->events[which].flags & EV_CLEAR)) edge = 0;
    }
    // Disabled, a descriptor stays registered, so that close() still ends it.
    // epoll reports its hang-up all the same, but with EPOLLONESHOT only once.
    struct epoll_event event = {events ? events | edge : EPOLLONESHOT,
                                {.fd = fd}};
    return epoll_ctl(kq->fd, operation, fd, &event);
}

static bool reserve(struct kqueue *kq, int fd) {
    if (fd < kq->capacity) return true;
    // A number that is no descriptor must not make the table grow.
    if (fcntl(fd, F_GETFD) == -1) return false;
    void *grown = array_reserve(kq->descriptors, sizeof *kq->descriptors,
                                &kq->capacity, fd);
    if (grown != NULL) kq->descriptors = grown;
    return grown != NULL;
}

static int change_descriptor(struct kqueue *kq, int fd, int which,
                             const struct kevent *change) {
    if (!reserve(kq, fd)) return -1;
    struct descriptor *before = &kq->descriptors[fd], after = *before;
    if (set_event(&after.events[which], change) == -1) return -1;

    int operation = exists(&after) ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    if (!exists(before)) operation = EPOLL_CTL_ADD;
    int result = set_epoll(kq, operation, fd, &after);
    if (result == 0) *before = after;
    if (result == 0 || errno != ENOENT) return result;

    *before = (struct descriptor){0}; // that one was closed
    return change_descriptor(kq, fd, which, change);
}

// Returns its descriptor, or -1.
static int find_ours(const struct kqueue *kq, const struct kevent *change) {
    for (int fd = 0; fd < kq->capacity; fd++) {
        const struct event *event = &kq->descriptors[fd].events[IN];
        if (event->flags != 0 && event->filter == change->filter &&
            event->ident == change->ident)
            return fd;
    }
    return -1;
}

static int open_ours(const struct kevent *change) {
    if (change->filter == EVFILT_TIMER)
        return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    sigset_t set;
    sigemptyset(&set);
    if (sigaddset(&set, (int)change->ident) == -1) return -1; // EINVAL
    // A signal that isn't blocked would be delivered instead of reported.
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void start_timer(int fd, intptr_t ms) {
    struct timespec period = {ms / MS_PER_S, ms % MS_PER_S * NS_PER_MS};
    struct itimerspec times = {period, period};
    timerfd_settime(fd, 0, &times, NULL);
}

// A signal or a timer: its descriptor is ours, and lives as long as the event.
static int change_ours(struct kqueue *kq, const struct kevent *change) {
    int fd = find_ours(kq, change);
    if (fd == -1) {
        if (!(change->flags & EV_ADD)) return fail(ENOENT);
        fd = open_ours(change);
        if (fd == -1) return -1;
    }
    int result = change_descriptor(kq, fd, IN, change), error = errno;
    if (change->filter == EVFILT_TIMER && change->flags & EV_ADD)
        start_timer(fd, change->data > 0 ? change->data : 1);
    if (find_ours(kq, change) == -1) close(fd);
    errno = error;
    return result;
}

static int change_event(struct kqueue *kq, const struct kevent *change) {
    int fd = change->ident > INT_MAX ? -1 : (int)change->ident;
    if (fd == -1) return fail(EBADF);
    if (change->filter == EVFILT_READ)
        return change_descriptor(kq, fd, IN, change);
    if (change->filter == EVFILT_WRITE)
        return change_descriptor(kq, fd, OUT, change);
    if (change->filter == EVFILT_SIGNAL || change->filter == EVFILT_TIMER)
        return change_ours(kq, change);
    return fail(EINVAL);
}

// Returns how many errors it has put into events.
static int change_events(struct kqueue *kq, const struct kevent *changes,
                         int change_count, struct kevent *events, int room) {
    int count = 0;
    for (int i = 0; i < change_count; i++) {
        struct kevent change = changes[i]; // events may be the same array
        if (change_event(kq, &change) == 0) continue;
        if (count >= room) return -1;
        change.flags = EV_ERROR;
        change.data = errno;
        events[count++] = change;
    }
    return count;
}

static int report(struct kqueue *kq, struct epoll_event ready,
                  struct kevent *reports, int room) {
    int fd = ready.data.fd, count = 0;
    struct descriptor *descriptor = &kq->descriptors[fd];
    for (int i = 0; i < 2; i++) {
        int which = descriptor->first ^ i;
        const struct event *event = &descriptor->events[which];
        uint32_t reasons = wanted[which] | EPOLLHUP | EPOLLERR;
        if (!is_enabled(event) || !(ready.events & reasons)) continue;
        if (count == room) {
            descriptor->first = which;
            set_epoll(kq, EPOLL_CTL_MOD, fd, descriptor); // look again
            break;
        }
        struct signalfd_siginfo taken; // or a timer's number
        if (is_ours(event) && read(fd, &taken, sizeof taken) == -1) continue;
        int flags = event->flags & KEPT;
        if (ready.events & eof[which]) flags |= EV_EOF;
        EV_SET(&reports[count++], event->ident, event->filter, flags, 0, 1,
               event->udata);
    }
    return count;
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int64_t deadline_after(const struct timespec *timeout) {
    int64_t s = timeout->tv_sec < MAX_WAIT_S ? timeout->tv_sec : MAX_WAIT_S;
    return now_ns() + s * NS_PER_S + timeout->tv_nsec;
}

// Rounded up: a wait may end late, but never early.
static int left_ms(int64_t deadline_ns) {
    int64_t ns = deadline_ns - now_ns();
    return ns < 0 ? 0 : (int)((ns + NS_PER_MS - 1) / NS_PER_MS);
}

static int wait_for_events(struct kqueue *kq, struct kevent *events, int room,
                           const struct timespec *timeout) {
    int64_t deadline_ns = timeout == NULL ? 0 : deadline_after(timeout);

    // A descriptor may be two events. Those that aren't asked for are the first
    // that epoll returns next time, so each has its turn.
    int count = 0, asked = room > 2 * BATCH ? BATCH : (room + 1) / 2;
    struct epoll_event ready[BATCH];
    while (count == 0) { // what is returned may be disabled
        int timeout_ms = timeout == NULL ? -1 : left_ms(deadline_ns);
        int returned = epoll_wait(kq->fd, ready, asked, timeout_ms);
        if (returned <= 0) return returned;
        for (int i = 0; i < returned; i++)
            count += report(kq, ready[i], &events[count], room - count);
    }
    for (int i = 0; i < count; i++) {
        if (!(events[i].flags & EV_ONESHOT)) continue;
        struct kevent done = events[i];
        done.flags = EV_DELETE;
        change_event(kq, &done);
    }
    return count;
}

static struct kqueue *find(int fd) {
    struct kqueue *kq = kqueues;
    while (kq != NULL && kq->fd != fd) kq = kq->next;
    return kq;
}

int kevent(int fd, const struct kevent *changes, int change_count,
           struct kevent *events, int room, const struct timespec *timeout) {
    struct kqueue *kq = find(fd);
    if (kq == NULL) return fail(EBADF);
    int count = change_events(kq, changes, change_count, events, room);
    if (count != 0 || room <= 0) return count;
    if (timeout != NULL && (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
                            timeout->tv_nsec >= NS_PER_S))
        return fail(EINVAL);
    return wait_for_events(kq, events, room, timeout);
}

int kqueue(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd == -1) return -1;
    struct kqueue *kq = find(fd); // one that was closed
    if (kq == NULL) {
        kq = calloc(1, sizeof *kq);
        if (kq == NULL) {
            close(fd);
            return fail(ENOMEM);
        }
        kq->next = kqueues;
        kqueues = kq;
    }
    for (int i = 0; i < kq->capacity; i++)
        if (is_ours(&kq->descriptors[i].events[IN])) close(i);
    free(kq->descriptors);
    *kq = (struct kqueue){.next = kq->next, .fd = fd};
    return fd;
}

// As a kernel does when a program ends. The descriptors are its business.
__attribute__((destructor)) static void free_all(void) {
    while (kqueues != NULL) {
        struct kqueue *kq = kqueues;
        kqueues = kq->next;
        free(kq->descriptors);
        free(kq);
    }
}
