// mremap: growing in place, moving, shrinking, to a fixed address: contents move along. man 2 mremap.
#include "fault.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static char *map(size_t pages) {
  char *memory = mmap(0, pages * PAGE, RW, ANON, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  for (size_t i = 0; i < pages; i++) memory[i * PAGE + 3] = (char)('a' + i);
  return memory;
}

static void check_pages(const char *memory, size_t pages, size_t first) {
  for (size_t i = 0; i < pages; i++) CHECK_EQ(memory[i * PAGE + 3], 'a' + first + i);
}

static void check_in_place(void) {
  char *base = map(8);
  CHECK(mremap(base, 8 * PAGE, 3 * PAGE, 0) == base);
  check_pages(base, 3, 0);
  CHECK_FAULT(READ_BYTE(base + 3 * PAGE), SIGSEGV, SEGV_MAPERR, base + 3 * PAGE);
  CHECK(mremap(base, 3 * PAGE, 6 * PAGE, 0) == base);
  check_pages(base, 3, 0);
  CHECK_EQ(base[3 * PAGE + 3], 0);
  CHECK(mremap(base, 6 * PAGE, 6 * PAGE, 0) == base);
  CHECK_EQ(munmap(base, 6 * PAGE), 0);
}

static void check_move(void) {
  char *base = map(4);
  // A wall after the mapping keeps it from growing in place.
  errno = 0;
  char *wall = mmap(base + 4 * PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED_NOREPLACE, -1, 0);
  if (wall == MAP_FAILED && errno != EEXIST) fail(__FILE__, __LINE__, "a wall", 0, errno);
  CHECK(mremap(base, 4 * PAGE, 8 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
  check_pages(base, 4, 0);
  char *moved = mremap(base, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
  REQUIRE(moved != MAP_FAILED && moved != base);
  check_pages(moved, 4, 0);
  CHECK_EQ(moved[7 * PAGE], 0);
  CHECK_FAULT(READ_BYTE(base), SIGSEGV, SEGV_MAPERR, base);
  moved[7 * PAGE] = 1;
  CHECK_EQ(munmap(moved, 8 * PAGE), 0);
}

static void check_fixed(void) {
  char *base = map(4), *target = map(8);
  CHECK(mremap(base, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 2 * PAGE) == target + 2 * PAGE);
  check_pages(target + 2 * PAGE, 4, 0);
  check_pages(target, 2, 0);
  check_pages(target + 6 * PAGE, 2, 6);
  CHECK_EQ(FAULT_OF(READ_BYTE(base)), SIGSEGV);
  // A part of a mapping, which shrinks on the way.
  CHECK(mremap(target + 6 * PAGE, 2 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, base) == base);
  check_pages(base, 1, 6);
  CHECK_EQ(FAULT_OF(READ_BYTE(target + 7 * PAGE)), SIGSEGV);
}

// A moved file mapping is still that file, and a protection moves along.
static void check_file(void) {
  enter_scratch();
  int fd = open("file", O_RDWR | O_CREAT, 0644);
  REQUIRE(fd >= 0 && ftruncate(fd, (off_t)(4 * PAGE)) == 0);
  char *a = mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, (off_t)PAGE), *spot = map(4), byte;
  REQUIRE(a != MAP_FAILED);
  char *b = mremap(a, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, spot);
  REQUIRE(b == spot);
  b[2 * PAGE + 1] = 'F';
  CHECK_EQ(pread(fd, &byte, 1, (off_t)(3 * PAGE + 1)), 1);
  CHECK_EQ(byte, 'F');
  CHECK_EQ(mprotect(b, 3 * PAGE, PROT_READ), 0);
  char *c = mremap(b, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map(4));
  REQUIRE(c != MAP_FAILED);
  CHECK_EQ(c[2 * PAGE + 1], 'F');
  CHECK_FAULT(WRITE_BYTE(c, 1), SIGSEGV, SEGV_ACCERR, c);
}

static void check_errors(void) {
  char *base = map(4);
  CHECK_ERRNO(syscall(SYS_mremap, base + 1, PAGE, PAGE, 0, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_mremap, base, PAGE, 0, 0, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_mremap, base, PAGE, PAGE, 0x80, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_mremap, base, PAGE, PAGE, MREMAP_FIXED, base), EINVAL);
  CHECK_ERRNO(syscall(SYS_mremap, base, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, base + PAGE), EINVAL);
  CHECK_ERRNO(syscall(SYS_mremap, base, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, 0xffff800000000000),
              EINVAL);
  CHECK_EQ(munmap(base + 2 * PAGE, PAGE), 0);
  CHECK_ERRNO(syscall(SYS_mremap, base + 2 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_mremap, base, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_mremap, base, PAGE, 1ul << 46, MREMAP_MAYMOVE, 0), ENOMEM);
}

int main(void) {
  catch_faults();
  check_in_place();
  check_move();
  check_fixed();
  check_file();
  check_errors();
  return finish();
}
