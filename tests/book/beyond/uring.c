// uring: the kernel says what is done.
//
// 04 asks which clients are ready, and then moves the bytes itself. This server
// tells the kernel what to do (io_uring) and hears when it is done: completion
// instead of readiness. Submission queue entries (SQEs) and completion queue
// entries (CQEs) are in memory that both share, so one system call submits many
// and waits for many. The price: until its CQE arrives, a buffer belongs to the
// kernel. So that a silent client needs none, the kernel takes one from a pool
// when bytes have arrived.

#include <errno.h>
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

enum { SQES = 256, PAUSE = -1, NO_BUFFER = -1 };
enum { BUFFER_SIZE = 16 * 1024, POOL_SIZE = 32 * 1024, POOL_GROWTH = 8 };

// A client has one SQE with the kernel, never two: to receive or to send. So
// its descriptor is all that we need to understand a CQE.
struct client {
    uint64_t echoed;
    int buffer;     // the one that it sends; NO_BUFFER while it receives
    int start, end; // what is left to send
};

static struct client *clients; // indexed by descriptor
static int capacity, signals;
static bool accepting, stopping;

// --- the ring ----------------------------------------------------------------

static int ring;
static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;
static unsigned *sqes_tail, *cqes_head, *cqes_tail, cqes_mask;
static unsigned unsubmitted; // SQEs that the kernel has not seen

// Memory for the kernel and us: of a file, or new (-1).
static void *map(int fd, off_t what, size_t size) {
    int flags = MAP_SHARED | (fd == -1 ? MAP_ANONYMOUS : MAP_POPULATE);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, what);
    if (memory == MAP_FAILED) die("mmap");
    return memory;
}

static void ring_open(void) {
    // CQEs are made when we ask for them, all at once, by this thread.
    struct io_uring_params setup = {.flags = IORING_SETUP_SINGLE_ISSUER |
                                             IORING_SETUP_DEFER_TASKRUN};
    ring = (int)syscall(SYS_io_uring_setup, SQES, &setup);
    if (ring == -1) die("io_uring is missing (before Linux 6.1) or forbidden");

    // Both queues are in one piece of memory, the SQEs in another.
    char *queues = map(ring, IORING_OFF_SQ_RING,
                       setup.cq_off.cqes + setup.cq_entries * sizeof *cqes);
    sqes = map(ring, IORING_OFF_SQES, setup.sq_entries * sizeof *sqes);
    sqes_tail = (unsigned *)(queues + setup.sq_off.tail);
    cqes = (struct io_uring_cqe *)(queues + setup.cq_off.cqes);
    cqes_head = (unsigned *)(queues + setup.cq_off.head);
    cqes_tail = (unsigned *)(queues + setup.cq_off.tail);
    cqes_mask = setup.cq_entries - 1;
    unsigned *numbers = (unsigned *)(queues + setup.sq_off.array);
    for (unsigned i = 0; i < setup.sq_entries; i++) numbers[i] = i;
}

// Submits the SQEs and waits for that many CQEs.
static void ring_enter(unsigned wait_for) {
    int submitted = (int)syscall(SYS_io_uring_enter, ring, unsubmitted,
                                 wait_for, IORING_ENTER_GETEVENTS, NULL, 0);
    if (submitted == -1 && errno != EINTR && errno != EBUSY && errno != EAGAIN)
        die("io_uring_enter");
    if (submitted > 0) unsubmitted -= (unsigned)submitted;
}

// Writes an SQE, which the next ring_enter() submits.
static void add_sqe(struct io_uring_sqe sqe) {
    while (unsubmitted == SQES) ring_enter(0);
    sqe.user_data = (__u64)sqe.fd; // the CQE has it, too
    sqes[*sqes_tail % SQES] = sqe;
    __atomic_store_n(sqes_tail, *sqes_tail + 1, __ATOMIC_RELEASE);
    unsubmitted++;
}

// --- the pool of buffers -----------------------------------------------------

// A third ring has the buffers that are free: the kernel takes them at its
// head, we add them at its tail.
static struct io_uring_buf_ring *pool;
static char *buffers[POOL_SIZE]; // by number, free or not
static int buffer_count, free_count;

static void pool_open(void) {
    pool = map(-1, 0, POOL_SIZE * sizeof *pool->bufs);
    struct io_uring_buf_reg setup = {.ring_addr = (uintptr_t)pool,
                                     .ring_entries = POOL_SIZE};
    if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_PBUF_RING, &setup,
                1) == -1)
        die("IORING_REGISTER_PBUF_RING");
}

// To the pool, for the next client.
static void return_buffer(int number) {
    // Field by field: the tail lives in a spare field of the first entry.
    struct io_uring_buf *entry = &pool->bufs[pool->tail % POOL_SIZE];
    entry->addr = (uintptr_t)buffers[number];
    entry->len = BUFFER_SIZE;
    entry->bid = (uint16_t)number;
    __atomic_store_n(&pool->tail, (uint16_t)(pool->tail + 1), __ATOMIC_RELEASE);
    free_count++;
}

// The kernel found no buffer, and clients that don't read may keep theirs for
// good. So unless one has come back, the pool, empty at first, grows. False if
// it can't.
static bool refill_pool(void) {
    if (free_count > 0) return true;
    char *more =
        buffer_count < POOL_SIZE ? malloc(POOL_GROWTH * BUFFER_SIZE) : NULL;
    if (more == NULL) return false;
    for (int i = 0; i < POOL_GROWTH; i++) {
        buffers[buffer_count] = more + i * BUFFER_SIZE;
        return_buffer(buffer_count++);
    }
    return true;
}

// --- the server --------------------------------------------------------------

// One SQE, and a CQE for every client that connects.
static void accept_clients(void) {
    accepting = true;
    add_sqe((struct io_uring_sqe){.opcode = IORING_OP_ACCEPT,
                                  .fd = listeners[0].fd,
                                  .ioprio = IORING_ACCEPT_MULTISHOT});
}

// Descriptors have run out: accepts again in a second.
static void pause_accepting(int error) {
    static const struct __kernel_timespec second = {.tv_sec = 1};
    errno = error;
    listeners_warn();
    add_sqe((struct io_uring_sqe){.opcode = IORING_OP_TIMEOUT,
                                  .fd = PAUSE,
                                  .addr = (uintptr_t)&second,
                                  .len = 1});
}

// Waits for bytes, and only then takes a buffer from the pool.
static void receive(int fd) {
    clients[fd].buffer = NO_BUFFER;
    add_sqe((struct io_uring_sqe){.opcode = IORING_OP_RECV,
                                  .fd = fd,
                                  .flags = IOSQE_BUFFER_SELECT,
                                  .ioprio = IORING_RECVSEND_POLL_FIRST});
}

static void send_back(int fd) {
    const struct client *client = &clients[fd];
    add_sqe((struct io_uring_sqe){
        .opcode = IORING_OP_SEND,
        .fd = fd,
        .addr = (uintptr_t)(buffers[client->buffer] + client->start),
        .len = (uint32_t)(client->end - client->start)});
}

static void open_client(int fd) {
    struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    socklen_t size = sizeof peer;
    getpeername(fd, (struct sockaddr *)&peer, &size);
    log_accepted(fd, (struct sockaddr *)&peer, size);

    struct client *grown =
        array_reserve(clients, sizeof *clients, &capacity, fd);
    if (grown == NULL) {
        log_closed(fd, strerror(errno), 0);
        close(fd);
        return;
    }
    clients = grown;
    clients[fd] = (struct client){.buffer = NO_BUFFER};
    receive(fd);
}

// With a descriptor, or why there is none.
static void accepted(int fd, bool more) {
    accepting = more;
    if (fd >= 0) open_client(fd);
    if (accepting) return;
    if (fd >= 0 || fd == -ECONNABORTED)
        accept_clients();
    else
        pause_accepting(-fd);
}

static void close_client(int fd, int error) {
    const struct client *client = &clients[fd];
    log_closed(fd, error ? strerror(error) : "client closed", client->echoed);
    if (client->buffer != NO_BUFFER) return_buffer(client->buffer);
    close(fd);
    if (!accepting) accept_clients(); // a descriptor is free now
}

static void received(int fd, int result, unsigned flags) {
    struct client *client = &clients[fd];

    if (flags & IORING_CQE_F_BUFFER) {
        client->buffer = (int)(flags >> IORING_CQE_BUFFER_SHIFT);
        free_count--;
    }
    if (result == -ENOBUFS && refill_pool()) {
        receive(fd); // once more
    } else if (result <= 0) {
        close_client(fd, -result);
    } else {
        log_received(fd, buffers[client->buffer], (size_t)result);
        client->start = 0;
        client->end = result;
        send_back(fd);
    }
}

static void sent(int fd, int bytes) {
    struct client *client = &clients[fd];

    client->start += bytes;
    client->echoed += (uint64_t)bytes;
    if (client->start < client->end) {
        send_back(fd);
    } else {
        return_buffer(client->buffer);
        receive(fd);
    }
}

static void handle_cqe(int fd, int result, unsigned flags) {
    if (fd == signals)
        stopping = true;
    else if (fd == listeners[0].fd)
        accepted(result, flags & IORING_CQE_F_MORE);
    else if (fd == PAUSE && !accepting)
        accept_clients();
    else if (fd >= 0 && clients[fd].buffer == NO_BUFFER)
        received(fd, result, flags);
    else if (fd >= 0 && result < 0)
        close_client(fd, -result);
    else if (fd >= 0)
        sent(fd, result);
}

static void handle_cqes(void) {
    unsigned head = *cqes_head;
    unsigned tail = __atomic_load_n(cqes_tail, __ATOMIC_ACQUIRE);

    log_detail("%u CQE%s", tail - head, plural(tail - head));
    while (head != tail) {
        const struct io_uring_cqe cqe = cqes[head++ & cqes_mask];
        // Its place is free for the next one.
        __atomic_store_n(cqes_head, head, __ATOMIC_RELEASE);
        handle_cqe((int)cqe.user_data, cqe.res, cqe.flags);
    }
}

static void watch_signals(void) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    signals = signalfd(-1, &stop, SFD_NONBLOCK);
    if (signals == -1) die("signalfd");
    add_sqe((struct io_uring_sqe){
        .opcode = IORING_OP_POLL_ADD, .fd = signals, .poll32_events = POLLIN});
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv, 0);

    log_open(options.level);
    process_prepare();
    ring_open();
    pool_open();
    listeners_open(options.addresses, options.address_count);
    watch_signals();
    accept_clients();
    while (!stopping) {
        ring_enter(1);
        handle_cqes();
    }
    log_always("stopped");
}
