// mmap-fixed: MAP_FIXED replaces what was there, MAP_FIXED_NOREPLACE does not. man 2 mmap.
#include "fault.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

int main(void) {
  catch_faults();
  char *base = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
  REQUIRE(base != MAP_FAILED);
  memset(base, 'o', 8 * PAGE);

  CHECK(mmap(base + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, -1, 0) == base + 2 * PAGE);
  CHECK_EQ(base[2 * PAGE - 1], 'o');
  CHECK_EQ(base[2 * PAGE], 0);
  CHECK_EQ(base[4 * PAGE - 1], 0);
  CHECK_EQ(base[4 * PAGE], 'o');

  // Replacing with another protection takes effect at once.
  CHECK(mmap(base + 2 * PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0) == base + 2 * PAGE);
  CHECK_FAULT(READ_BYTE(base + 2 * PAGE), SIGSEGV, SEGV_ACCERR, base + 2 * PAGE);
  CHECK(mmap(base + 2 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == base + 2 * PAGE);
  CHECK_EQ(base[2 * PAGE], 0);
  CHECK_FAULT(WRITE_BYTE(base + 2 * PAGE, 1), SIGSEGV, SEGV_ACCERR, base + 2 * PAGE);

  // Anonymous over anonymous, many times over touched memory: always zero again.
  for (int i = 0; i < 50; i++) {
    REQUIRE(mmap(base, 2 * PAGE, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, -1, 0) == base);
    CHECK_EQ(base[PAGE + 5], 0);
    base[PAGE + 5] = (char)(i + 1);
  }

  CHECK_ERRNO(syscall(SYS_mmap, base + 1, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_mmap, base + 4 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
  CHECK_ERRNO(syscall(SYS_mmap, base + 7 * PAGE, 2 * PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
  CHECK_EQ(base[4 * PAGE], 'o');
  CHECK_EQ(munmap(base + 5 * PAGE, PAGE), 0);
  CHECK(mmap(base + 5 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0) == base + 5 * PAGE);
  CHECK_EQ(base[5 * PAGE], 0);
  CHECK_EQ(base[6 * PAGE], 'o');

  // Beyond the user half there is nothing to replace.
  CHECK_ERRNO(syscall(SYS_mmap, 0xffff800000000000, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0), ENOMEM);
  CHECK_ERRNO(syscall(SYS_mmap, -PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0), ENOMEM);
  if (!is_root()) CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0), EPERM);
  return finish();
}
