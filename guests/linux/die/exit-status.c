// exit-status: only the low eight bits of the status are the status. man 2 exit.
// status: 42
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  syscall(SYS_exit_group, 0x1200 + 42);
  return 1;
}
