// restricted-handler: a handler that lies in memory without execute permission. man 2 sigaction.
// status: 139
#include <signal.h>
#include <stdint.h>

static char data[16];

int main(void) {
  signal(SIGUSR1, (void (*)(int))(uintptr_t)data);
  raise(SIGUSR1);
  return 0;
}
