// print.c: prints text over the serial line.

#include "machine.h"

void print(const char *text) {
  unsigned long length = 0;
  while (text[length] != '\0') length++;
  put(text, length);
}

void print_hex(unsigned long value) {
  if (value >= 16) print_hex(value / 16);
  put(&"0123456789abcdef"[value % 16], 1);
}
