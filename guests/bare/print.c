// print.c: a string over the serial line.

#include "machine.h"

void print(const char *text) {
  unsigned long length = 0;
  while (text[length] != '\0') length++;
  put(text, length);
}
