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
struct header {
    _Alignas(max_align_t) size_t size;
    int state;
};

unsigned memory_refused;
size_t memory_bytes;

void *fake_malloc(size_t size) {
    if (percent(weather.no_memory)) {
        note("    no memory for %ld bytes", (long)size, 0, 0);
        memory_refused++;
        errno = ENOMEM;
        return NULL;
    }
    struct header *header = malloc(sizeof *header + size + GUARD);
    if (header == NULL) abort();
    *header = (struct header){.size = size, .state = TAKEN};
    memset(header + 1, RUBBISH, size + GUARD);
    memory_bytes += size;
    return header + 1;
}

void fake_free(void *bytes) {
    if (bytes == NULL) return;
    struct header *header = (struct header *)bytes - 1;
    expect(header->state == TAKEN, "it frees memory that it doesn't have");
    const unsigned char *guard = (unsigned char *)bytes + header->size;
    for (int i = 0; i < GUARD; i++)
        expect(guard[i] == RUBBISH, "it writes beyond its memory");
    memory_bytes -= header->size;
    header->state = FREED;
    memset(bytes, RUBBISH, header->size);
    free(header);
}

void *fake_realloc(void *bytes, size_t size) {
    void *grown = fake_malloc(size);
    if (grown == NULL || bytes == NULL) return grown;
    size_t before = ((struct header *)bytes - 1)->size;
    memcpy(grown, bytes, before < size ? before : size);
    fake_free(bytes);
    return grown;
}
