// cached-call-sites: what call-sites checks also holds for a call whose result hv tells the program in advance. man 2 syscall.
#define CALL 173
#define RESULT getppid
#include "call-sites.h"
