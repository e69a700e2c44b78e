// locked-memory: how mlock, madvise, mincore and mprotect affect each other's pages. man 2 mlock, madvise, mincore.
#include "check.h"

static char *map(int pages, int protection, int flags, int fd) {
  void *at = mmap(0, pages * PAGE, protection, flags, fd, 0);
  REQUIRE(at != MAP_FAILED);
  return at;
}

static char *anonymous(int pages, int protection) {
  return map(pages, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

// One digit per page, from the left.
static int resident(char *at, int pages) {
  unsigned char pages_in[8];
  int digits = 0;
  CHECK_EQ(mincore(at, pages * PAGE, pages_in), 0);
  for (int i = 0; i < pages; i++) digits = digits * 10 + (pages_in[i] & 1);
  return digits;
}

// Pages that cannot be touched cannot be resident; they are locked all the same.
static void check_inaccessible(void) {
  char *none = anonymous(1, PROT_NONE), *gap = anonymous(3, PROT_READ | PROT_WRITE);
  CHECK_ERRNO(mlock(none, PAGE), ENOMEM);
  CHECK_EQ(mlock2(none, PAGE, MLOCK_ONFAULT), 0);
  CHECK_EQ(munlock(none, PAGE), 0);
  CHECK_EQ(mprotect(gap + PAGE, PAGE, PROT_NONE), 0);
  CHECK_ERRNO(mlock(gap, 3 * PAGE), ENOMEM);
  CHECK_EQ(resident(gap, 3), 100);
  CHECK_ERRNO(madvise(gap, PAGE, MADV_DONTNEED), EINVAL);
  CHECK_EQ(munlock(gap, 3 * PAGE), 0);
  map(1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1);
}

static void check_on_fault(void) {
  char *at = anonymous(4, PROT_READ | PROT_WRITE);
  CHECK_EQ(mlock2(at, 4 * PAGE, MLOCK_ONFAULT), 0);
  CHECK_EQ(resident(at, 4), 0);
  at[PAGE] = 1;
  CHECK_EQ(resident(at, 4), 100);
  (void)*(volatile char *)(at + 2 * PAGE);
  CHECK_EQ(resident(at, 4), 110);
  CHECK_EQ(mlock(at, 4 * PAGE), 0);
  CHECK_EQ(resident(at, 4), 1111);
}

static void check_advice(void) {
  char *at = anonymous(2, PROT_READ | PROT_WRITE);
  CHECK_EQ(mlock(at, PAGE), 0);
  at[PAGE] = 1;
  CHECK_ERRNO(madvise(at, 2 * PAGE, MADV_DONTNEED), EINVAL);
  CHECK_EQ(at[PAGE], 1);
  CHECK_ERRNO(madvise(at, PAGE, MADV_REMOVE), EINVAL);
  CHECK_ERRNO(madvise(at + PAGE, PAGE, MADV_REMOVE), EINVAL);
  CHECK_ERRNO(madvise(at, PAGE, MADV_FREE), EINVAL);
  CHECK_ERRNO(madvise(at, PAGE, MADV_COLD), EINVAL);
  CHECK_ERRNO(madvise(at, PAGE, MADV_PAGEOUT), EINVAL);
  CHECK_EQ(madvise(at, PAGE, MADV_WILLNEED), 0);
  CHECK_EQ(madvise(at + PAGE, PAGE, MADV_COLD), 0);
}

// Of shared memory, and of a file.
static void check_remove(int fd) {
  int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  char *at = map(2, PROT_READ | PROT_WRITE, flags, fd);
  CHECK_EQ(mlock(at, PAGE), 0);
  at[0] = 1, at[PAGE] = 2;
  CHECK_ERRNO(madvise(at, 2 * PAGE, MADV_REMOVE), EINVAL);
  CHECK_ERRNO(madvise(at, PAGE, MADV_DONTNEED), EINVAL);
  CHECK_EQ(at[0], 1);
  CHECK_EQ(at[PAGE], 2);
  CHECK_EQ(madvise(at + PAGE, PAGE, MADV_REMOVE), 0);
  CHECK_EQ(at[PAGE], 0);
  if (fd < 0) return;
  char byte = 1;
  CHECK_EQ(pread(fd, &byte, 1, PAGE), 1);
  CHECK_EQ(byte, 0);
  CHECK_ERRNO(madvise(map(1, PROT_READ, MAP_PRIVATE, fd), PAGE, MADV_REMOVE), EACCES);
}

// A shared mapping of /dev/zero is memory, with the access mode of the open.
static void check_zero(void) {
  int reading = open("/dev/zero", O_RDONLY), both = open("/dev/zero", O_RDWR);
  REQUIRE(reading >= 0 && both >= 0);
  char *at = map(1, PROT_READ, MAP_SHARED, reading);
  CHECK_ERRNO(mprotect(at, PAGE, PROT_READ | PROT_WRITE), EACCES);
  CHECK_EQ(mprotect(at, PAGE, PROT_READ), 0);
  CHECK_EQ(mprotect(map(1, PROT_READ, MAP_SHARED, both), PAGE, PROT_READ | PROT_WRITE), 0);
  CHECK_EQ(mprotect(map(1, PROT_READ, MAP_PRIVATE, reading), PAGE, PROT_READ | PROT_WRITE), 0);
}

// Lengths that end at the end of the address space, or past it.
static void check_lengths(void) {
  char *at = anonymous(1, PROT_READ | PROT_WRITE);
  CHECK_ERRNO(mprotect(at, -1, PROT_READ), ENOMEM);
  CHECK_ERRNO(mprotect(at, -PAGE, PROT_READ), ENOMEM);
  CHECK_ERRNO(mprotect((void *)-1, PAGE, PROT_READ), EINVAL);
  CHECK_EQ(msync(at, -1, MS_ASYNC), 0);
  CHECK_ERRNO(msync(at, -PAGE, MS_ASYNC), ENOMEM);
  CHECK_ERRNO(msync((void *)-1, PAGE, MS_ASYNC), EINVAL);
  CHECK_ERRNO(mincore((void *)-1, PAGE, (unsigned char *)at), EINVAL);
  CHECK_ERRNO(mremap((void *)-1, PAGE, PAGE, 0), EINVAL);
  CHECK_ERRNO(munmap(at, -1), EINVAL);
  CHECK_ERRNO(madvise(at, -1, MADV_NORMAL), EINVAL);
  CHECK_ERRNO(madvise(at, -PAGE, MADV_NORMAL), EINVAL);
  CHECK_EQ(mlock(at, -1), 0);
  CHECK_EQ(munlock(at, -1), 0);
}

int main(void) {
  int memory = memfd_create("memory", 0);
  REQUIRE(memory >= 0 && ftruncate(memory, 2 * PAGE) == 0);
  check_inaccessible();
  check_on_fault();
  check_advice();
  check_remove(-1);
  check_remove(memory);
  check_zero();
  check_lengths();
  return finish();
}
