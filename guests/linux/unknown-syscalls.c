// unknown-syscalls: numbers that no kernel knows give ENOSYS and change nothing. man 2 syscalls, man 2 syscall.
#include "check.h"

static long raw(long number) {
  static const uint64_t arguments[6] = {1, 2, 3, 4, 5, 6};
  return raw_call(number, arguments);
}

int main(void) {
  static const long numbers[] = {9999, 1000, 5000, 65536, 0x7fffffff, 0x80000000, 0xffffffff, -2, 0x7fffffffffffffff};
  for (size_t i = 0; i < COUNT(numbers); i++) CHECK_EQ(raw(numbers[i]), -ENOSYS);
  // A tracer sees -1 as "skip this call", but a program gets the same answer.
  CHECK_EQ(raw(-1), -ENOSYS);
  static const long missing[] = {MISSING_CALLS};
  for (size_t i = 0; i < COUNT(missing); i++) CHECK_EQ(raw(missing[i]), -ENOSYS);
  for (int i = 0; i < 1000; i++) CHECK_EQ(raw(2000 + i), -ENOSYS);
  CHECK(getpid() > 0);
  return finish();
}
