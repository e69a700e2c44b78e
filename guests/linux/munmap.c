// munmap: parts, holes, whole ranges over several mappings, and the errors. man 2 munmap.
#include "fault.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

int main(void) {
  catch_faults();
  char *base = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
  REQUIRE(base != MAP_FAILED);
  for (size_t i = 0; i < 16; i++) base[i * PAGE] = (char)('a' + i);

  // From the middle, the front and the back.
  CHECK_EQ(munmap(base + 4 * PAGE, 2 * PAGE), 0);
  CHECK_EQ(munmap(base, PAGE), 0);
  CHECK_EQ(munmap(base + 15 * PAGE, 1), 0);
  for (size_t i = 0; i < 16; i++) {
    if (i == 4 || i == 5 || i == 0 || i == 15) {
      CHECK_FAULT(READ_BYTE(base + i * PAGE), SIGSEGV, SEGV_MAPERR, base + i * PAGE);
    } else {
      CHECK_EQ(base[i * PAGE], 'a' + i);
    }
  }

  // An empty range is fine, and so is one over holes and several mappings.
  CHECK_EQ(munmap(base + 4 * PAGE, 2 * PAGE), 0);
  CHECK_EQ(mprotect(base + 8 * PAGE, PAGE, PROT_READ), 0);
  CHECK_EQ(munmap(base + PAGE, 10 * PAGE), 0);
  CHECK_EQ(FAULT_OF(READ_BYTE(base + 10 * PAGE)), SIGSEGV);
  CHECK_EQ(base[11 * PAGE], 'a' + 11);

  // The kernel cannot reach memory that is gone.
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  CHECK_ERRNO(write(fds[1], base + PAGE, 1), EFAULT);

  // Memory that is touched, unmapped and mapped again is zero; after a thousand rounds the address is still free.
  for (int i = 0; i < 1000; i++) {
    char *again = mmap(base + PAGE, PAGE, PROT_READ | PROT_WRITE, ANON | MAP_FIXED_NOREPLACE, -1, 0);
    REQUIRE(again == base + PAGE);
    if (*again) fail(__FILE__, __LINE__, "a remapped page is zero", *again, 0);
    *again = 'x';
    REQUIRE(munmap(again, PAGE) == 0);
  }

  CHECK_ERRNO(munmap(base + 1, PAGE), EINVAL);
  CHECK_ERRNO(munmap(base, 0), EINVAL);
  CHECK_ERRNO(munmap(base, (size_t)-PAGE), EINVAL);
  CHECK_ERRNO(munmap((void *)0xffff800000000000, PAGE), EINVAL);
  CHECK_EQ(munmap(base, 16 * PAGE), 0);
  return finish();
}
