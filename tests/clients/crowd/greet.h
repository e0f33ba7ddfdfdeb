// greet.h: the small crowd: clients that come one after the other and greet.

#ifndef GREET_H
#define GREET_H

#include <stdbool.h>

#include "clients.h"

// A client comes every so many seconds, says "Hello from client N", and leaves
// when a line has come back, which is printed. False if one was not answered.
bool greet(const struct load *load, double every_s);

#endif
