// memfd-seals: seals belong to the file, whichever way it was opened. man 2 memfd_create, man 2 F_GET_SEALS.
#include <sys/sendfile.h>
#include <sys/utsname.h>

#include "check.h"

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#define WRITE_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int make(size_t size) {
  int fd = memfd_create("sealed", MFD_ALLOW_SEALING);
  REQUIRE(fd >= 0);
  REQUIRE(ftruncate(fd, (off_t)size) == 0);
  return fd;
}

static int reopen(int fd, int flags) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  return open(path, flags);
}

static off_t size_of(int fd) {
  struct stat status;
  REQUIRE(fstat(fd, &status) == 0);
  return status.st_size;
}

static bool maps(int fd, int protection, int type) {
  void *memory = mmap(0, PAGE, protection, type, fd, 0);
  if (memory == MAP_FAILED) return false;
  munmap(memory, PAGE);
  return true;
}

static void check_reopened(void) {
  char path[64], link[64] = "";
  int fd = make(PAGE);
  REQUIRE(fcntl(fd, F_ADD_SEALS, WRITE_SEALS) == 0);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  int again = reopen(fd, O_RDWR);
  REQUIRE(again >= 0);
  CHECK_EQ(fcntl(again, F_GET_SEALS), WRITE_SEALS);
  CHECK_ERRNO(fcntl(again, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
  CHECK_ERRNO(write(again, "x", 1), EPERM);
  CHECK_ERRNO(pwrite(again, "x", 1, 0), EPERM);
  CHECK_ERRNO(ftruncate(again, 0), EPERM);
  CHECK_ERRNO(ftruncate(again, (off_t)(2 * PAGE)), EPERM);
  CHECK_EQ(ftruncate(again, (off_t)PAGE), 0);
  CHECK_ERRNO(truncate(path, 0), EPERM);
  CHECK_ERRNO(open(path, O_RDWR | O_TRUNC), EPERM);
  CHECK_ERRNO(fallocate(again, 0, 0, (off_t)(2 * PAGE)), EPERM);
  CHECK_ERRNO(fallocate(again, FALLOC_FL_KEEP_SIZE, 0, (off_t)(2 * PAGE)), EPERM);
  CHECK_ERRNO(fallocate(again, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)PAGE), EPERM);
  CHECK_EQ(fallocate(again, 0, 0, (off_t)PAGE), 0);
  CHECK(!maps(again, PROT_READ | PROT_WRITE, MAP_SHARED) && errno == EPERM);
  CHECK(maps(again, PROT_READ | PROT_WRITE, MAP_PRIVATE));
  CHECK_EQ(size_of(fd), PAGE);
  CHECK(readlink(path, link, sizeof(link) - 1) > 0);
  CHECK(strcmp(link, "/memfd:sealed (deleted)") == 0);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", again);
  memset(link, 0, sizeof(link));
  CHECK(readlink(path, link, sizeof(link) - 1) > 0);
  CHECK(strcmp(link, "/memfd:sealed (deleted)") == 0);
  close(again);

  // Seals added through one description hold for the others, and only a writable description may add them.
  int other = make(PAGE);
  int reader = reopen(other, O_RDONLY), writer = reopen(other, O_WRONLY);
  CHECK_EQ(fcntl(reader, F_GET_SEALS), 0);
  CHECK_ERRNO(fcntl(reader, F_ADD_SEALS, F_SEAL_GROW), EPERM);
  CHECK_ERRNO(fcntl(reader, F_ADD_SEALS, 0x8000), EPERM);
  CHECK_ERRNO(fcntl(writer, F_ADD_SEALS, 0x8000), EINVAL);
  CHECK_EQ(fcntl(writer, F_ADD_SEALS, F_SEAL_WRITE), 0);
  CHECK_EQ(fcntl(reader, F_GET_SEALS), F_SEAL_WRITE);
  CHECK_ERRNO(write(other, "x", 1), EPERM);
  // Without F_SEAL_SHRINK and F_SEAL_GROW its size may still change.
  CHECK_EQ(ftruncate(other, 10), 0);
  CHECK_EQ(ftruncate(other, (off_t)PAGE), 0);
  close(reader), close(writer), close(other), close(fd);
}

static void check_grow(void) {
  static char data[16384];
  int fd = make((off_t)(2 * PAGE + 100));
  REQUIRE(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
  // What can be written without growing, in whole pages, is written. Linux 6.12 writes nothing, and 6.18 does; hv follows that one.
  struct utsname names;
  REQUIRE(uname(&names) == 0);
  if (is_since(6, 18) || strstr(names.release, "hv")) {
    CHECK_EQ(pwrite(fd, data, sizeof(data), 0), 2 * PAGE);
    CHECK_EQ(pwrite(fd, data, sizeof(data), (off_t)PAGE + 5), PAGE - 5);
  }
  CHECK_EQ(pwrite(fd, data, 100, (off_t)(2 * PAGE)), 100);
  CHECK_ERRNO(pwrite(fd, data, 101, (off_t)(2 * PAGE)), EPERM);
  close(fd);

  fd = make(10);
  REQUIRE(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
  CHECK_EQ(pwrite(fd, data, 10, 0), 10);
  // A write that would grow the file writes nothing, and an empty write grows nothing.
  CHECK_ERRNO(pwrite(fd, data, 11, 0), EPERM);
  CHECK_ERRNO(pwrite(fd, data, 2, 9), EPERM);
  CHECK_ERRNO(pwrite(fd, data, 1, 10), EPERM);
  CHECK_EQ(pwrite(fd, data, 0, 0), 0);
  CHECK_EQ(pwrite(fd, data, 0, 100), 0);
  CHECK_EQ(size_of(fd), 10);
  int appender = reopen(fd, O_WRONLY | O_APPEND);
  CHECK_ERRNO(write(appender, data, 1), EPERM);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  CHECK_ERRNO(write(fd, data, 11), EPERM);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
  // Bytes from other files are no different.
  int source = make(100);
  off_t zero = 0, at = 5;
  CHECK_ERRNO(sendfile(fd, source, &zero, 50), EPERM);
  zero = 0;
  CHECK_ERRNO(copy_file_range(source, &zero, fd, &at, 50, 0), EPERM);
  CHECK_EQ(size_of(fd), 10);
  CHECK_ERRNO(ftruncate(fd, 11), EPERM);
  CHECK_EQ(ftruncate(fd, 5), 0);
  CHECK_ERRNO(ftruncate(fd, 6), EPERM);
  close(appender), close(source), close(fd);

  // Linux 6.18 checks page by page, and writes the whole pages that come before; 6.12 checks once.
  int two = make(2 * 4096 - 96);
  REQUIRE(fcntl(two, F_ADD_SEALS, F_SEAL_GROW) == 0);
  ssize_t written = pwrite(two, data, 12000, 0);
  CHECK(written < 0 ? errno == EPERM : written == 4096);
  CHECK_ERRNO(pwrite(two, data, 4000, 4192), EPERM);
  CHECK_EQ(size_of(two), 2 * 4096 - 96);
  close(two);
}

static void check_empty_write(void) {
  int fd = make(10);
  REQUIRE(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW) == 0);
  CHECK_EQ(write(fd, "", 0), 0);
  CHECK_EQ(pwrite(fd, "", 0, 100), 0);
  CHECK_ERRNO(write(fd, "x", 1), EPERM);
  close(fd);
}

// Existing mappings stay writable; new ones are not.
static void check_future_write(void) {
  char byte = 0;
  int fd = make(PAGE);
  char *writable = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(writable != MAP_FAILED);
  char *readable = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
  REQUIRE(readable != MAP_FAILED);
  CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
  writable[7] = 'f';
  CHECK_EQ(readable[7], 'f');
  CHECK_EQ(pread(fd, &byte, 1, 7), 1);
  CHECK_EQ(byte, 'f');
  CHECK_ERRNO(pwrite(fd, "x", 1, 0), EPERM);
  CHECK_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)PAGE), EPERM);
  CHECK(!maps(fd, PROT_READ | PROT_WRITE, MAP_SHARED) && errno == EPERM);
  // A mapping from before keeps its right to write.
  CHECK_EQ(mprotect(readable, PAGE, PROT_READ | PROT_WRITE), 0);
  readable[8] = 'g';
  CHECK_EQ(writable[8], 'g');
  char *later = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
  REQUIRE(later != MAP_FAILED);
  CHECK_ERRNO(mprotect(later, PAGE, PROT_READ | PROT_WRITE), EACCES);
  CHECK_EQ(mprotect(later, PAGE, PROT_READ | PROT_EXEC), 0);
  CHECK_EQ(later[8], 'g');
  munmap(writable, PAGE), munmap(readable, PAGE);
  // F_SEAL_WRITE does not mind the mapping that cannot be made writable.
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
  munmap(later, PAGE);
  close(fd);
}

// A mapping that was never written, and one whose descriptor is closed, also prevent the seal.
static void check_busy(void) {
  int fd = make(PAGE), again = reopen(fd, O_RDWR), reader = reopen(fd, O_RDONLY);
  void *memory = mmap(0, PAGE, PROT_READ, MAP_SHARED, again, 0);
  REQUIRE(memory != MAP_FAILED);
  close(again);
  CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), EBUSY);
  CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
  munmap(memory, PAGE);
  void *private = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  void *harmless = mmap(0, PAGE, PROT_READ, MAP_SHARED, reader, 0);
  REQUIRE(private != MAP_FAILED && harmless != MAP_FAILED);
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
  // Once the seal is on, adding it again does not depend on the mappings.
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
  munmap(private, PAGE), munmap(harmless, PAGE);
  close(reader), close(fd);
}

static void check_exec(void) {
  struct stat status;
  int fd = memfd_create("noexec", MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) return;
  REQUIRE(fd >= 0);
  CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_EXEC);
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(status.st_mode & 0777, 0666);
  CHECK_ERRNO(fchmod(fd, 0777), EPERM);
  CHECK_ERRNO(fchmod(fd, 0641), EPERM);
  CHECK_EQ(fchmod(fd, 0600), 0);
  // It accepts other seals like any file.
  CHECK_EQ(write(fd, "x", 1), 1);
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL), 0);
  CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_EXEC | F_SEAL_GROW | F_SEAL_SEAL);
  close(fd);

  // On an executable file it brings all the seals that make its text constant.
  int program = make(PAGE);
  CHECK_EQ(fstat(program, &status), 0);
  CHECK_EQ(status.st_mode & 0777, 0777);
  CHECK_EQ(fcntl(program, F_ADD_SEALS, F_SEAL_EXEC), 0);
  CHECK_EQ(fcntl(program, F_GET_SEALS),
           F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
  CHECK_ERRNO(write(program, "x", 1), EPERM);
  CHECK_ERRNO(fchmod(program, 0666), EPERM);
  CHECK_EQ(fchmod(program, 0555), 0);
  close(program);

  int data = make(PAGE);
  CHECK_EQ(fchmod(data, 0666), 0);
  CHECK_EQ(fcntl(data, F_ADD_SEALS, F_SEAL_EXEC), 0);
  CHECK_EQ(fcntl(data, F_GET_SEALS), F_SEAL_EXEC);
  CHECK_EQ(write(data, "x", 1), 1);
  close(data);
}

static void check_others(void) {
  int fds[2], null = open("/dev/null", O_RDWR);
  REQUIRE(pipe(fds) == 0);
  CHECK_ERRNO(fcntl(null, F_GET_SEALS), EINVAL);
  CHECK_ERRNO(fcntl(null, F_ADD_SEALS, F_SEAL_WRITE), EINVAL);
  CHECK_ERRNO(fcntl(fds[0], F_ADD_SEALS, F_SEAL_WRITE), EPERM);
  CHECK_ERRNO(fcntl(fds[1], F_ADD_SEALS, F_SEAL_WRITE), EINVAL);
  CHECK_ERRNO(fcntl(-1, F_GET_SEALS), EBADF);
  int fd = make(PAGE), path = reopen(fd, O_PATH);
  CHECK_ERRNO(fcntl(path, F_GET_SEALS), EBADF);
  close(fds[0]), close(fds[1]), close(null), close(fd), close(path);
}

// /proc/self/maps names its mapping as its descriptor.
static void check_name(void) {
  static char text[65536];
  int fd = make(PAGE);
  void *memory = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
  REQUIRE(memory != MAP_FAILED);
  CHECK(read_file("/proc/self/maps", text, sizeof(text)) > 0);
  CHECK(strstr(text, " /memfd:sealed (deleted)\n") != NULL);
  munmap(memory, PAGE);
  close(fd);
}

int main(void) {
  check_reopened();
  check_grow();
  check_empty_write();
  check_future_write();
  check_busy();
  check_exec();
  check_others();
  check_name();
  return finish();
}
