// clients.c: the three clients of the pictures, and what each is doing when.
//
//     clients PORT
//
// They do the same in front of every stage, each in a process of its own:
//
//     A  connects, is silent for 800 ms, says hello and leaves
//     B  connects, says hello at once and once more at 600 ms, and leaves
//     C  connects, sends all that it can, and reads nothing for 300 ms after
//        the first echo has come; then it reads everything and leaves
//
// A line of the output is NAME, FROM, TO and what it did, in seconds as strace
// counts them (since 1970). FROM is TO where something happened at a moment.
// A line "start" and one a client with its port come besides.

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { END_MS = 1600, PATIENCE_S = 20 };
enum { CHUNK_BYTES = 64 * 1024, SMALL_BUFFER_BYTES = 512 * 1024 };

struct client {
    char name;
    int fd;
    const char *doing;
    double since;
};

static in_port_t server_port;
static double start;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int elapsed_ms(void) {
    return (int)((now() - start) * 1e3);
}

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(EXIT_FAILURE);
}

static void sleep_until(int ms) {
    double left;
    while ((left = start + ms / 1e3 - now()) > 0) {
        struct timespec time = {.tv_nsec = (long)(left * 1e9) % 1000000000,
                                .tv_sec = (time_t)left};
        nanosleep(&time, NULL);
    }
}

static void tell(const struct client *client, double from, double to,
                 const char *what) {
    printf("%c %.6f %.6f %s\n", client->name, from, to, what);
}

static void happens(const struct client *client, const char *what) {
    double moment = now();
    tell(client, moment, moment, what);
}

// What it did until now is told; NULL: it does nothing more.
static void begin(struct client *client, const char *doing) {
    double moment = now();
    if (client->doing) tell(client, client->since, moment, client->doing);
    client->doing = doing;
    client->since = moment;
}

static void join(struct client *client) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(server_port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    begin(client, "connect");
    happens(client, "connects");
    if (connect(client->fd, (struct sockaddr *)&address, size) == -1)
        fail("connect");
    if (getsockname(client->fd, (struct sockaddr *)&address, &size) == -1)
        fail("getsockname");
    printf("%c port %d\n", client->name, ntohs(address.sin_port));
    begin(client, "silent");
}

static void leave(struct client *client, const char *how) {
    begin(client, NULL);
    happens(client, how);
    close(client->fd);
}

// Until then, or until the server says something: true.
static bool hears(const struct client *client, int until_ms) {
    struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};
    int left_ms;
    while ((left_ms = until_ms - elapsed_ms()) > 0)
        if (poll(&poll_fd, 1, left_ms) == 1) return true;
    return false;
}

static void say_hello(struct client *client) {
    char text[] = "hello\n", echo[sizeof text];
    size_t length = strlen(text);

    happens(client, "hello");
    begin(client, "echo");
    if (write(client->fd, text, length) == -1) fail("write");
    for (size_t heard = 0; heard < length;) {
        ssize_t more = read(client->fd, echo, length - heard);
        if (more <= 0) fail("the server does not echo");
        heard += (size_t)more;
    }
    begin(client, "silent");
    happens(client, "echo");
}

static void be_silent(struct client *client) {
    sleep_until(100);
    join(client);
    bool cut_off = hears(client, 900);
    if (!cut_off) say_hello(client);
    if (!cut_off) sleep_until(950);
    leave(client, cut_off ? "is cut off" : "leaves");
}

static void be_brief(struct client *client) {
    sleep_until(200);
    join(client);
    say_hello(client);
    // It takes its time, also when the first echo was late.
    sleep_until(elapsed_ms() + 100 < 600 ? 600 : elapsed_ms() + 100);
    say_hello(client);
    sleep_until(elapsed_ms() + 50);
    leave(client, "leaves");
}

// Sends what the socket takes until something can be read, and for 300 ms more.
static void send_unread(struct client *client) {
    static char chunk[CHUNK_BYTES];
    int until_ms = 0;

    while (until_ms == 0 || elapsed_ms() < until_ms) {
        if (until_ms == 0 && hears(client, elapsed_ms() + 2)) {
            begin(client, "flood");
            until_ms = elapsed_ms() + 300;
        }
        ssize_t taken = write(client->fd, chunk, sizeof chunk);
        if (taken == -1 && errno != EAGAIN) fail("write");
        if (taken == -1) poll(NULL, 0, 1);
    }
}

static void be_slow(struct client *client) {
    static char chunk[CHUNK_BYTES];
    sleep_until(400);
    join(client);
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
    happens(client, "sends");
    begin(client, "echo");
    send_unread(client);

    fcntl(client->fd, F_SETFL, 0);
    shutdown(client->fd, SHUT_WR);
    begin(client, "drain");
    happens(client, "reads");
    while (read(client->fd, chunk, sizeof chunk) > 0) {
    }
    leave(client, "leaves");
}

static void start_client(char name, void play(struct client *)) {
    pid_t child = fork();
    if (child == -1) fail("fork");
    if (child > 0) return;

    alarm(PATIENCE_S);
    struct client client = {.name = name};
    // Little room of its own: that is where C's echo would hide.
    int size = SMALL_BUFFER_BYTES;
    client.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client.fd == -1) fail("socket");
    setsockopt(client.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    play(&client);
    exit(EXIT_SUCCESS);
}

int main(int argc, char **argv) {
    int status, failed = 0;
    if (argc != 2) {
        fputs("usage: clients PORT\n", stderr);
        return 2;
    }
    server_port = (in_port_t)atoi(argv[1]);
    // Lines of several processes do not mix.
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);

    start = now();
    printf("start %.6f\n", start);
    start_client('A', be_silent);
    start_client('B', be_brief);
    start_client('C', be_slow);
    while (wait(&status) != -1) failed |= status;
    sleep_until(END_MS);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
