// 01-blocking: one thread, one client.
//
// accept, read and write put the whole program to sleep until they are done.
// That makes the simplest server there is. The price: while one client is
// served, everybody else waits in the backlog.

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"

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
}

// There is no descriptor for anybody: try again in a second.
static void rest(void) {
    listeners_rest(-1);
    sleep(1);
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv, 0);
    listeners_open(&options);

    for (;;) {
        log_detail("waiting in accept");
        int client = listener_accept(listeners[0].fd);
        if (client == -1)
            rest();
        else
            serve(client);
    }
}
