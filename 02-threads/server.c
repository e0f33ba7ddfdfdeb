// 02-threads: one thread per client.
//
// The calls still block, but each client's calls block only its own thread, so
// no client waits for another. The price: a stack and a context switch per
// client. With --workers, N threads take turns, and clients queue in a channel.

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "process.h"

// What serve() needs: its buffer, and room for the calls it makes.
enum { STACK_SIZE = READ_SIZE + 64 * 1024 };

// Clients on their way to a worker.
static struct channel accepted = CHANNEL_INITIALIZER;

static void serve(int client) {
    char buffer[READ_SIZE];
    uint64_t echoed = 0;
    ssize_t length;

    while ((length = net_read(client, buffer, sizeof buffer)) > 0) {
        log_received(client, buffer, (size_t)length);
        size_t sent = net_write_all(client, buffer, (size_t)length);
        echoed += sent;
        if (sent < (size_t)length) break;
    }
    log_closed(client, length == 0 ? "client closed" : strerror(errno), echoed);
    close(client);
}

static void *client_thread(void *client) {
    serve((int)(intptr_t)client);
    return NULL;
}

static void *worker_thread(void *unused) {
    for (;;) serve(channel_receive(&accepted));
    return unused;
}

// Returns 0, or EAGAIN when the system has no thread to give.
static int start_thread(void *(*run)(void *), int client) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error =
        pthread_create(&thread, &attributes, run, (void *)(intptr_t)client);
    pthread_attr_destroy(&attributes);
    return error;
}

static void dispatch(int client, int workers) {
    if (workers > 0) {
        channel_send(&accepted, client);
        return;
    }
    while ((errno = start_thread(client_thread, client)) != 0) {
        listeners_warn();
        sleep(1); // until a thread has ended
    }
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv, TAKES_WORKERS);
    log_open(options.level);
    process_prepare();
    listeners_open(options.addresses, options.address_count);

    for (int i = 0; i < options.workers; i++)
        if ((errno = start_thread(worker_thread, 0)) != 0)
            die("cannot start worker %d of %d", i + 1, options.workers);

    for (;;) {
        log_detail("waiting in accept");
        int client = listener_accept(listeners[0].fd);
        if (client != -1)
            dispatch(client, options.workers);
        else if (!net_should_retry())
            sleep(1); // out of descriptors: don't spin
    }
}
