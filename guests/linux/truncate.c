// truncate: shrinking loses data, growing adds zeros; fallocate's modes. man 2 truncate, man 2 fallocate.
#include <linux/falloc.h>
#include <sys/resource.h>

#include "check.h"

static off_t size_of(int fd) {
  struct stat status;
  return fstat(fd, &status) ? -1 : status.st_size;
}

static void check_truncate(int fd) {
  char text[16] = "";
  CHECK_EQ(write(fd, "0123456789", 10), 10);
  CHECK_EQ(ftruncate(fd, 4), 0);
  CHECK_EQ(size_of(fd), 4);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
  CHECK_EQ(truncate("file", 8), 0);
  CHECK_EQ(pread(fd, text, 16, 0), 8);
  CHECK(memcmp(text, "0123\0\0\0\0", 8) == 0);
  CHECK_EQ(write(fd, "AB", 2), 2);
  CHECK_EQ(size_of(fd), 12);
  CHECK_EQ(ftruncate(fd, 1l << 40), 0);
  CHECK_EQ(size_of(fd), 1l << 40);
  CHECK_EQ(ftruncate(fd, 0), 0);

  CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
  CHECK_ERRNO(truncate("file", -1), EINVAL);
  CHECK_ERRNO(truncate("missing", 0), ENOENT);
  CHECK_ERRNO(truncate(".", 0), EISDIR);
  CHECK_ERRNO(ftruncate(-1, 0), EBADF);
  int reader = open("file", O_RDONLY), fds[2];
  CHECK(ftruncate(reader, 0) == -1 && (errno == EINVAL || errno == EBADF));
  REQUIRE(pipe(fds) == 0);
  CHECK_ERRNO(ftruncate(fds[1], 0), EINVAL);
  close(reader);
}

static void check_fallocate(int fd) {
  char text[16];
  int allocated = fallocate(fd, 0, 0, 65536);
  if (allocated == -1 && errno == EOPNOTSUPP) return;
  CHECK_EQ(allocated, 0);
  CHECK_EQ(size_of(fd), 65536);
  CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 65536, 65536), 0);
  CHECK_EQ(size_of(fd), 65536);
  CHECK_EQ(pwrite(fd, "0123456789", 10, 100), 10);
  CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 102, 3), 0);
  CHECK_EQ(pread(fd, text, 10, 100), 10);
  CHECK(memcmp(text, "01\0\0\0""56789", 10) == 0);
  CHECK_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096), EOPNOTSUPP);
  CHECK_ERRNO(fallocate(fd, 0, -1, 10), EINVAL);
  CHECK_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
  CHECK_ERRNO(fallocate(fd, 0, INT64_MAX, 10), EFBIG);
  CHECK_EQ(posix_fallocate(fd, 0, 100000), 0);
  CHECK_EQ(size_of(fd), 100000);
  CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
  CHECK_EQ(posix_fadvise(fd, 0, 0, 99), EINVAL);
}

// RLIMIT_FSIZE cuts a write short, then refuses with SIGXFSZ.
static void check_limit(int fd) {
  char block[64];
  memset(block, 'b', sizeof(block));
  struct rlimit limit = {1000, RLIM_INFINITY};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  signal(SIGXFSZ, SIG_IGN);
  CHECK_EQ(pwrite(fd, block, 64, 970), 30);
  CHECK_ERRNO(pwrite(fd, block, 64, 1000), EFBIG);
  CHECK_ERRNO(ftruncate(fd, 200000), EFBIG);
  CHECK_EQ(ftruncate(fd, 1000), 0);
}

int main(void) {
  enter_scratch();
  int fd = open("file", O_RDWR | O_CREAT, 0644);
  REQUIRE(fd >= 0);
  check_truncate(fd);
  check_fallocate(fd);
  check_limit(fd);
  return finish();
}
