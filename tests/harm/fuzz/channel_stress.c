// channel_stress: many senders, many receivers, one channel of 02.
//
// Nothing is lost, nothing comes twice, each sender's numbers come in their
// order, and the channel never holds more than it says. Threads are not
// repeatable, so the seed only decides how many there are;
// `make SAN=thread models` says whether it was luck.

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel.h"
#include "model.h"

enum {
    STEP_COST = 10, // a number costs as much as ten turns of the server model
    THREADS_MAX = 8,
    NUMBERS = 1 << 20, // that a sender has of its own
    STOP = -1
};

static struct channel channel = CHANNEL_INITIALIZER;
static atomic_long balance; // the sum of what was sent less what was received
static int senders, receivers, to_send;

static void *send_all(void *first) {
    for (int i = 0; i < to_send; i++) {
        balance += *(int *)first + i;
        channel_send(&channel, *(int *)first + i);
    }
    return NULL;
}

static void *receive_all(void *unused) {
    int last[THREADS_MAX] = {0}, number;
    while ((number = channel_receive(&channel)) != STOP) {
        balance -= number;
        int sender = number / NUMBERS;
        if (sender < 0 || sender >= senders) wrong("no sender has sent that");
        // Their order says that none comes twice to the same receiver.
        expect(number > last[sender], "the order is not kept");
        last[sender] = number;
        if (number % 1000 == 0) sched_yield();
        pthread_mutex_lock(&channel.lock);
        unsigned count = channel.count;
        pthread_mutex_unlock(&channel.lock);
        expect(count <= CHANNEL_SIZE, "the channel holds more than it can");
    }
    return unused;
}

static pthread_t start(void *run(void *), int *number) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, number) != 0) abort();
    return thread;
}

static void stress(void) {
    pthread_t sending[THREADS_MAX] = {0}, receiving[THREADS_MAX] = {0};
    int first[THREADS_MAX];
    note("%ld senders, %ld receivers, %ld numbers each", senders, receivers,
         to_send);
    for (int i = 0; i < receivers; i++) receiving[i] = start(receive_all, NULL);
    for (int i = 0; i < senders; i++) {
        first[i] = i * NUMBERS + 1;
        sending[i] = start(send_all, &first[i]);
    }
    for (int i = 0; i < senders; i++) pthread_join(sending[i], NULL);
    for (int i = 0; i < receivers; i++) channel_send(&channel, STOP);
    for (int i = 0; i < receivers; i++) pthread_join(receiving[i], NULL);
    expect(channel.count == 0, "something is left in the channel");
    expect(balance == 0, "something is lost or comes twice");
}

int main(int argc, char **argv) {
    model_open(argc, argv);
    do {
        senders = 1 + (int)below(THREADS_MAX);
        receivers = 1 + (int)below(THREADS_MAX);
        to_send = (int)some(4000);
        alarm(60); // a thread that is not woken would wait forever
        stress();
    } while (model_steps((unsigned long)(senders * to_send) * STEP_COST));
    model_close();
}
