#include "fake_memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum { TAKEN = 0x600d, GIVEN_BACK = 0xdead, RUBBISH = 0xa5 };
enum { GUARD = 64 }; // bytes of rubbish behind every block

// Stands before every block.
struct block {
    size_t size;
    int state;
    bool array;
    max_align_t bytes[];
};

unsigned memory_fails, memory_refused;
size_t memory_blocks, memory_arrays, memory_bytes;

void *fake_malloc(size_t size);
void *fake_realloc(void *bytes, size_t size);
void fake_free(void *bytes);

static struct block *block_of(void *bytes) {
    struct block *block =
        (struct block *)((char *)bytes - offsetof(struct block, bytes));
    expect(block->state == TAKEN, "memory is given back that is not taken");
    return block;
}

static void *take(size_t size, bool array) {
    if (percent(memory_fails)) {
        note("    no memory for %ld bytes", (long)size, 0, 0);
        memory_refused++;
        errno = ENOMEM;
        return NULL;
    }
    struct block *block = malloc(sizeof *block + size + GUARD);
    if (block == NULL) abort();
    *block = (struct block){.size = size, .state = TAKEN, .array = array};
    memset(block->bytes, RUBBISH, size + GUARD);
    *(array ? &memory_arrays : &memory_blocks) += 1;
    memory_bytes += size;
    return block->bytes;
}

void *fake_malloc(size_t size) {
    return take(size, false);
}

void *fake_realloc(void *bytes, size_t size) {
    void *grown = take(size, true);
    if (grown == NULL || bytes == NULL) return grown;
    size_t kept = block_of(bytes)->size;
    memcpy(grown, bytes, kept < size ? kept : size);
    fake_free(bytes);
    return grown;
}

void fake_free(void *bytes) {
    if (bytes == NULL) return;
    struct block *block = block_of(bytes);
    const unsigned char *guard = (unsigned char *)bytes + block->size;
    for (int i = 0; i < GUARD; i++)
        expect(guard[i] == RUBBISH, "it writes beyond its memory");
    *(block->array ? &memory_arrays : &memory_blocks) -= 1;
    memory_bytes -= block->size;
    block->state = GIVEN_BACK;
    memset(block->bytes, RUBBISH, block->size);
    free(block);
}
