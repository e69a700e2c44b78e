// long-read: an alarm that nobody handles ends a process in the middle of a long read of a file. man 7 signal.
// status: 142
#include <sys/time.h>
#include <sys/uio.h>

#include "check.h"

#define PARTS 64
#define PART_BYTES (1 << 20)

int main(void) {
  enter_scratch();
  static struct iovec parts[PARTS];
  char *buffer = malloc(PART_BYTES);
  for (size_t i = 0; i < PARTS; i++) parts[i] = (struct iovec){buffer, PART_BYTES};
  int fd = open("sparse", O_RDWR | O_CREAT, 0644);
  REQUIRE(fd >= 0 && ftruncate(fd, PARTS * PART_BYTES) == 0 && unlink("sparse") == 0);
  REQUIRE(chdir("/") == 0 && rmdir(scratch_path) == 0);
  struct itimerval soon = {{0, 0}, {0, 1000}};
  REQUIRE(setitimer(ITIMER_REAL, &soon, 0) == 0);
  for (;;) REQUIRE(preadv(fd, parts, PARTS, 0) == PARTS * PART_BYTES);
}
