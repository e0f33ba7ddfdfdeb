// The three clients of the recordings, the same for every stage's server, each
// in a process of its own:
//
//     A  connects, is silent for 800 ms, says hello and leaves
//     B  connects, says hello at once and once more at 600 ms, and leaves
//     C  connects, sends all it can, and reads nothing for 300 ms after the
//        first echo has arrived; then it reads everything and leaves

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

enum { END_MS = 1600, PATIENCE_S = 20 };
enum { CHUNK_BYTES = 64 * 1024, SMALL_BUFFER_BYTES = 512 * 1024 };

static uint64_t start_ns;

static int elapsed_ms(void) {
    return (int)(seconds_since(start_ns) * 1e3);
}

static void sleep_until(int ms) {
    int left_ms;
    while ((left_ms = ms - elapsed_ms()) > 0)
        wait_ready(NULL, 0, left_ms, "the next scene");
}

// True as soon as the server says something, false if it has not by then.
static bool hears(const struct client *client, int until_ms) {
    int left_ms;
    while ((left_ms = until_ms - elapsed_ms()) > 0)
        if (await(client, POLLIN, left_ms, "a word")) return true;
    return false;
}

static void say_hello(struct client *client) {
    client->text = "hello\n";
    client->period = 6;
    client->start = 0;
    send_and_read(client, client->sent + client->period);
    read_rest(client);
}

static void be_silent(void) {
    sleep_until(100);
    struct client client = connect_client(0);
    if (!hears(&client, 900)) { // or it is cut off
        say_hello(&client);
        sleep_until(950);
    }
    client_close(&client);
}

static void be_brief(void) {
    sleep_until(200);
    struct client client = connect_client(1);
    say_hello(&client);
    // It takes its time, also when the first echo was late.
    sleep_until(elapsed_ms() + 100 < 600 ? 600 : elapsed_ms() + 100);
    say_hello(&client);
    sleep_until(elapsed_ms() + 50);
    client_close(&client);
}

// Sends what the socket takes until something can be read, and for 300 ms more.
static void flood(struct client *client) {
    int until_ms = 0;
    while (until_ms == 0 || elapsed_ms() < until_ms) {
        if (until_ms == 0 && hears(client, elapsed_ms() + 2))
            until_ms = elapsed_ms() + 300;
        if (send_some(client, client->sent + CHUNK_BYTES) == 0)
            wait_ready(NULL, 0, 1, "the server to read");
    }
}

static void be_slow(void) {
    sleep_until(400);
    struct client client = connect_client(2);
    flood(&client);
    half_close_and_read(&client);
    client_close(&client);
}

static void start_actor(void play(void)) {
    pid_t child = fork();
    if (child == -1) fail("cannot start another process");
    if (child > 0) return;
    alarm(PATIENCE_S);
    play();
    exit(EXIT_SUCCESS);
}

void run_trio(const char *argument) {
    (void)argument;
    int status, failed = 0;
    // Little room of its own: that is where C's echo would hide.
    clients_narrow(SMALL_BUFFER_BYTES, 0);
    start_ns = clock_ns();
    start_actor(be_silent);
    start_actor(be_brief);
    start_actor(be_slow);
    while (wait(&status) != -1) failed |= status;
    sleep_until(END_MS); // the server is seen to sleep
    if (failed) exit(EXIT_FAILURE);
    puts("A, B and C have left");
}
