// mmap-file-private: private mappings of files: contents, tail, copy on write, SIGBUS past the end, errors. man 2 mmap.
#include "fault.h"

static char content[3 * 65536];

static char *map(int fd, size_t length, int protection, off_t offset) {
  char *memory = mmap(0, length, protection, MAP_PRIVATE, fd, offset);
  REQUIRE(memory != MAP_FAILED);
  return memory;
}

static void check_contents(size_t size) {
  int fd = open("file", O_RDONLY);
  char *memory = map(fd, 4 * PAGE, PROT_READ, 0);
  char *second = map(fd, PAGE, PROT_READ, (off_t)PAGE);
  close(fd);
  CHECK(memcmp(memory, content, size) == 0);
  CHECK(memcmp(second, content + PAGE, PAGE) == 0);
  // The rest of the last page is zero; whole pages past the end do not exist.
  for (size_t i = size; i < 3 * PAGE; i++) CHECK_EQ(memory[i], 0);
  CHECK_FAULT(READ_BYTE(memory + 3 * PAGE + 5), SIGBUS, BUS_ADRERR, memory + 3 * PAGE + 5);
  CHECK_FAULT(WRITE_BYTE(memory, 1), SIGSEGV, SEGV_ACCERR, memory);
  CHECK_EQ(munmap(memory, 4 * PAGE), 0);
  CHECK_EQ(second[0], content[PAGE]);
  CHECK_EQ(munmap(second, PAGE), 0);
}

static void check_copy_on_write(void) {
  char byte;
  int fd = open("file", O_RDONLY);
  char *a = map(fd, 2 * PAGE, PROT_READ | PROT_WRITE, 0);
  char *b = map(fd, 2 * PAGE, PROT_READ | PROT_WRITE, 0);
  a[PAGE + 1] = 'A';
  CHECK_EQ(b[PAGE + 1], content[PAGE + 1]);
  CHECK_EQ(a[PAGE + 2], content[PAGE + 2]);
  CHECK_EQ(pread(fd, &byte, 1, (off_t)PAGE + 1), 1);
  CHECK_EQ(byte, content[PAGE + 1]);
  // The kernel's writes copy as well.
  CHECK_EQ(pread(fd, a, 16, (off_t)PAGE), 16);
  CHECK(memcmp(a, content + PAGE, 16) == 0 && memcmp(b, content, 16) == 0);
  // Once copied, a page no longer follows the file.
  int writer = open("file", O_WRONLY);
  CHECK_EQ(pwrite(writer, "zz", 2, (off_t)PAGE + 1), 2);
  CHECK_EQ(a[PAGE + 1], 'A');
  CHECK_EQ(pwrite(writer, content + PAGE + 1, 2, (off_t)PAGE + 1), 2);
  close(writer);
  close(fd);
  munmap(a, 2 * PAGE), munmap(b, 2 * PAGE);
}

// A mapping outlives its file's name.
static void check_unlinked(void) {
  write_file("gone", content, 2 * PAGE);
  int fd = open("gone", O_RDONLY);
  char *memory = map(fd, 2 * PAGE, PROT_READ, 0);
  close(fd);
  CHECK_EQ(unlink("gone"), 0);
  CHECK(memcmp(memory, content, 2 * PAGE) == 0);
  munmap(memory, 2 * PAGE);
}

static void check_errors(void) {
  int readable = open("file", O_RDONLY), writable = open("file", O_WRONLY), dir = open(".", O_RDONLY), fds[2];
  REQUIRE(pipe(fds) == 0);
  CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, writable, 0), EACCES);
  CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, readable, 0), EACCES);
  CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV);
  CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, fds[0], 0), ENODEV);
  CHECK_ERRNO(syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, readable, 100), EINVAL);
  CHECK_ERRNO(syscall(SYS_mmap, 0, 0, PROT_READ, MAP_PRIVATE, readable, 0), EINVAL);
  char *behind = map(readable, PAGE, PROT_READ, (off_t)(16 * PAGE));
  CHECK_FAULT(READ_BYTE(behind), SIGBUS, BUS_ADRERR, behind);
  // What the program cannot read, the kernel cannot either.
  CHECK_ERRNO(write(fds[1], behind, 1), EFAULT);
  // A shared read-only mapping cannot be made writable later.
  char *shared = mmap(0, PAGE, PROT_READ, MAP_SHARED, readable, 0);
  REQUIRE(shared != MAP_FAILED);
  CHECK_ERRNO(mprotect(shared, PAGE, PROT_READ | PROT_WRITE), EACCES);
  CHECK_EQ(shared[7], content[7]);
}

int main(void) {
  for (size_t i = 0; i < sizeof(content); i++) content[i] = (char)(i * 31 + (i >> 8));
  enter_scratch();
  catch_faults();
  size_t size = 2 * PAGE + PAGE / 2;
  write_file("file", content, size);
  check_contents(size);
  check_copy_on_write();
  check_unlinked();
  check_errors();
  return finish();
}
