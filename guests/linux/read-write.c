// read-write: the transfer calls move the right bytes to and from the right place. man 2 read, write, pread, readv, preadv2.
#include <limits.h>
#include <sys/uio.h>

#include "check.h"

static int file;

static void check_plain(void) {
  char text[64] = "";
  CHECK_EQ(write(file, "0123456789", 10), 10);
  CHECK_EQ(read(file, text, 10), 0);
  CHECK_EQ(lseek(file, 2, SEEK_SET), 2);
  CHECK_EQ(read(file, text, 3), 3);
  CHECK(memcmp(text, "234", 3) == 0);
  CHECK_EQ(read(file, text, 64), 5);
  CHECK_EQ(read(file, text, 0), 0);
  CHECK_EQ(write(file, text, 0), 0);
  CHECK_ERRNO(read(-1, text, 1), EBADF);
  CHECK_ERRNO(write(12345, text, 1), EBADF);
}

static void check_positioned(void) {
  char text[64] = "";
  CHECK_EQ(lseek(file, 1, SEEK_SET), 1);
  CHECK_EQ(pread(file, text, 4, 6), 4);
  CHECK(memcmp(text, "6789", 4) == 0);
  CHECK_EQ(pread(file, text, 4, 100), 0);
  CHECK_EQ(pwrite(file, "AB", 2, 4), 2);
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 1);
  CHECK_ERRNO(pread(file, text, 4, -1), EINVAL);
  CHECK_ERRNO(pwrite(file, text, 4, -1), EINVAL);

  // A write past the end leaves a hole of zeros.
  CHECK_EQ(pwrite(file, "Z", 1, 20), 1);
  CHECK_EQ(pread(file, text, 64, 0), 21);
  CHECK(memcmp(text, "0123AB6789\0\0\0\0\0\0\0\0\0\0Z", 21) == 0);
  CHECK_EQ(ftruncate(file, 10), 0);
}

static void check_vectors(void) {
  char a[3] = "", b[4] = "", c[8] = "";
  struct iovec parts[] = {{a, 3}, {0, 0}, {b, 4}, {c, 8}};
  CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  CHECK_EQ(readv(file, parts, 4), 10);
  CHECK(memcmp(a, "012", 3) == 0 && memcmp(b, "3AB6", 4) == 0 && memcmp(c, "789", 3) == 0);
  CHECK_EQ(preadv(file, parts, 3, 1), 7);
  CHECK(memcmp(a, "123", 3) == 0 && memcmp(b, "AB67", 4) == 0);
  struct iovec out[] = {{"xy", 2}, {"", 0}, {"z", 1}};
  CHECK_EQ(pwritev(file, out, 3, 0), 3);
  CHECK_EQ(writev(file, out, 3), 3);
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 13);
  char text[16];
  CHECK_EQ(pread(file, text, 16, 0), 13);
  CHECK(memcmp(text, "xyz3AB6789xyz", 13) == 0);

  CHECK_EQ(readv(file, parts, 0), 0);
  CHECK_ERRNO(syscall(SYS_readv, file, parts, -1), EINVAL);
  CHECK_ERRNO(syscall(SYS_readv, file, parts, IOV_MAX + 1), EINVAL);
  struct iovec negative[] = {{text, 1}, {text, (size_t)-1}};
  CHECK_ERRNO(readv(file, negative, 2), EINVAL);
  CHECK_ERRNO(preadv(file, parts, 1, -1), EINVAL);

  // preadv2 with offset -1 uses the file's own position; an unknown flag is refused.
  CHECK_EQ(lseek(file, 3, SEEK_SET), 3);
  CHECK_EQ(preadv2(file, parts, 1, -1, 0), 3);
  CHECK(memcmp(a, "3AB", 3) == 0);
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 6);
  CHECK_ERRNO(preadv2(file, parts, 1, 0, 1 << 30), EOPNOTSUPP);
}

// A transfer that faults half way moves what it can; one that faults at once moves nothing.
static void check_faults(void) {
  char *cut = at_page_end(16, 8);
  CHECK_EQ(ftruncate(file, 0), 0);
  CHECK_EQ(pwrite(file, "0123456789abcdef", 16, 0), 16);
  CHECK_ERRNO(pread(file, cut + 8, 8, 0), EFAULT);
  ssize_t n = pread(file, cut, 16, 0);
  CHECK(n == 8 || (n == -1 && errno == EFAULT));
  for (BAD_POINTER(p)) {
    CHECK_ERRNO(syscall(SYS_pread64, file, *p, 4, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_pwrite64, file, *p, 4, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_readv, file, *p, 1), EFAULT);
  }
}

// More than the kernel moves at once: the length is cut to the last whole page below 2 GiB, never refused.
static void check_large(void) {
  size_t length = 3 << 20;
  char *data = malloc(length), *back = malloc(length);
  REQUIRE(data && back);
  for (size_t i = 0; i < length; i++) data[i] = (char)(i * 7 + (i >> 12));
  CHECK_EQ(pwrite(file, data, length, 0), length);
  CHECK_EQ(pread(file, back, length, 0), length);
  CHECK(memcmp(data, back, length) == 0);
  int null = open("/dev/null", O_WRONLY);
  // Eight GiB from the image on are user addresses: from the heap on they may not be.
  CHECK_EQ(write(null, &file, 1ul << 33), 0x7fffffff & -PAGE);
  CHECK_ERRNO(syscall(SYS_write, null, data, -1ul), EFAULT);
  close(null);
}

int main(void) {
  enter_scratch();
  file = open("file", O_RDWR | O_CREAT, 0644);
  REQUIRE(file >= 0);
  check_plain();
  check_positioned();
  check_vectors();
  check_faults();
  check_large();
  return finish();
}
