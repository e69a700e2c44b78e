// restart: which calls go on after a handler with SA_RESTART, and which fail with EINTR. man 7 signal.
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "check.h"

static int fds[2];
static volatile int alarms, feeds;

static void on_alarm(int number) {
  (void)number;
  alarms++;
  if (feeds && alarms >= feeds) {
    if (write(fds[1], "fed", 3) != 3) _exit(1);
  }
}

static void install(int flags) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
}

static void arm(int every_ms, int feed_at) {
  struct itimerval timer = {{0, every_ms * 1000}, {0, 20000}};
  alarms = 0;
  feeds = feed_at;
  REQUIRE(setitimer(ITIMER_REAL, &timer, 0) == 0);
}

static void disarm(void) {
  struct itimerval off = {0};
  setitimer(ITIMER_REAL, &off, 0);
}

int main(void) {
  char text[16];
  REQUIRE(pipe(fds) == 0);

  install(0);
  arm(20, 0);
  CHECK_ERRNO(read(fds[0], text, 16), EINTR);
  CHECK(alarms >= 1);

  // Restarted through two signals; the third feeds the pipe.
  install(SA_RESTART);
  arm(20, 3);
  ssize_t n = read(fds[0], text, 16);
  disarm();
  CHECK(n >= 3 && memcmp(text, "fed", 3) == 0);
  CHECK(alarms >= 3);
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  while (read(fds[0], text, 16) > 0) {
  }
  fcntl(fds[0], F_SETFL, 0);

  struct iovec parts[] = {{text, 2}, {text + 2, 14}};
  arm(0, 1);
  CHECK_EQ(readv(fds[0], parts, 2), 3);
  disarm();
  CHECK(memcmp(text, "fed", 3) == 0);

  // A single alarm, whose handler feeds the pipe: the read is restarted.
  install(SA_RESTART);
  arm(0, 1);
  CHECK_EQ(read(fds[0], text, 16), 3);

  // A write that filled part of the pipe returns what it wrote; one that wrote nothing fails with EINTR.
  static char block[1 << 20];
  install(0);
  arm(20, 0);
  n = write(fds[1], block, sizeof(block));
  CHECK(n > 0 && n < (ssize_t)sizeof(block));
  arm(20, 0);
  CHECK_ERRNO(write(fds[1], block, sizeof(block)), EINTR);

  // pause and sigsuspend return whatever the flag.
  install(SA_RESTART);
  arm(20, 0);
  CHECK_ERRNO(pause(), EINTR);
  arm(20, 0);
  sigset_t none;
  sigemptyset(&none);
  CHECK_ERRNO(sigsuspend(&none), EINTR);

  // A fifo without a writer: open waits, is restarted, and is interrupted.
  enter_scratch();
  REQUIRE(mkfifo("fifo", 0600) == 0);
  install(0);
  arm(20, 0);
  CHECK_ERRNO(open("fifo", O_RDONLY), EINTR);
  return finish();
}
