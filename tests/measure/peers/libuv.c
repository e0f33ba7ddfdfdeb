// libuv: its streams read into our buffer and write what we give them.
//
// Writes are tried at once (uv_try_write); only what the socket would not take
// is copied and becomes a request, and the client is not read from until it is
// done.

#include <limits.h>

#include <uv.h>

#include "peer.h"

struct late {
    uv_write_t request;
    char bytes[];
};

static char read_buffer[READ_BUFFER_SIZE];

// Between two callbacks it holds nothing, so all clients share it.
static void lend_read_buffer(uv_handle_t *client, size_t suggested,
                             uv_buf_t *buffer) {
    (void)client, (void)suggested;
    *buffer = uv_buf_init(read_buffer, sizeof read_buffer);
}

static void free_client(uv_handle_t *client) {
    free(client);
}

static void close_client(uv_stream_t *client) {
    if (!uv_is_closing((uv_handle_t *)client))
        uv_close((uv_handle_t *)client, free_client);
}

static void echo(uv_stream_t *client, ssize_t length, const uv_buf_t *buffer);

static void when_sent(uv_write_t *request, int status) {
    uv_stream_t *client = request->handle;
    free(request->data);
    if (status < 0 || uv_read_start(client, lend_read_buffer, echo) < 0)
        close_client(client);
}

static void send_later(uv_stream_t *client, const char *bytes, size_t length) {
    struct late *late = malloc(sizeof *late + length);
    if (late == NULL) {
        close_client(client);
        return;
    }
    memcpy(late->bytes, bytes, length);
    late->request.data = late;
    uv_buf_t rest = uv_buf_init(late->bytes, (unsigned)length);
    uv_read_stop(client);
    if (uv_write(&late->request, client, &rest, 1, when_sent) == 0) return;
    free(late);
    close_client(client);
}

static void echo(uv_stream_t *client, ssize_t length, const uv_buf_t *buffer) {
    if (length == 0) return; // not now
    if (length < 0) {
        close_client(client);
        return;
    }
    uv_buf_t all = uv_buf_init(buffer->base, (unsigned)length);
    ssize_t written = uv_try_write(client, &all, 1);
    if (written == UV_EAGAIN) written = 0;
    if (written < 0)
        close_client(client);
    else if (written < length)
        send_later(client, buffer->base + written, (size_t)(length - written));
}

static void accept_client(uv_stream_t *listener, int status) {
    if (status < 0) return;
    uv_tcp_t *client = malloc(sizeof *client);
    if (client == NULL) abort();
    uv_tcp_init(listener->loop, client);
    if (uv_accept(listener, (uv_stream_t *)client) < 0 ||
        uv_read_start((uv_stream_t *)client, lend_read_buffer, echo) < 0)
        close_client((uv_stream_t *)client);
}

int main(int argc, char **argv) {
    int fd = peer_listen(argc, argv);
    uv_tcp_t listener;
    uv_tcp_init(uv_default_loop(), &listener);
    if (uv_tcp_open(&listener, fd) < 0 ||
        uv_listen((uv_stream_t *)&listener, INT_MAX, accept_client) < 0)
        abort();
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
