// unknown-syscalls: numbers that no kernel has give ENOSYS and change nothing. man 2 syscalls, man 2 syscall.
#include "check.h"

static long raw(long number) {
#if defined(__x86_64__)
  long result = number;
  __asm__ volatile("syscall" : "+a"(result) : "D"(1), "S"(2), "d"(3) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = 1;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8) : "memory");
  return x0;
#endif
}

int main(void) {
  static const long numbers[] = {9999, 1000, 5000, 65536, 0x7fffffff, 0x80000000, 0xffffffff, -2, 0x7fffffffffffffff};
  for (size_t i = 0; i < COUNT(numbers); i++) CHECK_EQ(raw(numbers[i]), -ENOSYS);
  // A tracer sees -1 as "skip this call", but a program gets the same answer.
  CHECK_EQ(raw(-1), -ENOSYS);
#if defined(__x86_64__)
  // The x32 numbers: bit 30. No such calls here: 512 is x32's rt_sigaction.
  CHECK_EQ(raw(0x40000000 | 9999), -ENOSYS);
  CHECK_EQ(raw(512), -ENOSYS);
  // Holes and removed calls of the table.
  static const int removed[] = {134, 154 + 1000, 174, 177, 178, 180, 181, 182, 183, 184, 185, 214, 215, 236};
  for (size_t i = 0; i < COUNT(removed); i++) CHECK_EQ(raw(removed[i]), -ENOSYS);
#endif
  for (int i = 0; i < 1000; i++) CHECK_EQ(raw(2000 + i), -ENOSYS);
  CHECK(getpid() > 0);
  return finish();
}
