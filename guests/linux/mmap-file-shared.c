// mmap-file-shared: shared mappings are the file: read, write, other mappings, msync, truncate. man 2 mmap, man 2 msync.
#include "fault.h"

static int file;

static char *map(size_t length, int flags) {
  char *memory = mmap(0, length, PROT_READ | PROT_WRITE, flags, file, 0);
  REQUIRE(memory != MAP_FAILED);
  return memory;
}

static void check_coherence(void) {
  char text[16] = "";
  char *a = map(2 * PAGE, MAP_SHARED), *b = map(2 * PAGE, MAP_SHARED_VALIDATE);
  memcpy(a + PAGE - 2, "mapped", 6);
  CHECK(memcmp(b + PAGE - 2, "mapped", 6) == 0);
  CHECK_EQ(pread(file, text, 6, (off_t)PAGE - 2), 6);
  CHECK(memcmp(text, "mapped", 6) == 0);
  CHECK_EQ(pwrite(file, "written", 7, 100), 7);
  CHECK(memcmp(a + 100, "written", 7) == 0 && memcmp(b + 100, "written", 7) == 0);
  // A file read into its own mapping.
  CHECK_EQ(pread(file, a, 7, 100), 7);
  CHECK(memcmp(b, "written", 7) == 0);

  CHECK_EQ(munmap(a, 2 * PAGE), 0);
  int again = open("file", O_RDONLY);
  CHECK_EQ(pread(again, text, 7, 0), 7);
  CHECK(memcmp(text, "written", 7) == 0);
  close(again);
  CHECK_EQ(munmap(b, 2 * PAGE), 0);
}

static void check_msync(void) {
  char *a = map(2 * PAGE, MAP_SHARED);
  a[0] = 's';
  CHECK_EQ(msync(a, 2 * PAGE, MS_SYNC), 0);
  CHECK_EQ(msync(a, PAGE, MS_ASYNC), 0);
  CHECK_EQ(msync(a, 1, MS_SYNC | MS_INVALIDATE), 0);
  CHECK_EQ(msync(a, 0, MS_SYNC), 0);
  CHECK_ERRNO(msync(a, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
  CHECK_ERRNO(msync(a, PAGE, 64), EINVAL);
  CHECK_ERRNO(msync(a + 1, PAGE, MS_SYNC), EINVAL);
  CHECK_EQ(munmap(a + PAGE, PAGE), 0);
  CHECK_ERRNO(msync(a, 2 * PAGE, MS_SYNC), ENOMEM);
  CHECK_EQ(munmap(a, PAGE), 0);
  CHECK_EQ(fsync(file), 0);
  CHECK_EQ(fdatasync(file), 0);
}

static void check_truncate(void) {
  struct stat status;
  CHECK_EQ(ftruncate(file, (off_t)(4 * PAGE)), 0);
  char *a = map(4 * PAGE, MAP_SHARED);
  memset(a, 'f', 4 * PAGE);
  CHECK_EQ(ftruncate(file, (off_t)PAGE + 10), 0);
  CHECK_EQ(a[PAGE + 9], 'f');
  CHECK_EQ(a[PAGE + 10], 0);
  CHECK_FAULT(READ_BYTE(a + 2 * PAGE), SIGBUS, BUS_ADRERR, a + 2 * PAGE);
  CHECK_FAULT(WRITE_BYTE(a + 3 * PAGE, 1), SIGBUS, BUS_ADRERR, a + 3 * PAGE);

  // Growing makes the pages exist again, zeroed.
  CHECK_EQ(ftruncate(file, (off_t)(3 * PAGE)), 0);
  CHECK_EQ(a[PAGE + 11], 0);
  CHECK_EQ(a[2 * PAGE + 7], 0);
  a[2 * PAGE + 7] = 'g';
  CHECK_EQ(FAULT_OF(READ_BYTE(a + 3 * PAGE)), SIGBUS);

  // Bytes stored past the end of the file never get into it.
  CHECK_EQ(ftruncate(file, 10), 0);
  a[20] = 'x';
  CHECK_EQ(fstat(file, &status), 0);
  CHECK_EQ(status.st_size, 10);
  char text[32];
  CHECK_EQ(pread(file, text, 32, 0), 10);
  CHECK_EQ(munmap(a, 4 * PAGE), 0);
}

// Shared memory without a name: /dev/zero and MAP_ANONYMOUS.
static void check_zero_device(void) {
  int zero = open("/dev/zero", O_RDWR);
  REQUIRE(zero >= 0);
  char *a = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
  char *b = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
  REQUIRE(a != MAP_FAILED && b != MAP_FAILED);
  a[PAGE] = 1;
  CHECK(a[0] == 0 && a[PAGE] == 1 && b[PAGE] == 0);
  close(zero);
}

int main(void) {
  enter_scratch();
  catch_faults();
  file = open("file", O_RDWR | O_CREAT, 0644);
  REQUIRE(file >= 0);
  REQUIRE(ftruncate(file, (off_t)(2 * PAGE)) == 0);
  check_coherence();
  check_msync();
  check_truncate();
  check_zero_device();
  return finish();
}
