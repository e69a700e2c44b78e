// known-call-sites: what call-sites checks holds for a call whose result the program is told. man 2 syscall.
#define CALL 173
#define RESULT getppid
#include "call-sites.h"
