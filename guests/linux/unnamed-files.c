// unnamed-files: a file made with O_TMPFILE is gone with its last descriptor, named or not. man 2 open.
// not in CI's beds: emulation makes it slow
#include "check.h"

#define FILES 300

int main(void) {
  char path[64];
  enter_scratch();
  for (int i = 0; i < FILES; i++) {
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    if (fd < 0 && errno == EOPNOTSUPP) return 0;
    REQUIRE(fd >= 0);
    CHECK_EQ(write(fd, "some text", 9), 9);
    if (i % 3) {
      struct stat status;
      snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
      CHECK_EQ(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
      CHECK(fstat(fd, &status) == 0 && status.st_nlink == 1);
      // Unlinked before its descriptor is closed, or after.
      if (i % 3 == 1) CHECK_EQ(unlink("named"), 0);
    }
    CHECK_EQ(close(fd), 0);
    if (i % 3 == 2) CHECK_EQ(unlink("named"), 0);
  }
  return finish();
}
