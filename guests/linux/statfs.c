// statfs: what the file system reports about itself; sync. man 2 statfs, man 2 sync.
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "check.h"

int main(void) {
  struct statfs a, b;
  enter_scratch();
  memset(&a, 0xff, sizeof(a));
  CHECK_EQ(statfs(".", &a), 0);
  CHECK(a.f_type != 0 && a.f_bsize > 0 && a.f_namelen == 255);
  CHECK(a.f_bfree <= a.f_blocks && a.f_bavail <= a.f_bfree && a.f_ffree <= a.f_files);
  // What is written counts as used.
  enum { LENGTH = 4 << 20 };
  char *data = calloc(1, LENGTH);
  memset(data, 'd', LENGTH);
  write_file("file", data, LENGTH);
  CHECK_EQ(statfs(".", &a), 0);
  CHECK((a.f_blocks - a.f_bfree) * (unsigned long)a.f_bsize >= LENGTH);
  int fd = open(".", O_RDONLY);
  CHECK_EQ(fstatfs(fd, &b), 0);
  CHECK(a.f_type == b.f_type && a.f_bsize == b.f_bsize);
  CHECK_EQ(statfs("/proc", &b), 0);
  CHECK_EQ(b.f_type, 0x9fa0);
  CHECK_EQ(syscall(SYS_syncfs, fd), 0);
  struct statvfs v;
  CHECK_EQ(statvfs("/", &v), 0);
  CHECK(v.f_bsize > 0 && v.f_namemax > 0);
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  CHECK_EQ(fstatfs(fds[0], &b), 0);
  CHECK_EQ(b.f_type, 0x50495045);

  CHECK_ERRNO(statfs("missing", &a), ENOENT);
  CHECK_ERRNO(fstatfs(-1, &a), EBADF);
  for (BAD_POINTER(p)) CHECK_ERRNO(syscall(SYS_statfs, ".", *p), EFAULT);
  return finish();
}
