// padded-call-sites: what call-sites checks holds for calls that padding near by makes way for. man 2 syscall.
#define PADDED
#define CALL 111
#define RESULT getpgrp
#include "call-sites.h"
