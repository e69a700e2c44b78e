// mknod: fifos and plain files for all, devices for root; a fifo within one process. man 2 mknod, man 7 fifo.
#include "check.h"

int main(void) {
  struct stat status;
  char text[8] = "";
  enter_scratch();
  CHECK_EQ(mknod("plain", S_IFREG | 0640, 0), 0);
  CHECK_EQ(mknod("typeless", 0600, 0), 0);
  CHECK_EQ(stat("typeless", &status), 0);
  CHECK_EQ(status.st_mode, S_IFREG | 0600);
  CHECK_EQ(mkfifo("fifo", 0644), 0);
  CHECK_EQ(stat("fifo", &status), 0);
  CHECK_EQ(status.st_mode, S_IFIFO | 0644);
  CHECK_ERRNO(mkfifo("fifo", 0644), EEXIST);
  CHECK_ERRNO(mknod("dir", S_IFDIR | 0755, 0), EPERM);
  CHECK_ERRNO(mknod("odd", S_IFLNK | 0755, 0), EINVAL);
  CHECK_ERRNO(mkfifo("missing/x", 0644), ENOENT);
  if (!is_root()) CHECK_ERRNO(mknod("device", S_IFCHR | 0600, 0x103), EPERM);

  CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
  int reader = open("fifo", O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  CHECK_EQ(read(reader, text, 8), 0);
  int writer = open("fifo", O_WRONLY);
  REQUIRE(writer >= 0);
  CHECK_ERRNO(read(reader, text, 8), EAGAIN);
  CHECK_EQ(write(writer, "fifo", 4), 4);
  CHECK_EQ(read(reader, text, 8), 4);
  CHECK(memcmp(text, "fifo", 4) == 0);
  CHECK_ERRNO(lseek(writer, 0, SEEK_CUR), ESPIPE);
  close(writer);
  CHECK_EQ(read(reader, text, 8), 0);
  close(reader);
  // Opened both ways it never blocks.
  int both = open("fifo", O_RDWR);
  CHECK_EQ(write(both, "x", 1), 1);
  CHECK_EQ(read(both, text, 1), 1);
  close(both);
  return finish();
}
