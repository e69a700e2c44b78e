// exit-thread: exit(2) in the only thread ends the process with its status. man 2 exit.
// status: 7
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  syscall(SYS_exit, 7);
  return 1;
}
