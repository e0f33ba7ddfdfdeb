// 01-blocking: one thread, one client at a time.
//
// accept, read and write put the program to sleep until they can return
// something. That makes the simplest server there is. The price: while it
// serves one client, every other client waits in the backlog.

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "process.h"

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

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv, 0);
    log_open(options.level);
    process_prepare();
    listeners_open(options.addresses, options.address_count);

    for (;;) {
        log_detail("waiting in accept");
        int client = listener_accept(listeners[0].fd);
        if (client != -1)
            serve(client);
        else if (!net_should_retry())
            sleep(1); // out of descriptors: don't spin
    }
}
