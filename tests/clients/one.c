// The commands of client that need one connection.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

enum { MANY_BYTES = 1024 * 1024, ANNOUNCED_BYTES = 1000000 };

void run_hello(const char *text) {
    char line[4096];
    int length = snprintf(line, sizeof line, "%s\n", text ? text : "hello");
    if ((size_t)length >= sizeof line) fail("the text is too long");
    printf("echo after %.6f s\n", say_text(0, line));
}

void run_half_close(const char *argument) {
    size_t total = number_of(argument);
    struct client client = connect_client(0);
    send_and_read(&client, total);
    half_close_and_read(&client);
    client_close(&client);
    printf("echoed %zu bytes, then the server closed\n", total);
}

void run_drip(const char *argument) {
    size_t total = number_of(argument);
    struct client client = connect_client(0);
    while (client.heard < total) {
        send_and_read(&client, client.heard + 1);
        read_rest(&client);
    }
    client_close(&client);
    printf("echoed %zu bytes one by one\n", total);
}

void run_bulk(const char *argument) {
    size_t total = number_of(argument);
    struct client client = connect_client(0);
    uint64_t before_ns = clock_ns();
    send_and_read(&client, total);
    read_rest(&client);
    printf("echoed %zu bytes in %.3f s\n", total, seconds_since(before_ns));
    client_close(&client);
}

void run_flood(const char *argument) {
    (void)argument;
    struct client client = connect_client(0);
    struct pollfd polls[] = {{.fd = client.fd, .events = POLLIN | POLLOUT},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    bool has_announced = false;
    do {
        wait_ready(polls, 2, -1, "the flood to flow, or the end of stdin");
        advance(&client, polls[0].revents, SIZE_MAX);
        if (has_announced || client.heard < ANNOUNCED_BYTES) continue;
        puts("flooding");
        has_announced = true;
    } while (polls[1].revents == 0 || !stdin_ended());

    read_rest(&client);
    client_close(&client);
    printf("echoed %zu bytes\n", client.heard);
}

void run_no_read(const char *argument) {
    size_t total = number_of(argument);
    struct client client = connect_client(0);
    send_unread(&client, total);
    printf(client.sent < total ? "stuck after %zu bytes\n"
                               : "sent all %zu bytes\n",
           client.sent);

    char line[64];
    if (read_line(line, sizeof line)) {
        send_and_read(&client, total);
        half_close_and_read(&client);
        printf("echoed %zu bytes\n", total);
    } else {
        puts("left");
    }
    client_close(&client);
}

void run_silent(const char *argument) {
    (void)argument;
    struct client client = connect_client(0);
    struct pollfd polls[] = {{.fd = client.fd, .events = POLLIN},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    bool closed = false;
    do {
        wait_ready(polls, 2, -1, "the server to close, or the end of stdin");
        closed = polls[0].revents != 0 && !hear(&client);
    } while (!closed && (polls[1].revents == 0 || !stdin_ended()));

    // From connect() on: the server cannot have counted from earlier.
    if (closed)
        printf("closed by the server after %.3f s\n",
               seconds_since(client.sent_ns));
    else
        puts("left");
    client_close(&client);
}

// The urgent byte may come back in its place or not at all.
void run_urgent(const char *argument) {
    (void)argument;
    struct client client = connect_client(0);
    int fd = client.fd;
    struct pollfd poll = {.fd = fd, .events = POLLIN};
    if (send(fd, "a", 1, 0) != 1 || send(fd, "!", 1, MSG_OOB) != 1 ||
        send(fd, "b", 1, 0) != 1)
        fail("cannot send urgent data: %s", strerror(errno));

    char heard[4] = "";
    for (size_t i = 0; i < 3 && strchr(heard, 'b') == NULL; i++) {
        wait_ready(&poll, 1, -1, "the echo of a and b");
        if (read(fd, &heard[i], 1) != 1) break;
    }
    if (strcmp(heard, "ab") != 0 && strcmp(heard, "a!b") != 0)
        fail("sent \"a\", urgent \"!\" and \"b\", heard \"%s\"", heard);
    client.sent = 3;
    client.heard = strlen(heard);
    client_close(&client);
    printf("heard \"%s\"\n", heard);
}

void run_fill_after_close(const char *argument) {
    (void)argument;
    struct client client = connect_client(0);
    send_unread(&client, MANY_BYTES);
    shutdown(client.fd, SHUT_RD);
    client_close(&client);
    say_text(1, "hello\n");
    puts("the server lives");
}

void run_linger_reset(const char *argument) {
    (void)argument;
    struct client client = connect_client(0);
    send_unread(&client, LITTLE_BYTES);
    client_half_close(&client);
    client_reset(&client);
    puts("done");
}
