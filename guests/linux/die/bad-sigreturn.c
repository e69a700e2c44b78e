// bad-sigreturn: rt_sigreturn without a frame. man 2 sigreturn.
// status: 139
#include "arch.h"

int main(void) {
  uintptr_t after;
  call_on_stack(0, &after, SYS_rt_sigreturn, 0, 0, 0);
  return 0;
}
