// mmap-anon: anonymous memory: zeroed, page-aligned, separate mappings, and the errors. man 2 mmap.
#include "fault.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void check_contents(void) {
  size_t length = 5 * PAGE + 17;
  char *a = mmap(0, length, PROT_READ | PROT_WRITE, ANON, -1, 0);
  char *b = mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(a != MAP_FAILED && b != MAP_FAILED);
  CHECK_EQ((uintptr_t)a % PAGE, 0);
  CHECK_EQ((uintptr_t)b % PAGE, 0);
  CHECK(a + 6 * PAGE <= b || b + 6 * PAGE <= a);

  // The last page is complete.
  for (size_t i = 0; i < 6 * PAGE; i++) {
    if (a[i] || b[i]) fail(__FILE__, __LINE__, "fresh memory is zero", (long long)i, 0);
    a[i] = (char)i;
  }
  CHECK_EQ(b[PAGE], 0);
  CHECK_EQ(a[PAGE + 3], 3);
  CHECK_EQ(munmap(a, length), 0);
  CHECK_EQ(munmap(b, length), 0);
  CHECK_FAULT(READ_BYTE(a + PAGE), SIGSEGV, SEGV_MAPERR, a + PAGE);
}

static void check_hints(void) {
  char *a = mmap(0, 8 * PAGE, PROT_READ, ANON, -1, 0);
  REQUIRE(a != MAP_FAILED);
  REQUIRE(munmap(a, 8 * PAGE) == 0);
  char *b = mmap(a + 2 * PAGE, PAGE, PROT_READ, ANON, -1, 0);
  CHECK(b == a + 2 * PAGE);
  char *taken = mmap(b, PAGE, PROT_READ, ANON, -1, 0);
  CHECK(taken != MAP_FAILED && taken != b);
  CHECK_EQ(munmap(taken, PAGE), 0);
  CHECK_EQ(munmap(b, PAGE), 0);
#ifdef MAP_32BIT
  char *low = mmap(0, PAGE, PROT_READ | PROT_WRITE, ANON | MAP_32BIT, -1, 0);
  CHECK(low != MAP_FAILED && (uintptr_t)low < 1ul << 31);
  munmap(low, PAGE);
#endif
}

static void check_errors(void) {
  CHECK_ERRNO(syscall(SYS_mmap, 0, 0, PROT_READ, ANON, -1, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ, ANON, -1, 1), EINVAL);
  CHECK_ERRNO(syscall(SYS_mmap, 0, 1ul << 62, PROT_READ, ANON, -1, 0), ENOMEM);
  CHECK_ERRNO(syscall(SYS_mmap, 0, -1ul, PROT_READ, ANON, -1, 0), ENOMEM);
  CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
  CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, 12345, 0), EBADF);
}

// The kernel reads and writes what the program never touched.
static void check_kernel_access(void) {
  size_t length = 64 * PAGE;
  char *target = mmap(0, length, PROT_READ | PROT_WRITE, ANON, -1, 0);
  char *source = mmap(0, length, PROT_READ | PROT_WRITE, ANON, -1, 0);
  int fds[2];
  REQUIRE(target != MAP_FAILED && source != MAP_FAILED && pipe(fds) == 0);
  CHECK_EQ(write(fds[1], source + 3, 8 * PAGE), 8 * PAGE);
  target[4 * PAGE] = 1;
  CHECK_EQ(read(fds[0], target + 5, 8 * PAGE), 8 * PAGE);
  CHECK_EQ(target[4 * PAGE], 0);
  memset(source, 'x', 2 * PAGE);
  CHECK_EQ(write(fds[1], source + PAGE, 2 * PAGE), 2 * PAGE);
  CHECK_EQ(read(fds[0], target + 30 * PAGE - 7, 2 * PAGE), 2 * PAGE);
  CHECK_EQ(target[31 * PAGE - 8], 'x');
  CHECK_EQ(target[31 * PAGE - 7], 0);
  munmap(target, length);
  munmap(source, length);
}

int main(void) {
  catch_faults();
  check_contents();
  check_hints();
  check_errors();
  check_kernel_access();
  char *populated = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, ANON | MAP_POPULATE | MAP_STACK, -1, 0);
  REQUIRE(populated != MAP_FAILED);
  CHECK_EQ(populated[15 * PAGE], 0);
  return finish();
}
