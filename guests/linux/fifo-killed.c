// fifo-killed: a task that ends while open(2) waits for a fifo's other end leaves no end behind. man 7 fifo.
// not in CI's beds: emulation makes it slow
#include "threads.h"

static void *wait_for_reader(void *argument) {
  open("fifo", O_WRONLY);
  return argument;
}

static bool is_asleep(pid_t pid) { return state_of(pid) == 'S'; }

static void check_nobody_is_there(void) {
  char byte;
  CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
  int fd = open("fifo", O_RDONLY | O_NONBLOCK);
  CHECK(fd >= 0);
  // The end of the file, and not EAGAIN.
  CHECK_EQ(read(fd, &byte, 1), 0);
  close(fd);
}

int main(int count, char **arguments) {
  (void)arguments;
  if (count > 1) return 3;
  limit_time();
  enter_scratch();
  REQUIRE(mkfifo("fifo", 0600) == 0);
  for (int i = 0; i < 3; i++) {
    pid_t writer = CHILD(open("fifo", O_WRONLY));
    CHECK(EVENTUALLY(is_asleep(writer)));
    kill(writer, SIGKILL);
    CHECK_EQ(ended(writer), 128 + SIGKILL);
    check_nobody_is_there();
    pid_t reader = CHILD(open("fifo", O_RDONLY));
    CHECK(EVENTUALLY(is_asleep(reader)));
    kill(reader, SIGKILL);
    CHECK_EQ(ended(reader), 128 + SIGKILL);
    check_nobody_is_there();
  }
  // A thread that ends with its process, and one that an exec ends.
  CHECK_IN_CHILD {
    start(wait_for_reader, 0);
    sleep_ms(10);
  }
  check_nobody_is_there();
  pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    start(wait_for_reader, 0);
    sleep_ms(10);
    execl("/proc/self/exe", "fifo-killed", "end", (char *)0);
    _exit(1);
  }
  CHECK_EQ(ended(pid), 3);
  check_nobody_is_there();
  return finish();
}
