// pipe: SIGPIPE for a write that nobody can read. man 2 write.
// status: 141
#include <unistd.h>

int main(void) {
  int fds[2];
  if (pipe(fds)) return 1;
  close(fds[0]);
  return write(fds[1], "x", 1) == 1;
}
