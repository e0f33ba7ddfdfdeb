// channel.h: a bounded queue of descriptors between threads.
//
// One side sends, the other receives. Who sends into a full channel waits for
// room, who receives from an empty one waits for a descriptor: that is all the
// coordination that producers and consumers need. A descriptor belongs to the
// sender until it is sent, and then to whoever receives it. The lock is held
// for a few instructions, never across a call that may wait for a client.
//
// It is what Go calls a buffered channel. See pthread_cond_wait(3).

#ifndef CHANNEL_H
#define CHANNEL_H

#include <pthread.h>

enum { CHANNEL_SIZE = 16 }; // descriptors that a channel holds at most

struct channel {
    pthread_mutex_t lock;      // of everything below
    pthread_cond_t not_full;   // wakes a sender
    pthread_cond_t not_empty;  // wakes a receiver
    int waiting[CHANNEL_SIZE]; // a ring: count of them, the oldest at first
    unsigned first, count;
};

#define CHANNEL_INITIALIZER                                                    \
    {                                                                          \
        .lock = PTHREAD_MUTEX_INITIALIZER,                                     \
        .not_full = PTHREAD_COND_INITIALIZER,                                  \
        .not_empty = PTHREAD_COND_INITIALIZER,                                 \
    }

// Gives a descriptor away; waits while the channel is full.
void channel_send(struct channel *channel, int fd);

// Returns the descriptor that was sent first; waits while there is none.
int channel_receive(struct channel *channel);

#endif
