// padded-call-sites: what call-sites checks also holds for calls that padding nearby makes room for. man 2 syscall.
#define PADDED
#define CALL 111
#define RESULT getpgrp
#include "call-sites.h"
