// open-modes: access mode 3, the flags that go with O_PATH and O_TMPFILE, and what openat2 refuses. man 2 open, man 2 openat2.
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

#include "check.h"

#define TMPFILE_ONLY (O_TMPFILE & ~O_DIRECTORY)

static int open_how(const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
  return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

// It requires the permission to read and to write, and then can do neither: for ioctl, fchmod and the like (man 2 open).
static void check_neither(void) {
  char byte;
  off_t zero = 0;
  write_file("file", "0123456789", 10);
  int fd = open("file", 3), other = open("file", O_RDWR), pipes[2];
  REQUIRE(fd >= 0 && other >= 0 && pipe(pipes) == 0);
  CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, 3);
  CHECK_ERRNO(read(fd, &byte, 1), EBADF);
  CHECK_ERRNO(pread(fd, &byte, 1, 0), EBADF);
  CHECK_ERRNO(write(fd, "x", 1), EBADF);
  CHECK_ERRNO(pwrite(fd, "x", 1, 0), EBADF);
  CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
  CHECK_ERRNO(fallocate(fd, 0, 0, 1), EBADF);
  CHECK_ERRNO(copy_file_range(fd, &zero, other, NULL, 1, 0), EBADF);
  CHECK_ERRNO(copy_file_range(other, &zero, fd, NULL, 1, 0), EBADF);
  CHECK_ERRNO(sendfile(pipes[1], fd, &zero, 1), EBADF);
  CHECK_ERRNO(splice(fd, &zero, pipes[1], NULL, 1, 0), EBADF);
  CHECK_ERRNO(readahead(fd, 0, 1), EBADF);
  CHECK(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EACCES);
  CHECK(mmap(0, PAGE, PROT_NONE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
  CHECK_ERRNO(flock(fd, LOCK_SH), EBADF);
  CHECK_ERRNO(flock(fd, LOCK_EX), EBADF);
  CHECK_EQ(flock(fd, LOCK_UN), 0);
  struct flock lock = {.l_type = F_RDLCK};
  CHECK_ERRNO(fcntl(fd, F_SETLK, &lock), EBADF);
  lock.l_type = F_WRLCK;
  CHECK_ERRNO(fcntl(fd, F_SETLK, &lock), EBADF);
  CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
  CHECK_EQ(fsync(fd), 0);
  CHECK_EQ(fchmod(fd, 0600), 0);
  struct stat status;
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(status.st_size, 10);
  int left = 0;
  CHECK_EQ(ioctl(fd, FIONREAD, &left), 0);
  CHECK_EQ(left, 6);
  // It requires both permissions, and a directory cannot be written.
  CHECK_ERRNO(open(".", 3), EISDIR);
  int null = open("/dev/null", 3);
  CHECK(null >= 0);
  CHECK_ERRNO(write(null, "x", 1), EBADF);
  CHECK_ERRNO(read(null, &byte, 1), EBADF);
  close(null), close(fd), close(other), close(pipes[0]), close(pipes[1]);

  // It still creates and truncates.
  int made = open("made", 3 | O_CREAT | O_EXCL, 0644);
  CHECK(made >= 0);
  CHECK_ERRNO(write(made, "x", 1), EBADF);
  close(made);
  int cut = open("file", 3 | O_TRUNC);
  CHECK(cut >= 0);
  CHECK_EQ(fstat(cut, &status), 0);
  CHECK_EQ(status.st_size, 0);
  close(cut);
  if (!is_root()) {
    REQUIRE(chmod("made", 0400) == 0);
    CHECK_ERRNO(open("made", 3), EACCES);
    REQUIRE(chmod("made", 0200) == 0);
    CHECK_ERRNO(open("made", 3), EACCES);
  }
}

static void check_open(void) {
  // open ignores flags that O_PATH has no use for; it never creates a directory this way.
  int path = open("file", O_PATH | O_RDWR | O_CREAT | O_TRUNC | O_APPEND);
  CHECK(path >= 0);
  CHECK_EQ(fcntl(path, F_GETFL) & (O_PATH | O_ACCMODE | O_APPEND), O_PATH);
  close(path);
  CHECK_ERRNO(open("absent", O_PATH | O_CREAT, 0644), ENOENT);
  CHECK_ERRNO(open(".", O_DIRECTORY | O_CREAT, 0644), EINVAL);
  CHECK_ERRNO(open("absent", O_DIRECTORY | O_CREAT | O_RDWR, 0644), EINVAL);
  CHECK_ERRNO(open(".", O_TMPFILE | O_CREAT | O_RDWR, 0644), EINVAL);
  CHECK_ERRNO(open(".", O_TMPFILE, 0644), EINVAL);
  CHECK_ERRNO(open(".", TMPFILE_ONLY | O_RDWR, 0644), EINVAL);
  CHECK_ERRNO(open(".", TMPFILE_ONLY | O_CREAT | O_RDWR, 0644), EINVAL);
  CHECK_ERRNO(open("file", O_TMPFILE | O_RDWR, 0644), ENOTDIR);
}

static void check_openat2(void) {
  // Only O_CLOEXEC, O_DIRECTORY and O_NOFOLLOW go with O_PATH.
  static const int refused[] = {O_WRONLY, O_RDWR,     O_CREAT, O_EXCL,    O_NOCTTY, O_TRUNC,
                                O_APPEND, O_NONBLOCK, O_SYNC,  O_NOATIME, O_ASYNC,  O_DIRECT};
  for (size_t i = 0; i < COUNT(refused); i++) CHECK_ERRNO(open_how("file", (uint64_t)(O_PATH | refused[i]), 0, 0), EINVAL);
  CHECK_ERRNO(open_how(".", O_PATH | O_TMPFILE, 0, 0), EINVAL);
  int path = open_how(".", O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW, 0, 0);
  CHECK(path >= 0);
  close(path);

  CHECK_ERRNO(open_how(".", O_TMPFILE | O_CREAT | O_RDWR, 0644, 0), EINVAL);
  CHECK_ERRNO(open_how(".", O_DIRECTORY | O_CREAT, 0644, 0), EINVAL);
  CHECK_ERRNO(open_how(".", TMPFILE_ONLY | O_RDWR, 0644, 0), EINVAL);
  CHECK_ERRNO(open_how(".", O_TMPFILE | O_RDONLY, 0644, 0), EINVAL);
  CHECK_ERRNO(open_how("file", O_RDONLY, 0644, 0), EINVAL);
  CHECK_ERRNO(open_how("file", O_CREAT | O_RDWR, 010000, 0), EINVAL);
  CHECK_ERRNO(open_how("file", O_CREAT | O_RDWR, 1ull << 40, 0), EINVAL);
  CHECK_ERRNO(open_how("file", 1ull << 40, 0, 0), EINVAL);
  CHECK_ERRNO(open_how("file", 1ull << 31, 0, 0), EINVAL);
  CHECK_ERRNO(open_how("file", O_RDONLY, 0, 1ull << 40), EINVAL);
  CHECK_ERRNO(open_how("file", O_RDONLY, 0, 0x40), EINVAL);
  CHECK_ERRNO(open_how("file", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT), EINVAL);
  // A refusal of flags comes before any look at the path, and before "not in the cache".
  CHECK_ERRNO(open_how((char *)8, O_PATH | O_RDWR, 0, 0), EINVAL);
  CHECK_ERRNO(open_how((char *)8, O_RDONLY, 0, 0), EFAULT);
  CHECK_ERRNO(open_how("file", O_RDONLY, 0, RESOLVE_CACHED | RESOLVE_BENEATH | RESOLVE_IN_ROOT), EINVAL);
  CHECK_ERRNO(open_how("file", O_RDWR | O_TRUNC, 0, RESOLVE_CACHED), EAGAIN);
  int neither = open_how("file", 3, 0, 0);
  CHECK(neither >= 0);
  CHECK_ERRNO(write(neither, "x", 1), EBADF);
  close(neither);

  struct open_how how = {.flags = O_RDONLY};
  CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "file", &how, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "file", &how, 23), EINVAL);
  CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "file", &how, 4097), E2BIG);
  CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "file", NULL, sizeof(how)), EFAULT);
}

int main(void) {
  enter_scratch();
  check_neither();
  check_open();
  check_openat2();
  return finish();
}
