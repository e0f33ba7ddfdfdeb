// The three clients of the pictures, and when each did what.
//
// They do the same to every stage's server, each in a process of its own:
//
//     A  connects, is silent for 800 ms, says hello and leaves
//     B  connects, says hello at once and once more at 600 ms, and leaves
//     C  connects, sends all it can, and reads nothing for 300 ms after the
//        first echo has arrived; then it reads everything and leaves
//
// A line of the output is NAME FROM TO WHAT, in seconds as strace counts them
// (since 1970). FROM is TO for what happens in a moment. There is also a line
// "start", and one per client with its port.

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

enum { END_MS = 1600, PATIENCE_S = 20 };
enum { CHUNK_BYTES = 64 * 1024, SMALL_BUFFER_BYTES = 512 * 1024 };

struct actor {
    char name;
    struct client client;
    const char *doing; // NULL: nothing
    double since;
};

static double start;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int elapsed_ms(void) {
    return (int)((now() - start) * 1e3);
}

static void sleep_until(int ms) {
    int left_ms;
    while ((left_ms = ms - elapsed_ms()) > 0)
        wait_ready(NULL, 0, left_ms, "the next scene");
}

static void happens(const struct actor *actor, const char *what) {
    double moment = now();
    printf("%c %.6f %.6f %s\n", actor->name, moment, moment, what);
}

// Ends what the actor was doing, if anything.
static void begin(struct actor *actor, const char *doing) {
    double moment = now();
    if (actor->doing)
        printf("%c %.6f %.6f %s\n", actor->name, actor->since, moment,
               actor->doing);
    actor->doing = doing;
    actor->since = moment;
}

static void join(struct actor *actor) {
    struct sockaddr_in own = {0};
    socklen_t size = sizeof own;
    begin(actor, "connect");
    happens(actor, "connects");
    actor->client = connect_client((size_t)(actor->name - 'A'));
    getsockname(actor->client.fd, (struct sockaddr *)&own, &size);
    printf("%c port %d\n", actor->name, ntohs(own.sin_port));
    begin(actor, "silent");
}

static void leave(struct actor *actor, const char *how) {
    begin(actor, NULL);
    happens(actor, how);
    client_close(&actor->client);
}

// True as soon as the server says something, false if it has not by then.
static bool hears(const struct actor *actor, int until_ms) {
    int left_ms;
    while ((left_ms = until_ms - elapsed_ms()) > 0)
        if (await(&actor->client, POLLIN, left_ms, "a word")) return true;
    return false;
}

static void say_hello(struct actor *actor) {
    struct client *client = &actor->client;
    client->text = "hello\n";
    client->period = 6;
    client->start = 0;

    happens(actor, "hello");
    begin(actor, "echo");
    send_and_read(client, client->sent + client->period);
    read_rest(client);
    begin(actor, "silent");
    happens(actor, "echo");
}

static void be_silent(struct actor *actor) {
    sleep_until(100);
    join(actor);
    bool cut_off = hears(actor, 900);
    if (!cut_off) say_hello(actor);
    if (!cut_off) sleep_until(950);
    leave(actor, cut_off ? "is cut off" : "leaves");
}

static void be_brief(struct actor *actor) {
    sleep_until(200);
    join(actor);
    say_hello(actor);
    // It takes its time, also when the first echo was late.
    sleep_until(elapsed_ms() + 100 < 600 ? 600 : elapsed_ms() + 100);
    say_hello(actor);
    sleep_until(elapsed_ms() + 50);
    leave(actor, "leaves");
}

// Sends what the socket takes until something can be read, and for 300 ms more.
static void flood(struct actor *actor) {
    struct client *client = &actor->client;
    int until_ms = 0;
    while (until_ms == 0 || elapsed_ms() < until_ms) {
        if (until_ms == 0 && hears(actor, elapsed_ms() + 2)) {
            begin(actor, "flood");
            until_ms = elapsed_ms() + 300;
        }
        if (send_some(client, client->sent + CHUNK_BYTES) == 0)
            wait_ready(NULL, 0, 1, "the server to read");
    }
}

static void be_slow(struct actor *actor) {
    sleep_until(400);
    join(actor);
    happens(actor, "sends");
    begin(actor, "echo");
    flood(actor);
    begin(actor, "drain");
    happens(actor, "reads");
    half_close_and_read(&actor->client);
    leave(actor, "leaves");
}

static void start_actor(char name, void play(struct actor *)) {
    pid_t child = fork();
    if (child == -1) fail("cannot start another process");
    if (child > 0) return;
    alarm(PATIENCE_S);
    play(&(struct actor){.name = name});
    exit(EXIT_SUCCESS);
}

void run_trio(const char *argument) {
    (void)argument;
    int status, failed = 0;
    // Little room of its own: that is where C's echo would hide.
    clients_narrow(SMALL_BUFFER_BYTES, 0);
    start = now();
    printf("start %.6f\n", start);
    start_actor('A', be_silent);
    start_actor('B', be_brief);
    start_actor('C', be_slow);
    while (wait(&status) != -1) failed |= status;
    sleep_until(END_MS);
    if (failed) exit(EXIT_FAILURE);
}
