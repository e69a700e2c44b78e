// segv-code: a jump to nowhere. man 7 signal.
// status: 139
#include <stdint.h>

int main(void) {
  void (*volatile nowhere)(void) = (void (*)(void))(uintptr_t)0x1000;
  nowhere();
  return 0;
}
