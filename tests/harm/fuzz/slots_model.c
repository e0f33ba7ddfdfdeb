// slots_model: arrays that grow by slots.h keep what is in them, give zeroes,
// and waste an eighth at most.

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "fake_memory.h"
#include "model.h"
#include "slots.h"

enum { STEPS = 1000 * 1000, INDEX_MAX = 5000, SIZE_MAX_HERE = 24 };

void fake_free(void *block);

static unsigned char model[INDEX_MAX][SIZE_MAX_HERE]; // what should be there
static unsigned char *slots;
static size_t size; // of a slot
static int room;

static void start_again(void) {
    fake_free(slots);
    slots = NULL;
    room = 0;
    size = 1 + below(SIZE_MAX_HERE);
    memset(model, 0, sizeof model);
    memory_fails = percent(50) ? below(90) : 0;
    note("a new array, of slots of %ld bytes", (long)size, 0, 0);
    expect(memory_bytes == 0, "memory is lost");
}

static void reserve(int index) {
    int before = room;
    unsigned char *grown = slots_reserve(slots, size, &room, index);
    note("reserves %ld; room for %ld, now %ld", index, before, room);

    if (grown == NULL) {
        expect(errno == ENOMEM, "the errno of reserve");
        expect(room == before && index >= room, "a failure changes the room");
        return;
    }
    expect(index < room, "there is no room");
    expect(index >= before || (grown == slots && room == before),
           "it grows for nothing");
    expect(room <= before || room <= index * 9 / 8 + 64, "it grows too much");
    expect(memory_bytes == (size_t)room * size, "the room is not the memory's");
    slots = grown;
}

static void check(int index) {
    if (index >= room) return;
    expect(memcmp(slots + (size_t)index * size, model[index], size) == 0,
           "a slot has changed, or was not zero at first");
}

static void change(int index) {
    if (index >= room) return;
    for (size_t i = 0; i < size; i++) model[index][i] = (unsigned char)chance();
    memcpy(slots + (size_t)index * size, model[index], size);
    note("changes %ld", index, 0, 0);
}

int main(int argc, char **argv) {
    model_open(argc, argv, STEPS);
    for (unsigned long step = 0; model_step(); step++) {
        if (step % 1000 == 0) start_again();
        int index = (int)some(INDEX_MAX) - 1;
        if (percent(5) && room < INDEX_MAX) index = room; // just too far
        if (percent(20)) reserve(index);
        if (percent(20)) change(index);
        check(index);
        if (room > 0) check((int)below((unsigned)room) % INDEX_MAX);
    }
    start_again();
    model_close();
}
