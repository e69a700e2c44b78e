// known-call-sites: what holds for call sites holds for those of a call whose result the program is told.
#define CALL 110
#define RESULT getppid
#include "call-sites.c"
