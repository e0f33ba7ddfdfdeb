// channel_stress: many senders, many receivers, one channel.
//
// Nothing is lost, nothing comes twice, each sender's numbers come in their
// order, and the channel never holds more than it says. Threads are not
// repeatable, so the seed decides who sends how much only; ThreadSanitizer
// (make SAN=thread models) says whether that was luck.

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel.h"
#include "model.h"

enum {
    STEPS = 1000 * 1000,
    STEP_COST = 10, // a number costs as much as ten steps of other models
    THREADS_MAX = 8,
    NUMBERS = 1 << 20, // that a sender has of its own
    STOP = -1
};

static struct channel channel = CHANNEL_INITIALIZER;
static atomic_long received, sent; // counted after the call
static int senders, receivers, to_send;
static _Atomic unsigned char seen[THREADS_MAX][NUMBERS];

static void *send_all(void *argument) {
    int sender = *(int *)argument;
    for (int i = 0; i < to_send; i++) {
        channel_send(&channel, sender * NUMBERS + i);
        long inside = ++sent;
        inside -= received;
        // A receiver may have taken one that it has not counted yet.
        expect(inside <= CHANNEL_SIZE + receivers,
               "the channel is not bounded");
    }
    return NULL;
}

static void look_inside(void) {
    pthread_mutex_lock(&channel.lock);
    unsigned count = channel.count;
    pthread_mutex_unlock(&channel.lock);
    expect(count <= CHANNEL_SIZE, "the channel holds more than it can");
}

static void *receive_all(void *argument) {
    int last[THREADS_MAX], number;
    for (int i = 0; i < THREADS_MAX; i++) last[i] = -1;

    while ((number = channel_receive(&channel)) != STOP) {
        received++;
        int sender = number / NUMBERS;
        if (sender < 0 || sender >= senders) wrong("no sender has sent that");
        expect(number % NUMBERS > last[sender], "the order is not kept");
        last[sender] = number % NUMBERS;
        expect(seen[sender][number % NUMBERS]++ == 0, "one comes twice");
        if (number % 64 == 0) look_inside();
        if (number % 1000 == 0) sched_yield();
    }
    return argument;
}

static pthread_t start(void *run(void *), int *number) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, number) != 0) abort();
    return thread;
}

static void stress(void) {
    pthread_t sending[THREADS_MAX] = {0}, receiving[THREADS_MAX] = {0};
    int number[THREADS_MAX];
    note("%ld senders, %ld receivers, %ld numbers each", senders, receivers,
         to_send);
    sent = received = 0;

    for (int i = 0; i < receivers; i++) receiving[i] = start(receive_all, NULL);
    for (int i = 0; i < senders; i++) {
        number[i] = i;
        sending[i] = start(send_all, &number[i]);
    }
    for (int i = 0; i < senders; i++) pthread_join(sending[i], NULL);
    for (int i = 0; i < receivers; i++) channel_send(&channel, STOP);
    for (int i = 0; i < receivers; i++) pthread_join(receiving[i], NULL);
    expect(channel.count == 0, "something is left in the channel");
    expect(received == (long)senders * to_send, "something is lost");
    for (int i = 0; i < senders; i++)
        for (int j = 0; j < to_send; j++) seen[i][j] = 0;
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    for (unsigned long done = 0; done < model_steps;) {
        senders = 1 + (int)below(THREADS_MAX);
        receivers = 1 + (int)below(THREADS_MAX);
        to_send = (int)some(4000);
        alarm(60); // who is not woken would wait forever
        stress();
        done += (unsigned long)(senders * to_send) * STEP_COST;
    }
    model_close();
}
