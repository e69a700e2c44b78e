// exit-negative: a status of -1 is 255. man 2 exit_group.
// status: 255
#include <stdlib.h>

int main(void) { exit(-1); }
