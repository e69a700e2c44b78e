// posix-mq: POSIX message queues, as one process sees them: mq_overview(7), mq_notify(3).
// not in CI's beds: emulation makes it slow
#include <mqueue.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"

static char name[64];
static mqd_t queue;
static char buffer[64];
static volatile int signals;
static siginfo_t last;

static void arrived(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  last = *info;
  signals++;
}

static void nothing(int signal) { (void)signal; }

static struct timespec soon(void) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  at.tv_nsec += 30000000;
  if (at.tv_nsec >= 1000000000) at.tv_sec++, at.tv_nsec -= 1000000000;
  return at;
}

static bool gives(const char *text, unsigned priority) {
  unsigned got = 99;
  ssize_t length = mq_receive(queue, buffer, sizeof buffer, &got);
  return length == (ssize_t)strlen(text) && memcmp(buffer, text, length) == 0 && got == priority;
}

static int events(void) {
  struct pollfd one = {queue, POLLIN | POLLOUT, 0};
  CHECK(poll(&one, 1, 0) >= 0);
  return one.revents;
}

static void messages(void) {
  CHECK_EQ(events(), POLLOUT);
  CHECK_EQ(mq_send(queue, "low", 3, 1), 0);
  CHECK_EQ(mq_send(queue, "high", 4, 32767), 0);
  CHECK_EQ(events(), POLLIN | POLLOUT);
  CHECK_EQ(mq_send(queue, "low too", 7, 1), 0);
  CHECK_EQ(events(), POLLIN);
  CHECK_ERRNO(mq_send(queue, "x", 1, 0), EAGAIN);
  struct mq_attr attributes;
  CHECK_EQ(mq_getattr(queue, &attributes), 0);
  CHECK_EQ(attributes.mq_flags, O_NONBLOCK);
  CHECK_EQ(attributes.mq_maxmsg, 3);
  CHECK_EQ(attributes.mq_msgsize, 16);
  CHECK_EQ(attributes.mq_curmsgs, 3);
  CHECK(gives("high", 32767));
  CHECK(gives("low", 1));
  CHECK(gives("low too", 1));
  CHECK_ERRNO(mq_receive(queue, buffer, sizeof buffer, 0), EAGAIN);
  CHECK_EQ(mq_send(queue, "", 0, 0), 0);
  CHECK(gives("", 0));

  CHECK_ERRNO(mq_send(queue, buffer, 17, 0), EMSGSIZE);
  CHECK_ERRNO(mq_send(queue, buffer, 1, 32768), EINVAL);
  CHECK_ERRNO(mq_receive(queue, buffer, 15, 0), EMSGSIZE);
  CHECK_ERRNO(mq_send(0, buffer, 1, 0), EBADF);
  CHECK_ERRNO(mq_receive(999, buffer, 16, 0), EBADF);
  CHECK_ERRNO(syscall(SYS_mq_timedsend, queue, (void *)8, 1, 0, 0), EFAULT);
}

static void waits(void) {
  struct mq_attr blocking = {0}, old;
  CHECK_EQ(mq_setattr(queue, &blocking, &old), 0);
  CHECK_EQ(old.mq_flags, O_NONBLOCK);
  struct timespec at = soon(), bad = {0, 1000000000}, now;
  CHECK_ERRNO(mq_timedreceive(queue, buffer, sizeof buffer, 0, &at), ETIMEDOUT);
  clock_gettime(CLOCK_REALTIME, &now);
  CHECK(now.tv_sec > at.tv_sec || (now.tv_sec == at.tv_sec && now.tv_nsec >= at.tv_nsec));
  CHECK_ERRNO(mq_timedreceive(queue, buffer, sizeof buffer, 0, &bad), EINVAL);
  for (int i = 0; i < 3; i++) CHECK_EQ(mq_send(queue, "full", 4, 0), 0);
  at = soon();
  CHECK_ERRNO(mq_timedsend(queue, "more", 4, 0, &at), ETIMEDOUT);
  for (int i = 0; i < 3; i++) CHECK(gives("full", 0));

  struct sigaction action = {.sa_handler = nothing};
  sigaction(SIGALRM, &action, 0);
  struct itimerval often = {{0, 20000}, {0, 20000}}, off = {0};
  setitimer(ITIMER_REAL, &often, 0);
  CHECK_ERRNO(mq_receive(queue, buffer, sizeof buffer, 0), EINTR);
  setitimer(ITIMER_REAL, &off, 0);
  blocking.mq_flags = O_NONBLOCK;
  CHECK_EQ(mq_setattr(queue, &blocking, 0), 0);
  blocking.mq_flags = O_APPEND;
  CHECK_ERRNO(mq_setattr(queue, &blocking, 0), EINVAL);
}

static void notifications(void) {
  struct sigaction action = {.sa_sigaction = arrived, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, 0);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  event.sigev_value.sival_int = 4711;
  CHECK_EQ(mq_notify(queue, &event), 0);
  CHECK_ERRNO(mq_notify(queue, &event), EBUSY);
  CHECK_EQ(mq_send(queue, "a", 1, 0), 0);
  CHECK_EQ(signals, 1);
  CHECK_EQ(last.si_code, SI_MESGQ);
  CHECK_EQ(last.si_pid, getpid());
  CHECK_EQ(last.si_uid, getuid());
  CHECK_EQ(last.si_value.sival_int, 4711);
  // Only once, and only for the first message.
  CHECK_EQ(mq_notify(queue, &event), 0);
  CHECK_EQ(mq_send(queue, "b", 1, 0), 0);
  CHECK_EQ(signals, 1);
  CHECK(gives("a", 0) && gives("b", 0));
  CHECK_EQ(mq_send(queue, "c", 1, 0), 0);
  CHECK_EQ(signals, 2);
  CHECK(gives("c", 0));
  CHECK_EQ(mq_send(queue, "d", 1, 0), 0);
  CHECK_EQ(signals, 2);
  CHECK(gives("d", 0));

  CHECK_EQ(mq_notify(queue, &event), 0);
  char text[256] = {0}, want[64];
  int fd = (int)queue;
  CHECK(pread(fd, text, sizeof text, 0) > 0);
  snprintf(want, sizeof want, "SIGNO:%-5d NOTIFY_PID:%-6d\n", SIGUSR1, getpid());
  CHECK(strncmp(text, "QSIZE:0 ", 8) == 0 && strstr(text, want));
  CHECK_EQ(mq_notify(queue, 0), 0);
  event.sigev_notify = SIGEV_NONE;
  CHECK_EQ(mq_notify(queue, &event), 0);
  CHECK_EQ(mq_send(queue, "e", 1, 0), 0);
  CHECK_EQ(signals, 2);
  CHECK(gives("e", 0));
  // Closing any descriptor of the queue removes the process's registration.
  event.sigev_notify = SIGEV_SIGNAL;
  CHECK_EQ(mq_notify(queue, &event), 0);
  int copy = dup(fd);
  CHECK_EQ(close(copy), 0);
  CHECK_EQ(mq_notify(queue, &event), 0);
  CHECK_EQ(mq_notify(queue, 0), 0);
  event.sigev_notify = 77;
  CHECK_ERRNO(mq_notify(queue, &event), EINVAL);
  event.sigev_notify = SIGEV_SIGNAL, event.sigev_signo = 65;
  CHECK_ERRNO(mq_notify(queue, &event), EINVAL);
  CHECK_ERRNO(mq_notify(0, 0), EBADF);
}

static void names(void) {
  CHECK_ERRNO(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, 0), EEXIST);
  mqd_t reader = mq_open(name, O_RDONLY);
  CHECK(reader >= 0);
  CHECK_EQ(fcntl(reader, F_GETFD), FD_CLOEXEC);
  CHECK_ERRNO(mq_send(reader, "x", 1, 0), EBADF);
  CHECK_EQ(mq_send(queue, "both", 4, 0), 0);
  CHECK_EQ(mq_receive(reader, buffer, sizeof buffer, 0), 4);
  CHECK_EQ(mq_close(reader), 0);
  mqd_t writer = mq_open(name, O_WRONLY | O_CREAT, 0600, 0);
  CHECK(writer >= 0);
  CHECK_ERRNO(mq_receive(writer, buffer, sizeof buffer, 0), EBADF);
  CHECK_ERRNO(write(writer, "x", 1), EINVAL);
  struct stat status;
  CHECK_EQ(fstat(writer, &status), 0);
  CHECK_EQ(status.st_mode, S_IFREG | 0600);
  CHECK_EQ(status.st_size, 80);
  char path[64], link[128] = {0};
  snprintf(path, sizeof path, "/proc/self/fd/%d", writer);
  CHECK(readlink(path, link, sizeof link - 1) > 0);
  CHECK(strcmp(link, name) == 0);
  CHECK_EQ(mq_close(writer), 0);

  struct mq_attr none = {.mq_maxmsg = 0, .mq_msgsize = 16}, small = {.mq_maxmsg = 1, .mq_msgsize = 1};
  char other[80];
  snprintf(other, sizeof other, "%s-other", name);
  CHECK_ERRNO(mq_open(other, O_RDWR), ENOENT);
  CHECK_ERRNO(mq_open(other, O_RDWR | O_CREAT, 0600, &none), EINVAL);
  CHECK_ERRNO(syscall(SYS_mq_open, "", O_RDWR, 0, 0), ENOENT);
  CHECK_ERRNO(syscall(SYS_mq_open, "a/b", O_RDWR | O_CREAT, 0600, 0), EACCES);
  CHECK_ERRNO(syscall(SYS_mq_open, "..", O_RDWR | O_CREAT, 0600, 0), EACCES);
  CHECK_ERRNO(syscall(SYS_mq_open, (void *)8, O_RDWR, 0, 0), EFAULT);
  char longest[300];
  memset(longest, 'q', sizeof longest);
  longest[256] = 0;
  CHECK_ERRNO(syscall(SYS_mq_open, longest, O_RDWR | O_CREAT, 0600, 0), ENAMETOOLONG);
  CHECK_ERRNO(mq_unlink(other), ENOENT);

  // How much a user's queues may hold.
  struct rlimit old, tiny = {100, 0};
  CHECK_EQ(getrlimit(RLIMIT_MSGQUEUE, &old), 0);
  tiny.rlim_max = old.rlim_max;
  CHECK_EQ(setrlimit(RLIMIT_MSGQUEUE, &tiny), 0);
  CHECK_ERRNO(mq_open(other, O_RDWR | O_CREAT, 0600, &small), EMFILE);
  CHECK_EQ(setrlimit(RLIMIT_MSGQUEUE, &old), 0);

  // A queue without a name lives as long as it is open.
  CHECK_EQ(mq_send(queue, "last", 4, 2), 0);
  CHECK_EQ(mq_unlink(name), 0);
  CHECK_ERRNO(mq_unlink(name), ENOENT);
  CHECK_ERRNO(mq_open(name, O_RDWR), ENOENT);
  CHECK(gives("last", 2));
}

int main(void) {
  snprintf(name, sizeof name, "/hv-guest-%d", getpid());
  struct mq_attr attributes = {.mq_maxmsg = 3, .mq_msgsize = 16};
  umask(0);
  queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attributes);
  REQUIRE(queue >= 0);
  messages();
  waits();
  notifications();
  names();
  CHECK_EQ(mq_close(queue), 0);
  return finish();
}
