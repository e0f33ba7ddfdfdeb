// clock_model: who sleeps as clock_left_ms() says is never early and hardly
// late.
//
// The fake clock counts nanoseconds. Sleeps end as on Linux: up to a
// thousandth late, or early by a signal.

#include <limits.h>
#include <time.h>

#include "clock.h"
#include "model.h"

enum {
    STEPS = 1000 * 1000,
    LATE_MS = 10,   // a thousandth of the longest sleep that is not shortened
    SLEEPS_MAX = 64 // of a day, without signals
};

static const int64_t NS_IN_MS = 1000 * 1000;
static const int64_t DAY_MS = 24 * 3600 * 1000;

int fake_clock_gettime(clockid_t clock, struct timespec *now);

static int64_t now_ns;

int fake_clock_gettime(clockid_t clock, struct timespec *now) {
    expect(clock == CLOCK_MONOTONIC, "another clock, that can be set");
    now->tv_sec = (time_t)(now_ns / (1000 * NS_IN_MS));
    now->tv_nsec = (long)(now_ns % (1000 * NS_IN_MS));
    return 0;
}

static void sleep_for(int left_ms, bool signals) {
    int64_t asleep_ns = left_ms * NS_IN_MS;
    int64_t late_ns = asleep_ns / 1000;
    if (signals && percent(20))
        asleep_ns = (int64_t)(chance() % (uint64_t)asleep_ns);
    else if (late_ns > 0)
        asleep_ns += (int64_t)(chance() % (uint64_t)late_ns);
    now_ns += asleep_ns;
}

static void sleep_until(int64_t until_ms, bool signals) {
    int sleeps = 0, left_ms;
    int64_t start_ms = clock_ms();

    while ((left_ms = clock_left_ms(until_ms)) != 0) {
        note("at %ld ms, %ld are left until %ld", (long)clock_ms(), left_ms,
             (long)until_ms);
        expect(left_ms > 0, "no limit, but there is one");
        expect(left_ms <= until_ms - clock_ms(), "it sleeps too long");
        expect(signals || ++sleeps < SLEEPS_MAX, "it wakes and wakes");
        sleep_for(left_ms, signals);
    }
    note("awake at %ld ms", (long)clock_ms(), 0, 0);
    expect(now_ns >= until_ms * NS_IN_MS, "it is awake too early");
    expect(start_ms >= until_ms || clock_ms() <= until_ms + LATE_MS,
           "it is awake too late");
}

// Times that are too far away to be waited for.
static void check_edges(void) {
    int64_t far_ms[] = {NEVER - 1, clock_ms() + INT_MAX,
                        clock_ms() + INT_MAX + (int64_t)below(1000),
                        clock_ms() + INT_MAX - (int64_t)below(1000),
                        clock_ms() + (int64_t)INT_MAX * 100 / 99 +
                            (int64_t)below(1000) - 500};
    for (unsigned i = 0; i < sizeof far_ms / sizeof *far_ms; i++) {
        int left_ms = clock_left_ms(far_ms[i]);
        note("%ld ms are left until %ld", left_ms, (long)far_ms[i], 0);
        expect(left_ms > INT_MAX / 100 * 98, "it wakes far too often");
        expect(left_ms <= far_ms[i] - clock_ms(), "it sleeps too long");
    }
    expect(clock_left_ms(NEVER) == -1, "a limit for what never comes");
    expect(clock_left_ms(0) == 0, "what is past is waited for");
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    while (model_step()) {
        int64_t before_ms = clock_ms();
        now_ns += some((unsigned)NS_IN_MS * 3);
        expect(clock_ms() >= before_ms, "the clock goes back");
        expect(clock_ms() == now_ns / NS_IN_MS, "it does not round down");
        int64_t until_ms = clock_ms() + some((unsigned)DAY_MS) - 1;
        sleep_until(percent(10) ? before_ms : until_ms, percent(30));
        check_edges();
        if (now_ns > INT64_MAX / 2) now_ns = 0;
    }
    model_close();
}
