// sendfile: transfers within the kernel: sendfile, copy_file_range, splice. man 2 sendfile, copy_file_range, splice.
#include <sys/sendfile.h>

#include "check.h"

static int source, target;

static void check_sendfile(void) {
  char text[64] = "";
  off_t offset = 2;
  int fds[2];
  CHECK_EQ(sendfile(target, source, &offset, 5), 5);
  CHECK_EQ(offset, 7);
  CHECK_EQ(lseek(source, 0, SEEK_CUR), 0);
  CHECK_EQ(lseek(target, 0, SEEK_CUR), 5);
  CHECK_EQ(sendfile(target, source, 0, 100), 10);
  CHECK_EQ(lseek(source, 0, SEEK_CUR), 10);
  CHECK_EQ(sendfile(target, source, 0, 100), 0);
  CHECK_EQ(pread(target, text, 64, 0), 15);
  CHECK(memcmp(text, "234560123456789", 15) == 0);
  REQUIRE(pipe(fds) == 0);
  offset = 0;
  CHECK_EQ(sendfile(fds[1], source, &offset, 4), 4);
  CHECK_EQ(read(fds[0], text, 64), 4);
  CHECK(memcmp(text, "0123", 4) == 0);

  offset = -1;
  CHECK_ERRNO(sendfile(target, source, &offset, 4), EINVAL);
  CHECK_ERRNO(sendfile(target, -1, 0, 4), EBADF);
  CHECK_ERRNO(sendfile(source, source, 0, 4), EBADF);
  CHECK_ERRNO(syscall(SYS_sendfile, target, source, (void *)8, 4), EFAULT);
  close(fds[0]), close(fds[1]);
}

static void check_copy(void) {
  char text[64] = "";
  loff_t from = 4, to = 1;
  CHECK_EQ(ftruncate(target, 0), 0);
  ssize_t copied = copy_file_range(source, &from, target, &to, 3, 0);
  if (copied == -1 && (errno == ENOSYS || errno == EXDEV)) return;
  CHECK_EQ(copied, 3);
  CHECK(from == 7 && to == 4);
  CHECK_EQ(pread(target, text, 64, 0), 4);
  CHECK(memcmp(text, "\0""456", 4) == 0);
  from = 8;
  CHECK_EQ(copy_file_range(source, &from, target, &to, 100, 0), 2);
  CHECK_EQ(copy_file_range(source, &from, target, &to, 100, 0), 0);
  CHECK_ERRNO(copy_file_range(source, 0, target, 0, 1, 5), EINVAL);
  CHECK_ERRNO(copy_file_range(-1, 0, target, 0, 1, 0), EBADF);
  CHECK_ERRNO(copy_file_range(target, 0, source, 0, 1, 0), EBADF);
  // Overlapping ranges of one file are refused.
  from = 0, to = 1;
  CHECK_ERRNO(copy_file_range(target, &from, target, &to, 3, 0), EINVAL);
}

static void check_splice(void) {
  char text[64] = "";
  loff_t offset = 3;
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  ssize_t moved = splice(source, &offset, fds[1], 0, 4, 0);
  if (moved == -1 && errno == ENOSYS) return;
  CHECK_EQ(moved, 4);
  CHECK_EQ(offset, 7);
  CHECK_EQ(ftruncate(target, 0), 0);
  CHECK_EQ(lseek(target, 0, SEEK_SET), 0);
  CHECK_EQ(splice(fds[0], 0, target, 0, 64, 0), 4);
  CHECK_EQ(pread(target, text, 64, 0), 4);
  CHECK(memcmp(text, "3456", 4) == 0);
  CHECK_ERRNO(splice(source, 0, target, 0, 4, 0), EINVAL);
}

// More than any buffer in between.
static void check_large(void) {
  size_t length = (3 << 20) + 123;
  char *data = malloc(length), *back = malloc(length);
  REQUIRE(data && back);
  for (size_t i = 0; i < length; i++) data[i] = (char)(i * 13 + (i >> 11));
  write_file("large", data, length);
  int from = open("large", O_RDONLY), to = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
  for (size_t sent = 0; sent < length;) {
    ssize_t n = sendfile(to, from, 0, length - sent);
    REQUIRE(n > 0);
    sent += (size_t)n;
  }
  CHECK_EQ(pread(to, back, length, 0), length);
  CHECK(memcmp(data, back, length) == 0);
}

int main(void) {
  enter_scratch();
  write_file("source", "0123456789", 10);
  source = open("source", O_RDONLY);
  target = open("target", O_RDWR | O_CREAT, 0644);
  REQUIRE(source >= 0 && target >= 0);
  check_sendfile();
  check_copy();
  check_splice();
  check_large();
  return finish();
}
