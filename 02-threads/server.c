// 02-threads: a thread a client.
//
// The calls sleep as before, but each client's in a thread of its own, so that
// nobody waits for anybody else. The price: a stack and a switch for each.
// With --workers there are N threads, and clients wait for one in a channel.

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"

// What serve() needs: its inbox, and room for the calls that it makes.
enum { STACK_SIZE = INBOX_SIZE + 64 * 1024 };

// Clients on their way to a worker.
static struct channel accepted = CHANNEL_INITIALIZER;

// How many clients have left, for the listener that waits for one to leave.
static struct {
    pthread_mutex_t lock;
    pthread_cond_t grew;
    unsigned count;
} left = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void serve(int client) {
    char inbox[INBOX_SIZE];
    uint64_t echoed = 0;
    ssize_t length;

    while ((length = net_read(client, inbox, sizeof inbox)) > 0) {
        log_received(client, inbox, (size_t)length);
        size_t written = net_write_all(client, inbox, (size_t)length);
        echoed += written;
        if (written < (size_t)length) break;
    }
    log_closed(client, length == 0 ? "client closed" : strerror(errno), echoed);
    close(client);

    pthread_mutex_lock(&left.lock);
    left.count++;
    pthread_cond_signal(&left.grew);
    pthread_mutex_unlock(&left.lock);
}

static void *serve_one(void *client) {
    serve((int)(intptr_t)client);
    return NULL;
}

static void *serve_many(void *unused) {
    for (;;) serve(channel_receive(&accepted));
    return unused;
}

// Fails with EAGAIN when the system has no thread to give.
static bool start_thread(void *run(void *), int client) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    void *argument = (void *)(intptr_t)client;
    errno = pthread_create(&thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return errno == 0;
}

static unsigned count_left(void) {
    pthread_mutex_lock(&left.lock);
    unsigned count = left.count;
    pthread_mutex_unlock(&left.lock);
    return count;
}

// Until a client leaves that had not left before, or for a second.
static void rest(int client, unsigned before) {
    struct timespec until;
    listeners_rest(client);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;

    pthread_mutex_lock(&left.lock);
    while (left.count == before &&
           pthread_cond_timedwait(&left.grew, &left.lock, &until) == 0) {
    }
    pthread_mutex_unlock(&left.lock);
}

static bool hand_over(int client, int workers) {
    if (workers == 0) return start_thread(serve_one, client);
    channel_send(&accepted, client);
    return true;
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv, TAKES_WORKERS);
    listeners_open(&options);

    for (int i = 0; i < options.workers; i++)
        if (!start_thread(serve_many, 0))
            die("cannot start worker %d of %d", i + 1, options.workers);

    for (;;) {
        unsigned before = count_left();
        log_detail("waiting in accept");
        int client = listener_accept(listeners[0].fd);
        if (client != -1 && hand_over(client, options.workers)) continue;
        rest(client, before);
    }
}
