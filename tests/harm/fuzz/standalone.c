// standalone: a fuzz target without libFuzzer.
//
// standalone [--seed S] [--steps N] [FILE]...: gives the target every FILE and
// then N inputs made of them by chance: changed, cut, doubled, joined.

#include <signal.h>
#include <string.h>

#include "fuzz.h"
#include "model.h"

enum { STEPS = 100 * 1000, FILES_MAX = 100, LENGTH_MAX = 600, CHANGES_MAX = 8 };

struct input {
    size_t length;
    unsigned char bytes[LENGTH_MAX];
};

static struct input corpus[FILES_MAX];
static unsigned count;
static struct input input;

static void show_input(void) {
    printf("the input: \"");
    for (size_t i = 0; i < input.length; i++)
        printf("\\%03o", (unsigned)input.bytes[i]);
    printf("\"\n");
}

static void run(void) {
    // A copy of that size, so that a byte too many is noticed.
    uint8_t *exact = malloc(input.length + 1);
    if (exact == NULL) abort();
    memcpy(exact, input.bytes, input.length);
    LLVMFuzzerTestOneInput(exact, input.length);
    free(exact);
}

static void read_file(const char *name) {
    FILE *file = fopen(name, "rb");
    if (file == NULL || count == FILES_MAX) {
        fprintf(stderr, "cannot read %s\n", name);
        exit(2);
    }
    struct input *next = &corpus[count++];
    next->length = fread(next->bytes, 1, LENGTH_MAX, file);
    fclose(file);
}

static unsigned char any_byte(void) {
    static const char likely[] = "0123456789:[]-=.%\n\\\"unix:fe80";
    if (percent(50)) return (unsigned char)chance();
    return (unsigned char)likely[below(sizeof likely)]; // its zero, too
}

static void insert(size_t at, const unsigned char *bytes, size_t length) {
    if (length > LENGTH_MAX - input.length) length = LENGTH_MAX - input.length;
    memmove(input.bytes + at + length, input.bytes + at, input.length - at);
    memmove(input.bytes + at, bytes, length);
    input.length += length;
}

static void cut_out(size_t at, size_t length) {
    if (length > input.length - at) length = input.length - at;
    input.length -= length;
    memmove(input.bytes + at, input.bytes + at + length, input.length - at);
}

static void change(void) {
    size_t at = below((unsigned)input.length + 1);
    struct input other = corpus[below(count)];
    unsigned char byte = any_byte();
    switch (below(5)) {
    case 0:
        if (at < input.length) input.bytes[at] = byte;
        break;
    case 1:
        insert(at, &byte, 1);
        break;
    case 2:
        cut_out(at, some(16));
        break;
    case 3: // longer and longer
        other = input;
        insert(at, other.bytes, below((unsigned)other.length + 1));
        break;
    default:
        insert(at, other.bytes, other.length);
    }
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    model_failed = show_input;
    for (char **file = model_files; *file; file++) read_file(*file);
    if (count == 0) count = 1; // an empty one

    for (unsigned i = 0; i < count; i++) {
        input = corpus[i];
        run();
    }
    while (model_step()) {
        input = corpus[below(count)];
        for (unsigned changes = some(CHANGES_MAX); changes > 0; changes--)
            change();
        run();
    }
    model_close();
}
