// fcntl-signals: owners and their rights, F_SETSIG, O_ASYNC on pipes, and leases. man 2 fcntl.
#include <sys/signalfd.h>
#include <time.h>

#include "processes.h"

static volatile int count, last_fd, last_code;
static volatile int leased = -1;

static void on_signal(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  count++;
  last_fd = info->si_fd;
  last_code = info->si_code;
  if (leased < 0) return;
  fcntl(leased, F_SETLEASE, F_UNLCK);
}

static void handle(int signal, int flags) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};
  CHECK_EQ(sigaction(signal, &action, 0), 0);
}

static void check_owners(void) {
  int fd = open("file", O_RDWR | O_CREAT, 0644);
  CHECK_EQ(fcntl(fd, F_GETOWN), 0);
  CHECK_EQ(fcntl(fd, F_SETOWN, getpid()), 0);
  CHECK_EQ(fcntl(fd, F_GETOWN), getpid());
  struct f_owner_ex owner;
  CHECK_EQ(fcntl(fd, F_GETOWN_EX, &owner), 0);
  CHECK(owner.type == F_OWNER_PID && owner.pid == getpid());
  CHECK_EQ(syscall(SYS_fcntl, fd, F_SETOWN, -getpgrp()), 0);
  CHECK_EQ(fcntl(fd, F_GETOWN_EX, &owner), 0);
  CHECK(owner.type == F_OWNER_PGRP && owner.pid == getpgrp());
  owner = (struct f_owner_ex){.type = F_OWNER_TID, .pid = (pid_t)syscall(SYS_gettid)};
  CHECK_EQ(fcntl(fd, F_SETOWN_EX, &owner), 0);
  owner.type = 3;
  CHECK_ERRNO(fcntl(fd, F_SETOWN_EX, &owner), EINVAL);
  CHECK_ERRNO(fcntl(fd, F_SETOWN_EX, 8), EFAULT);
  CHECK_ERRNO(fcntl(fd, F_SETOWN, 0x3fffffff), ESRCH);
  CHECK_ERRNO(fcntl(fd, F_SETOWN, -0x3fffffff), ESRCH);
  CHECK_EQ(fcntl(fd, F_SETOWN, 0), 0);
  CHECK_EQ(fcntl(fd, F_GETOWN), 0);

  CHECK_EQ(fcntl(fd, F_GETSIG), 0);
  CHECK_EQ(fcntl(fd, F_SETSIG, SIGUSR1), 0);
  CHECK_EQ(fcntl(fd, F_GETSIG), SIGUSR1);
  CHECK_ERRNO(fcntl(fd, F_SETSIG, 65), EINVAL);
  CHECK_ERRNO(fcntl(fd, F_SETSIG, -1), EINVAL);
  // A duplicate is the same open file.
  int other = dup(fd);
  CHECK_EQ(fcntl(other, F_GETSIG), SIGUSR1);
  // A regular file never becomes ready: the flag does not stick.
  CHECK_EQ(fcntl(fd, F_SETFL, O_ASYNC), 0);
  CHECK_EQ(fcntl(fd, F_GETFL) & O_ASYNC, 0);
  close(fd), close(other);
}

static void check_async(void) {
  int ends[2];
  char byte;
  CHECK_EQ(pipe(ends), 0);
  handle(SIGIO, 0);
  handle(SIGRTMIN + 1, 0);
  CHECK_EQ(fcntl(ends[0], F_SETFL, O_ASYNC), 0);
  CHECK_EQ(fcntl(ends[0], F_GETFL) & O_ASYNC, O_ASYNC);
  // Nobody owns it yet.
  CHECK_EQ(write(ends[1], "a", 1), 1);
  CHECK_EQ(count, 0);
  CHECK_EQ(read(ends[0], &byte, 1), 1);

  CHECK_EQ(fcntl(ends[0], F_SETOWN, getpid()), 0);
  CHECK_EQ(write(ends[1], "b", 1), 1);
  CHECK_EQ(count, 1);
  CHECK_EQ(last_code, SI_KERNEL);
  CHECK_EQ(read(ends[0], &byte, 1), 1);

  CHECK_EQ(fcntl(ends[0], F_SETSIG, SIGRTMIN + 1), 0);
  CHECK_EQ(write(ends[1], "c", 1), 1);
  CHECK_EQ(count, 2);
  CHECK_EQ(last_code, POLL_IN);
  CHECK_EQ(last_fd, ends[0]);
  CHECK_EQ(read(ends[0], &byte, 1), 1);

  CHECK_EQ(fcntl(ends[0], F_SETFL, 0), 0);
  CHECK_EQ(write(ends[1], "d", 1), 1);
  CHECK_EQ(count, 2);
  close(ends[0]), close(ends[1]);
  count = 0;
}

// An owner is not told if the process that named it may not signal it, whatever becomes of the file.
static void check_rights(void) {
  if (getuid() != 0) return;
  int ends[2];
  handle(SIGIO, 0);
  CHECK_EQ(pipe(ends), 0);
  pid_t parent = getpid();
  CHECK_IN_CHILD {
    REQUIRE(setresuid(1000, 1000, 1000) == 0);
    // Naming root's process is allowed.
    CHECK_EQ(fcntl(ends[0], F_SETOWN, parent), 0);
    CHECK_EQ(fcntl(ends[0], F_SETFL, O_ASYNC), 0);
    CHECK_EQ(write(ends[1], "e", 1), 1);
  }
  CHECK_EQ(fcntl(ends[0], F_GETOWN), parent);
  CHECK_EQ(write(ends[1], "f", 1), 1);
  CHECK_EQ(count, 0);
  CHECK_EQ(fcntl(ends[0], F_SETOWN, parent), 0);
  CHECK_EQ(write(ends[1], "g", 1), 1);
  CHECK_EQ(count, 1);
  close(ends[0]), close(ends[1]);
  count = 0;
}

static void check_leases(void) {
  int fd = open("file", O_RDONLY);
  int writer = open("file", O_RDWR);
  CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
  CHECK_ERRNO(fcntl(fd, F_SETLEASE, 7), EINVAL);
  CHECK_ERRNO(fcntl(fd, F_SETLEASE, F_UNLCK), EAGAIN);
  CHECK_ERRNO(fcntl(fd, F_SETLEASE, F_RDLCK), EAGAIN);
  CHECK_ERRNO(fcntl(writer, F_SETLEASE, F_WRLCK), EAGAIN);
  close(writer);
  CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
  CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
  // Another reader does not break the lease; a writer is told to try again.
  int reader = open("file", O_RDONLY);
  CHECK(reader >= 0);
  CHECK_EQ(count, 0);
  CHECK_ERRNO(fcntl(fd, F_SETLEASE, F_WRLCK), EAGAIN);
  close(reader);
  CHECK_ERRNO(open("file", O_WRONLY | O_NONBLOCK), EWOULDBLOCK);
  CHECK_EQ(count, 1);
  CHECK_EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
  // The holder is told once.
  CHECK_ERRNO(open("file", O_WRONLY | O_NONBLOCK), EWOULDBLOCK);
  CHECK_EQ(count, 1);
  CHECK_EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
  writer = open("file", O_WRONLY | O_NONBLOCK);
  CHECK(writer >= 0);
  close(writer);

  // An open that waits until the handler gives up the lease.
  handle(SIGIO, SA_RESTART);
  CHECK_EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
  leased = fd;
  reader = open("file", O_RDONLY);
  CHECK(reader >= 0);
  CHECK_EQ(count, 2);
  leased = -1;
  close(reader);

  // Once closed, it is gone.
  CHECK_EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
  close(fd);
  reader = open("file", O_RDONLY | O_NONBLOCK);
  CHECK(reader >= 0);
  CHECK_EQ(count, 2);
  close(reader);
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  CHECK_ERRNO(fcntl(ends[0], F_SETLEASE, F_RDLCK), EINVAL);
}

int main(void) {
  enter_scratch();
  check_owners();
  check_async();
  check_rights();
  check_leases();
  return finish();
}
