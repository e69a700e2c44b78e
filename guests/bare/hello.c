// hello: says hello on the serial line, and its arguments; its status is the number of arguments.

#include "machine.h"

int main(unsigned long argc, char **argv) {
  print("Hello from bare metal\n");
  for (unsigned long i = 0; i < argc; i++) {
    print(argv[i]);
    print("\n");
  }
  return (int)argc;
}
