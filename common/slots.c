#include "slots.h"

#include <stdlib.h>
#include <string.h>

enum { GROW_AT_LEAST = 64 };

void *slots_reserve(void *slots, size_t size, int *room, int index) {
    if (index < *room) return slots;

    // An eighth more: copying is rare, and little memory lies idle.
    int longer = index + index / 8 + GROW_AT_LEAST;
    char *grown = realloc(slots, (size_t)longer * size);
    if (grown == NULL) return NULL;
    memset(grown + (size_t)*room * size, 0, (size_t)(longer - *room) * size);
    *room = longer;
    return grown;
}
