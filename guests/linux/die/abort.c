// abort: SIGABRT from abort(3). man 3 abort.
// status: 134
#include <stdlib.h>

int main(void) { abort(); }
