// xpledge: after xpledge(XPLEDGE_RDWR) nothing more can be opened, but what is open can be read. Linux has no such call.
#include "pledge.h"

int main(void) {
  unsigned char bytes[8];
  int random = open("/dev/urandom", O_RDONLY);
  REQUIRE(random >= 0);
  CHECK_EQ(read(random, bytes, sizeof(bytes)), sizeof(bytes));
  if (!is_hv()) {
    CHECK_ERRNO(xpledge(XPLEDGE_RDWR), ENOSYS);
    CHECK(open("/dev/urandom", O_RDONLY) >= 0);
    return finish();
  }

  CHECK_EQ(xpledge(XPLEDGE_RDWR), 0);
  CHECK_ERRNO(open("/dev/urandom", O_RDONLY), EPERM);
  CHECK_EQ(read(random, bytes, sizeof(bytes)), sizeof(bytes));
  CHECK_EQ(pread(random, bytes, sizeof(bytes), 0), sizeof(bytes));
  CHECK_EQ(write(2, bytes, 0), 0);

  // Memory can be mapped and unmapped, but not protected.
  void *page = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  CHECK_ERRNO(mprotect(page, PAGE, PROT_READ), EPERM);
  CHECK_EQ(munmap(page, PAGE), 0);

  // All other calls fail, even numbers that are no call, and xpledge itself: kinds are never widened.
  CHECK_ERRNO(syscall(SYS_getpid), EPERM);
  CHECK_ERRNO(lseek(random, 0, SEEK_CUR), EPERM);
  CHECK_ERRNO(syscall(9999), EPERM);
  CHECK_ERRNO(xpledge(XPLEDGE_RDWR | XPLEDGE_OPEN), EPERM);
  CHECK_ERRNO(pledge("stdio rpath", NULL), EPERM);
  CHECK_ERRNO(open("/dev/urandom", O_RDONLY), EPERM);
  CHECK_EQ(close(random), 0);
  return finish();
}
