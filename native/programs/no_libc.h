// no_libc.h: what the programs of this folder have instead of a C library.
#pragma once

#include <sys/syscall.h>

#include "start.h"

// A system call's result, or a negative errno.
#define Call(number, ...) CallOf(number, __VA_ARGS__, 0, 0, 0, 0, 0)
#define CallOf(number, a, b, c, d, e, ...) \
  SystemCall(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

static inline _Noreturn void Exit(int status) {
  for (;;) Call(SYS_exit_group, status);
}

static inline long Length(const char* text) {
  long length = 0;
  while (text[length] != '\0') length++;
  return length;
}

// These return where the text ends.
static inline char* Append(char* to, const char* text) {
  while (*text != '\0') *to++ = *text++;
  *to = '\0';
  return to;
}

static inline char* AppendNumber(char* to, unsigned long number) {
  char digits[20];
  int count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  while (count > 0) *to++ = digits[--count];
  *to = '\0';
  return to;
}
