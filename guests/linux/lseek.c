// lseek: positions, holes, and files without positions. man 2 lseek.
#include <dirent.h>

#include "check.h"

int main(void) {
  enter_scratch();
  char byte;
  int fd = open("file", O_RDWR | O_CREAT, 0644);
  REQUIRE(fd >= 0);
  CHECK_EQ(write(fd, "0123456789", 10), 10);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
  CHECK_EQ(lseek(fd, -3, SEEK_END), 7);
  CHECK_EQ(lseek(fd, -2, SEEK_CUR), 5);
  CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);
  CHECK_EQ(read(fd, &byte, 1), 0);
  CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
  CHECK_ERRNO(lseek(fd, -101, SEEK_CUR), EINVAL);
  CHECK_ERRNO(lseek(fd, -11, SEEK_END), EINVAL);
  CHECK_ERRNO(lseek(fd, 0, 99), EINVAL);
  // tmpfs has no largest file; others refuse.
  if (lseek(fd, INT64_MAX, SEEK_SET) == -1) CHECK_EQ(lseek(fd, 0, SEEK_CUR), 100);
  CHECK_ERRNO(lseek(-1, 0, SEEK_SET), EBADF);

  // Data, then a hole of a mebibyte, then data. A file system may not report holes: then all is data.
  const off_t far = 1 << 20;
  CHECK_EQ(pwrite(fd, "x", 1, far), 1);
  CHECK_EQ(lseek(fd, 0, SEEK_DATA), 0);
  off_t hole = lseek(fd, 0, SEEK_HOLE);
  CHECK((hole >= 10 && hole < far) || hole == far + 1);
  if (hole < far) {
    off_t data = lseek(fd, hole, SEEK_DATA);
    CHECK(data > hole && data <= far);
  }
  CHECK_EQ(lseek(fd, far, SEEK_HOLE), far + 1);
  CHECK_ERRNO(lseek(fd, far + 1, SEEK_DATA), ENXIO);
  CHECK_ERRNO(lseek(fd, far + 1, SEEK_HOLE), ENXIO);
  CHECK_ERRNO(lseek(fd, -1, SEEK_DATA), ENXIO);

  // Positions belong to the open file, not the descriptor.
  int other = dup(fd), separate = open("file", O_RDONLY);
  CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
  CHECK_EQ(lseek(other, 0, SEEK_CUR), 3);
  CHECK_EQ(lseek(separate, 0, SEEK_CUR), 0);
  CHECK_EQ(read(other, &byte, 1), 1);
  CHECK_EQ(byte, '3');
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);

  // Beyond 4 GiB.
  const off_t huge = 5l << 30;
  CHECK_EQ(pwrite(fd, "Z", 1, huge), 1);
  CHECK_EQ(lseek(fd, -1, SEEK_END), huge);
  CHECK_EQ(read(fd, &byte, 1), 1);
  CHECK_EQ(byte, 'Z');
  CHECK_EQ(ftruncate(fd, 0), 0);

  // A directory rewinds.
  DIR *dir = opendir(".");
  REQUIRE(dir);
  int first = 0, second = 0;
  while (readdir(dir)) first++;
  rewinddir(dir);
  while (readdir(dir)) second++;
  CHECK_EQ(first, 3);
  CHECK_EQ(second, 3);
  closedir(dir);
  return finish();
}
