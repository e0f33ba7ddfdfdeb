// kqueue_steps.h: what a test of kqueue(2) can do, in words.
//
// A test gets a new kqueue and a descriptor, `ours`; `peer` is its other end. A
// step is a verb and what it's about: "add READ EV_CLEAR", "peer closes", "see
// READ+EOF", "delete WRITE: ENOENT". What goes otherwise than expected is kept
// in `complaint`. What the tests need besides kqueue ends them if it fails.

#ifndef KQUEUE_STEPS_H
#define KQUEUE_STEPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <sys/event.h>

// These types differ from system to system. A count fits in an int and, without
// a warning, in NetBSD's size_t.
typedef __typeof__(((struct kevent *)0)->filter) filter_type;
typedef __typeof__(((struct kevent *)0)->flags) flags_type;
typedef __typeof__(((struct kevent *)0)->udata) udata_type;
typedef unsigned short count_type;

enum { ROOM = 8, GENEROUS_MS = 5000, PERIOD_MS = 10, NS_PER_MS = 1000000 };

// Events, and their bits in a set. An EV_EOF is one bit more.
enum { READ, WRITE, USR1, USR2, TIMER, NOWHERE, UNKNOWN, EVENTS };
enum { READ_BIT = 1 << READ, WRITE_BIT = 1 << WRITE, USR1_BIT = 1 << USR1 };

// The kinds of descriptors.
enum { PAIR = 1, PIPE_IN = 2, PIPE_OUT = 4, TCP = 8, LISTENER = 16, NONE = 32 };
enum { READERS = PAIR | PIPE_IN | TCP, WRITERS = PAIR | PIPE_OUT };
enum { SOCKETS = PAIR | TCP };

extern int kq, ours, peer;
extern char complaint[256]; // empty while the test is fine

#define EXPECT(expected, got) expect(#got, (long)(expected), (long)(got))
#define MUST(call)            must((int)(call), #call)

void expect(const char *what, long expected, long got);
int must(int result, const char *what);

// Opens the kqueue and a descriptor of that kind; takes steps, which commas
// separate; closes all.
void test_open(int kind);
void test_take(const char *steps);
void test_close(void);

// A change of one of the events above, and one of another kqueue or descriptor.
struct kevent event_of(int which, int flags);
void change(int which, int flags, int expected_error);
void add(int queue, int fd, int which, int flags, int udata);

// Waits in a kqueue; look() in ours, and returns the set of what came.
int wait_in(int queue, struct kevent *events, count_type room, int ms);
int look(int ms);

void say(void);
void set_signals(int how); // SIG_BLOCK or SIG_UNBLOCK, which ignores them
int64_t now_ns(void);

#endif
