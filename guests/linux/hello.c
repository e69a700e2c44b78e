// hello [STATUS]: the smallest guest: one line on standard output, one exit status. man 2 write, man 2 exit_group.
// stdout: Hello from guest user mode
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static const char line[] = "Hello from guest user mode\n";
  if (write(1, line, sizeof(line) - 1) != sizeof(line) - 1) return 1;
  return argc > 1 ? atoi(argv[1]) : 0;
}
