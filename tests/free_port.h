// Moved to tests/clients/; this one goes when no file includes it.
#include "clients/free_port.h"
