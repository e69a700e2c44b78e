// echo: sends back in capitals what comes over the serial line, until the line ends.

#include "machine.h"

int main(unsigned long argc, char **argv) {
  (void)argc;
  (void)argv;
  for (;;) {
    int byte = get();
    if (byte < 0) return 0;
    char capital = (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
    put(&capital, 1);
  }
}
