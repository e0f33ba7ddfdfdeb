// greet.h: the small crowd: clients that come one after the other and greet.

#ifndef GREET_H
#define GREET_H

#include <stdbool.h>

// A client connects every so many seconds, sends "Hello from client N", prints
// the line that comes back, whatever it is, and disconnects. False if one got
// no answer.
bool greet(int clients, double every_s);

#endif
