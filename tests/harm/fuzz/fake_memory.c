// Memory in which old pointers and one byte too many are noticed: a block that
// is freed is filled with rubbish first, a block that grows always moves, and
// rubbish stands behind each.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "world.h"

enum { TAKEN = 0x600d, FREED = 0xdead, RUBBISH = 0xa5 };
enum { GUARD = 64 }; // bytes of rubbish behind every block

// Stands before every block.
struct block {
    size_t size;
    int state;
    bool array; // from realloc()
    max_align_t bytes[];
};

unsigned memory_refused;
size_t memory_blocks, memory_bytes;

static void *take(size_t size, bool array) {
    if (percent(weather.no_memory)) {
        note("    no memory for %ld bytes", (long)size, 0, 0);
        memory_refused++;
        errno = ENOMEM;
        return NULL;
    }
    struct block *block = malloc(sizeof *block + size + GUARD);
    if (block == NULL) abort();
    *block = (struct block){.size = size, .state = TAKEN, .array = array};
    memset(block->bytes, RUBBISH, size + GUARD);
    memory_blocks += !array;
    memory_bytes += size;
    return block->bytes;
}

void *fake_malloc(size_t size) {
    return take(size, false);
}

void fake_free(void *bytes) {
    if (bytes == NULL) return;
    struct block *block =
        (struct block *)((char *)bytes - offsetof(struct block, bytes));
    expect(block->state == TAKEN, "it frees memory that it doesn't have");
    const unsigned char *guard = (unsigned char *)bytes + block->size;
    for (int i = 0; i < GUARD; i++)
        expect(guard[i] == RUBBISH, "it writes beyond its memory");
    memory_blocks -= !block->array;
    memory_bytes -= block->size;
    block->state = FREED;
    memset(block->bytes, RUBBISH, block->size);
    free(block);
}

void *fake_realloc(void *bytes, size_t size) {
    void *grown = take(size, true);
    if (grown == NULL || bytes == NULL) return grown;
    const struct block *block =
        (struct block *)((char *)bytes - offsetof(struct block, bytes));
    memcpy(grown, bytes, block->size < size ? block->size : size);
    fake_free(bytes);
    return grown;
}
