// open-direct: which files take O_DIRECT. man 2 open, man 2 fcntl.
#include "check.h"

// Only what can be read and written in place takes O_DIRECT: no directory, no device, no fifo, no generated text.
static void check_direct(void) {
  static const char *const others[] = {".",    "/",         "/proc",     "/proc/self/status",
                                       "/dev", "/dev/null", "/dev/zero", "fifo"};
  // Earlier, it was the file system's choice.
  if (!is_since(6, 6)) return;
  REQUIRE(mkfifo("fifo", 0600) == 0);
  for (size_t i = 0; i < COUNT(others); i++)
    CHECK_ERRNO(open(others[i], O_RDONLY | O_NONBLOCK | O_DIRECT), EINVAL);
  CHECK_ERRNO(open(".", O_RDONLY | O_DIRECTORY | O_DIRECT), EINVAL);
  CHECK_ERRNO(open("absent", O_RDONLY | O_DIRECT), ENOENT);
  int fd = open(".", O_RDONLY);
  CHECK_ERRNO(fcntl(fd, F_SETFL, O_DIRECT), EINVAL);
  close(fd);
  fd = open("direct", O_RDWR | O_CREAT | O_DIRECT, 0600);
  CHECK(fd >= 0);
  CHECK_EQ(fcntl(fd, F_GETFL) & O_DIRECT, O_DIRECT);
  close(fd);
}

int main(void) {
  enter_scratch();
  check_direct();
  return finish();
}
