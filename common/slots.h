// slots.h: arrays that grow with the number of clients.
//
// Most are indexed by descriptor. The kernel gives out the lowest free number,
// so such an array is as long as there were ever clients at one time, with
// hardly a gap.

#ifndef SLOTS_H
#define SLOTS_H

#include <stddef.h>

// Returns an array of slots, size bytes each, that has room for index: the same
// or a longer one with the old content, new slots zero, *room updated. NULL,
// with ENOMEM, if there is no memory: the old array is as it was. The caller
// owns the array, and frees it with free(3).
void *slots_reserve(void *slots, size_t size, int *room, int index);

#endif
