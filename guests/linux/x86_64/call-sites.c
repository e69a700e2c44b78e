// call-sites: calls made often enough for their sites to be patched keep their behaviour: registers, flags, the stack, signals,
// single steps, restarts, and the code itself wherever it is moved, written or forked. man 2 syscall.
#define CALL 111
#define RESULT getpgrp
#include "call-sites.h"
