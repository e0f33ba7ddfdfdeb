// deadlines_model: the queue of 06 against one that is searched every time.
//
// Descriptors come and go, their deadlines are pushed, the clock goes forward
// or stands still, the array grows and moves or does not get the memory. After
// every step both queues have to name the same descriptor and the same time.

#include <errno.h>
#include <stddef.h>

#include "clock.h"
#include "deadlines.h"
#include "fake_memory.h"
#include "model.h"

enum {
    STEPS = 1000 * 1000,
    SEASON = 500, // steps between two sizes of the queue
    DESCRIPTORS = 3000,
    QUEUED_MAX = 100, // as many as are cheap to search
};

// The naive queue: in no order, the nearest is looked for.
static struct {
    int fd;
    int64_t at_ms;
    uint64_t turn; // of two at the same time, the earlier goes first
} queue[QUEUED_MAX];

static int count, count_max;
static bool queued[DESCRIPTORS];
static int64_t now_ms;
static uint64_t turns;

static int nearest(void) {
    int first = 0;
    for (int i = 1; i < count; i++)
        if (queue[i].at_ms < queue[first].at_ms ||
            (queue[i].at_ms == queue[first].at_ms &&
             queue[i].turn < queue[first].turn))
            first = i;
    return first;
}

static void compare(void) {
    int fd = deadline_first();
    int64_t at_ms = deadline_first_ms();

    if (count == 0) {
        expect(fd == NO_CLIENT, "a client is first in an empty queue");
        expect(at_ms == NEVER, "a deadline without a client");
        return;
    }
    int first = nearest();
    if (fd != queue[first].fd)
        note("it names [%ld], the model [%ld]", fd, queue[first].fd, 0);
    expect(fd == queue[first].fd, "another descriptor is the first");
    expect(at_ms == queue[first].at_ms, "the first has another time");
}

static void put(int index, int fd) {
    queue[index].fd = fd;
    queue[index].at_ms = now_ms;
    queue[index].turn = turns++;
}

static int free_descriptor(void) {
    int fd = percent(5) ? (int)below(DESCRIPTORS) : 0;
    while (fd < DESCRIPTORS && queued[fd]) fd++;
    return fd;
}

static void add(void) {
    int fd = free_descriptor();
    if (count >= count_max || fd == DESCRIPTORS) return;
    size_t bytes_before = memory_bytes;
    if (!deadline_reserve(fd)) {
        note("[%ld] has no room", fd, 0, 0);
        expect(errno == ENOMEM, "the errno of reserve");
        expect(memory_bytes == bytes_before, "memory is lost");
        return;
    }
    note("[%ld] is added, at %ld ms", fd, (long)now_ms, 0);
    compare(); // the links have survived the move
    deadline_add(fd, now_ms);
    queued[fd] = true;
    put(count++, fd);
}

static void push(int index) {
    note("[%ld] is pushed to %ld ms", queue[index].fd, (long)now_ms, 0);
    deadline_push(queue[index].fd, now_ms);
    put(index, queue[index].fd);
}

static void take_out(int index) {
    note("[%ld] is removed", queue[index].fd, 0, 0);
    deadline_remove(queue[index].fd);
    queued[queue[index].fd] = false;
    queue[index] = queue[--count];
}

// All who are left come out in their order.
static void empty(void) {
    note("all are removed", 0, 0, 0);
    while (count > 0) {
        take_out(nearest());
        compare();
    }
}

static void start_again(void) {
    note("it is freed", 0, 0, 0);
    deadlines_free();
    for (; count > 0; count--) queued[queue[count - 1].fd] = false;
    expect(memory_bytes == 0, "memory is left behind");
}

static void take_step(void) {
    unsigned dice = below(1000);
    if (percent(50)) now_ms += some(10000);
    if (count == 0 || dice < 300)
        add();
    else if (dice < 700)
        push(percent(20) ? nearest() : (int)below((unsigned)count));
    else if (dice < 990)
        take_out(percent(20) ? nearest() : (int)below((unsigned)count));
    else if (dice < 995)
        empty();
    else
        start_again();
    compare();
    expect(memory_arrays <= 1 && memory_blocks == 0, "memory is lost");
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    for (unsigned long step = 0; model_step(); step++) {
        if (step % SEASON == 0) {
            count_max = 1 + (int)some(QUEUED_MAX - 1);
            memory_fails = percent(50) ? below(90) : 0;
        }
        take_step();
    }
    start_again();
    model_close();
}
