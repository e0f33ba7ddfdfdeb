#include "channel.h"

void channel_send(struct channel *channel, int fd) {
    pthread_mutex_lock(&channel->lock);
    // Again and again: who is woken may find that another was faster.
    while (channel->count == CHANNEL_SIZE)
        pthread_cond_wait(&channel->not_full, &channel->lock);

    unsigned end = (channel->first + channel->count) % CHANNEL_SIZE;
    channel->waiting[end] = fd;
    channel->count++;
    pthread_cond_signal(&channel->not_empty);
    pthread_mutex_unlock(&channel->lock);
}

int channel_receive(struct channel *channel) {
    pthread_mutex_lock(&channel->lock);
    while (channel->count == 0)
        pthread_cond_wait(&channel->not_empty, &channel->lock);

    int fd = channel->waiting[channel->first];
    channel->first = (channel->first + 1) % CHANNEL_SIZE;
    channel->count--;
    pthread_cond_signal(&channel->not_full);
    pthread_mutex_unlock(&channel->lock);
    return fd;
}
