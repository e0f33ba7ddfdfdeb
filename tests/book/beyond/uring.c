// uring: the kernel says what is done.
//
// 04 asks which clients are ready, and then moves the bytes itself. This server
// hands the kernel a buffer and the order to fill it (io_uring), and hears when
// that is done: completion instead of readiness. Orders and answers are in
// memory that both share, so one system call hands in many and waits for many.
// The price: until the answer comes, a buffer is the kernel's, so each client
// needs one of its own.

#include <errno.h>
#include <inttypes.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "array.h"
#include "listener.h"
#include "log.h"
#include "options.h"
#include "process.h"

enum { ORDERS = 256, BUFFER_SIZE = 16 * 1024, PAUSE = -1 };

// A descriptor is its client's name, in our array and in orders and answers. It
// has one order at the kernel, never two: to receive, or to send.
struct client {
    uint64_t echoed;
    size_t start, end; // what is left to send; if nothing, it receives
    char buffer[BUFFER_SIZE];
};

static struct client **clients; // must not move: the kernel has buffers
static int capacity, listener, signals;
static bool accepting;
static uint64_t served, echoed;

// --- the ring ----------------------------------------------------------------

static int ring;
static struct io_uring_sqe *orders;
static struct io_uring_cqe *answers;
static unsigned *orders_end, *answers_start, *answers_end;
static unsigned answers_mask, written; // orders that the kernel has not seen

static void *map(off_t what, size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_POPULATE, ring, what);
    if (memory == MAP_FAILED) die("mmap");
    return memory;
}

static void ring_open(void) {
    // Answers are made when we ask for them, all at once, by this thread.
    struct io_uring_params setup = {.flags = IORING_SETUP_SINGLE_ISSUER |
                                             IORING_SETUP_DEFER_TASKRUN};
    ring = (int)syscall(SYS_io_uring_setup, ORDERS, &setup);
    if (ring == -1) die("io_uring is not to be had here");

    // Both queues are in one piece of memory, the orders in another.
    char *queues = map(IORING_OFF_SQ_RING,
                       setup.cq_off.cqes + setup.cq_entries * sizeof *answers);
    orders = map(IORING_OFF_SQES, setup.sq_entries * sizeof *orders);
    orders_end = (unsigned *)(queues + setup.sq_off.tail);
    answers = (struct io_uring_cqe *)(queues + setup.cq_off.cqes);
    answers_start = (unsigned *)(queues + setup.cq_off.head);
    answers_end = (unsigned *)(queues + setup.cq_off.tail);
    answers_mask = setup.cq_entries - 1;
    unsigned *numbers = (unsigned *)(queues + setup.sq_off.array);
    for (unsigned i = 0; i < setup.sq_entries; i++) numbers[i] = i;
}

// Hands in what was written, and waits for that many answers.
static void ring_enter(unsigned wait_for) {
    int taken = (int)syscall(SYS_io_uring_enter, ring, written, wait_for,
                             IORING_ENTER_GETEVENTS, NULL, 0);
    if (taken == -1 && errno != EINTR && errno != EBUSY && errno != EAGAIN)
        die("io_uring_enter");
    if (taken > 0) written -= (unsigned)taken;
}

// Writes an order down, to be handed in by the next ring_enter().
static void order(struct io_uring_sqe what) {
    while (written == ORDERS) ring_enter(0);
    what.user_data = (__u64)what.fd;
    orders[*orders_end % ORDERS] = what;
    __atomic_store_n(orders_end, *orders_end + 1, __ATOMIC_RELEASE);
    written++;
}

// --- the server --------------------------------------------------------------

// One order, and an answer for every client that connects.
static void accept_clients(void) {
    accepting = true;
    order((struct io_uring_sqe){.opcode = IORING_OP_ACCEPT,
                                .fd = listener,
                                .ioprio = IORING_ACCEPT_MULTISHOT});
}

// Descriptors have run out: accepts again in a second.
static void pause_accepting(int error) {
    static const struct __kernel_timespec second = {.tv_sec = 1};
    errno = error;
    listeners_warn();
    order((struct io_uring_sqe){.opcode = IORING_OP_TIMEOUT,
                                .fd = PAUSE,
                                .addr = (uintptr_t)&second,
                                .len = 1});
}

static void receive(int fd) {
    clients[fd]->start = clients[fd]->end = 0;
    order((struct io_uring_sqe){.opcode = IORING_OP_RECV,
                                .fd = fd,
                                .addr = (uintptr_t)clients[fd]->buffer,
                                .len = BUFFER_SIZE});
}

static void send_back(int fd) {
    struct client *client = clients[fd];
    order((struct io_uring_sqe){
        .opcode = IORING_OP_SEND,
        .fd = fd,
        .addr = (uintptr_t)(client->buffer + client->start),
        .len = (uint32_t)(client->end - client->start)});
}

static bool make_client(int fd) {
    struct client **grown =
        array_reserve(clients, sizeof(struct client *), &capacity, fd);
    if (grown == NULL) return false;
    clients = grown;
    // Not calloc(3): memory that was never touched costs nothing yet.
    clients[fd] = malloc(sizeof **clients);
    if (clients[fd] != NULL) clients[fd]->echoed = 0;
    return clients[fd] != NULL;
}

static void accepted(int fd, bool more) {
    struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    socklen_t size = sizeof peer;

    if (!more) accepting = false;
    if (fd >= 0) {
        getpeername(fd, (struct sockaddr *)&peer, &size);
        log_accepted(fd, (struct sockaddr *)&peer, size);
    }
    if (fd >= 0 && make_client(fd)) {
        served++;
        receive(fd);
    } else if (fd >= 0) {
        log_closed(fd, strerror(ENOMEM), 0);
        close(fd);
    }
    if (accepting) return;
    if (fd >= 0 || fd == -ECONNABORTED)
        accept_clients();
    else
        pause_accepting(-fd);
}

static void close_client(int fd, int error) {
    log_closed(fd, error ? strerror(error) : "client closed",
               clients[fd]->echoed);
    free(clients[fd]);
    clients[fd] = NULL;
    close(fd);
    if (!accepting) accept_clients(); // a descriptor is free now
}

// What was ordered for a client is done: the kernel has filled its buffer, or
// taken bytes from it.
static void advance_client(int fd, int result) {
    struct client *client = clients[fd];
    bool sent = client->end > 0;

    if (result < 0 || (result == 0 && !sent)) {
        close_client(fd, -result);
    } else if (!sent) {
        log_received(fd, client->buffer, (size_t)result);
        client->end = (size_t)result;
        send_back(fd);
    } else {
        client->start += (size_t)result;
        client->echoed += (size_t)result;
        echoed += (size_t)result;
        if (client->start < client->end)
            send_back(fd);
        else
            receive(fd);
    }
}

// True when a signal arrived.
static bool take_answer(int fd, int result, bool more) {
    if (fd == listener)
        accepted(result, more);
    else if (fd == PAUSE && !accepting)
        accept_clients();
    else if (fd >= 0 && fd != signals)
        advance_client(fd, result);
    return fd == signals;
}

static bool take_answers(void) {
    unsigned next = *answers_start;
    unsigned end = __atomic_load_n(answers_end, __ATOMIC_ACQUIRE);
    bool stopping = false;

    log_detail("%u answer%s", end - next, plural(end - next));
    while (next != end) {
        const struct io_uring_cqe *answer = &answers[next++ & answers_mask];
        int fd = (int)answer->user_data, result = answer->res;
        bool more = answer->flags & IORING_CQE_F_MORE;
        // Its place is free for the next one.
        __atomic_store_n(answers_start, next, __ATOMIC_RELEASE);
        stopping |= take_answer(fd, result, more);
    }
    return stopping;
}

static void order_signals(void) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    signals = signalfd(-1, &stop, SFD_NONBLOCK);
    if (signals == -1) die("signalfd");
    order((struct io_uring_sqe){
        .opcode = IORING_OP_POLL_ADD, .fd = signals, .poll32_events = POLLIN});
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv, 0);

    log_open(options.level);
    process_prepare();
    ring_open();
    listeners_open(options.addresses, options.address_count);
    listener = listeners[0].fd;
    order_signals();
    accept_clients();
    do ring_enter(1);
    while (!take_answers());
    log_always("stopped: served %" PRIu64 " connection%s, echoed %" PRIu64
               " byte%s",
               served, plural(served), echoed, plural(echoed));
}
