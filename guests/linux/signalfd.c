// signalfd: blocked signals are read as records. man 2 signalfd.
#include <poll.h>
#include <sys/signalfd.h>

#include "check.h"

int main(void) {
  struct signalfd_siginfo records[4];
  sigset_t mask, pending;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1), sigaddset(&mask, SIGRTMIN);
  REQUIRE(sigprocmask(SIG_BLOCK, &mask, 0) == 0);
  int fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
  REQUIRE(fd >= 0);
  CHECK_ERRNO(read(fd, records, sizeof(records)), EAGAIN);
  CHECK_EQ(kill(getpid(), SIGUSR1), 0);
  CHECK_EQ(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 77}), 0);
  struct pollfd polled = {fd, POLLIN, 0};
  CHECK_EQ(poll(&polled, 1, 0), 1);
  CHECK_EQ(read(fd, records, sizeof(records)), 2 * sizeof(records[0]));
  CHECK(records[0].ssi_signo == SIGUSR1 && records[0].ssi_code == SI_USER);
  CHECK(records[0].ssi_pid == (uint32_t)getpid() && records[0].ssi_uid == getuid());
  CHECK((int)records[1].ssi_signo == SIGRTMIN && records[1].ssi_code == SI_QUEUE && records[1].ssi_int == 77);
  sigpending(&pending);
  CHECK(!sigismember(&pending, SIGUSR1));
  CHECK_EQ(poll(&polled, 1, 0), 0);

  sigset_t other;
  sigemptyset(&other);
  sigaddset(&other, SIGUSR2);
  sigprocmask(SIG_BLOCK, &other, 0);
  CHECK_EQ(signalfd(fd, &other, 0), fd);
  raise(SIGUSR1), raise(SIGUSR2);
  CHECK_EQ(read(fd, records, sizeof(records)), sizeof(records[0]));
  CHECK_EQ(records[0].ssi_signo, SIGUSR2);
  CHECK_ERRNO(read(fd, records, 8), EINVAL);
  CHECK_ERRNO(signalfd(fd, &mask, 0x1000), EINVAL);
  CHECK_ERRNO(signalfd(0, &mask, 0), EINVAL);
  return finish();
}
