// pidfd: descriptors for processes: open, poll, wait, signals, another's descriptors. man 2 pidfd_open, pidfd_send_signal, pidfd_getfd.
// not in CI's beds: emulation makes it slow
#include <sys/epoll.h>

#include "processes.h"

#define PIDFD_NONBLOCK O_NONBLOCK

static int open_pidfd(pid_t pid, unsigned flags) {
  return (int)syscall(SYS_pidfd_open, pid, flags);
}
static long send_signal(int fd, int number, siginfo_t *info, unsigned flags) {
  return syscall(SYS_pidfd_send_signal, fd, number, info, flags);
}
static int get_fd(int pidfd, int fd, unsigned flags) {
  return (int)syscall(SYS_pidfd_getfd, pidfd, fd, flags);
}

static pid_t start_sleeper(void) { return CHILD(for (;;) pause()); }

static void check_open(void) {
  char path[64], text[1024];
  pid_t child = start_sleeper();
  int fd = open_pidfd(child, 0), other = open_pidfd(child, PIDFD_NONBLOCK);
  REQUIRE(fd >= 0 && other >= 0);
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
  CHECK_EQ(fcntl(other, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  CHECK_ERRNO(read(fd, text, 8), EINVAL);
  CHECK_ERRNO(write(fd, text, 8), EINVAL);
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  snprintf(path, sizeof(path), "\nPid:\t%d\n", child);
  CHECK(strstr(text, path));
  CHECK_ERRNO(open_pidfd(0, 0), EINVAL);
  CHECK_ERRNO(open_pidfd(-1, 0), EINVAL);
  CHECK_ERRNO(open_pidfd(0x3fffffff, 0), ESRCH);
  CHECK_ERRNO(open_pidfd(child, 0x40000000), EINVAL);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
  CHECK_ERRNO(open_pidfd(child, 0), ESRCH);
  close(fd), close(other);
}

static void check_poll_and_wait(void) {
  siginfo_t info;
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = 7};
  pid_t child = start_sleeper();
  int fd = open_pidfd(child, 0), epoll = epoll_create1(0);
  struct pollfd ended_now = {fd, POLLIN, 0};
  CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
  CHECK_EQ(poll(&ended_now, 1, 5), 0);
  CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 0);
  CHECK_EQ(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG), 0);
  CHECK_EQ(info.si_pid, 0);
  CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  CHECK_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), EAGAIN);
  CHECK_EQ(send_signal(fd, SIGTERM, 0, 0), 0);
  CHECK_EQ(epoll_wait(epoll, &event, 1, 10000), 1);
  CHECK_EQ(event.data.u32, 7);
  CHECK(poll(&ended_now, 1, 10000) == 1 && ended_now.revents & POLLIN);
  // Not yet waited for, it has not hung up.
  CHECK_EQ(ended_now.revents, POLLIN);
  int edge = epoll_create1(0);
  event = (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.u32 = 8};
  CHECK_EQ(epoll_ctl(edge, EPOLL_CTL_ADD, fd, &event), 0);
  CHECK_EQ(epoll_wait(edge, &event, 1, 0), 1);
  CHECK_EQ(epoll_wait(edge, &event, 1, 0), 0);
  // A zombie can still be named, and signals to it go nowhere.
  CHECK_EQ(send_signal(fd, SIGTERM, 0, 0), 0);
  int again = open_pidfd(child, 0);
  CHECK(again >= 0);
  close(again);
  CHECK_EQ(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), 0);
  CHECK(info.si_pid == child && info.si_code == CLD_KILLED && info.si_status == SIGTERM);
  CHECK_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), ECHILD);
  CHECK_ERRNO(send_signal(fd, 0, 0, 0), ESRCH);
  // Since Linux 6.9 it then has hung up, which is one more event.
  CHECK(poll(&ended_now, 1, 0) == 1 && ended_now.revents & POLLIN);
  ended_now.events = 0;
  if (ended_now.revents & POLLHUP) {
    CHECK(poll(&ended_now, 1, 0) == 1 && ended_now.revents == POLLHUP);
    CHECK_EQ(epoll_wait(edge, &event, 1, 0), 1);
    CHECK_EQ(event.events, EPOLLIN | EPOLLHUP);
    CHECK_EQ(epoll_wait(edge, &event, 1, 0), 0);
  } else {
    CHECK(!is_since(6, 9));
  }
  close(edge);
  CHECK_ERRNO(waitid(P_PIDFD, (id_t)-1, &info, WEXITED), EINVAL);
  CHECK_ERRNO(waitid(P_PIDFD, 0x3fffffff, &info, WEXITED), EBADF);
  CHECK_ERRNO(waitid(P_PIDFD, (id_t)epoll, &info, WEXITED), EBADF);
  close(fd), close(epoll);
}

// Another process's child can be watched but not waited for.
static void check_strangers(void) {
  pid_t child = start_sleeper();
  int fd = open_pidfd(child, 0);
  CHECK_IN_CHILD {
    siginfo_t info;
    struct pollfd ended_now = {fd, POLLIN, 0};
    CHECK_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), ECHILD);
    int own = open_pidfd(getppid(), 0);
    CHECK_EQ(send_signal(own, 0, 0, 0), 0);
    CHECK_EQ(send_signal(fd, SIGKILL, 0, 0), 0);
    CHECK_EQ(poll(&ended_now, 1, 10000), 1);
  }
  CHECK_EQ(ended(child), 128 + SIGKILL);
  close(fd);
}

static siginfo_t last;
static void note(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  last = *info;
}

static void check_send_signal(void) {
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
  int self = open_pidfd(getpid(), 0), null = open("/dev/null", O_RDONLY);
  siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
  info.si_value.sival_int = 99;
  sigaction(SIGUSR1, &action, 0);
  CHECK_EQ(send_signal(self, SIGUSR1, &info, 0), 0);
  CHECK(last.si_code == SI_QUEUE && last.si_value.sival_int == 99);
  CHECK_EQ(send_signal(self, SIGUSR1, 0, 0), 0);
  CHECK(last.si_code == SI_USER && last.si_pid == getpid() && last.si_uid == getuid());
  CHECK_ERRNO(send_signal(self, SIGUSR2, &info, 0), EINVAL);
  CHECK_ERRNO(send_signal(self, 65, 0, 0), EINVAL);
  CHECK_ERRNO(send_signal(self, 0, 0, 0x80000000), EINVAL);
  CHECK_ERRNO(send_signal(self, SIGUSR1, (void *)8, 0), EFAULT);
  CHECK_ERRNO(send_signal(null, 0, 0, 0), EBADF);
  CHECK_ERRNO(send_signal(-1, 0, 0, 0), EBADF);
  close(self), close(null);
}

// An open /proc/PID does as well as a pidfd, for signals alone.
static void check_directory(void) {
  char path[64];
  pid_t child = start_sleeper();
  snprintf(path, sizeof(path), "/proc/%d", child);
  int directory = open(path, O_RDONLY | O_DIRECTORY), named = open(path, O_PATH);
  snprintf(path, sizeof(path), "/proc/%d/task/%d", child, child);
  int thread = open(path, O_RDONLY | O_DIRECTORY), all = open("/proc", O_RDONLY | O_DIRECTORY);
  CHECK(directory >= 0 && named >= 0 && thread >= 0 && all >= 0);
  CHECK_ERRNO(send_signal(named, 0, 0, 0), EBADF);
  CHECK_ERRNO(send_signal(thread, 0, 0, 0), EBADF);
  CHECK_ERRNO(send_signal(all, 0, 0, 0), EBADF);
  CHECK_ERRNO(get_fd(directory, 0, 0), EBADF);
  CHECK_EQ(send_signal(directory, 0, 0, 0), 0);
  CHECK_EQ(send_signal(directory, SIGKILL, 0, 0), 0);
  CHECK_EQ(ended(child), 128 + SIGKILL);
  CHECK_ERRNO(send_signal(directory, 0, 0, 0), ESRCH);
  close(directory), close(named), close(thread), close(all);
}

static void check_getfd(void) {
  struct gate ready = new_gate();
  char text[4] = "";
  pid_t child;
  write_file("letters", "abcdef", 6);
  IN_CHILD(child) {
    int fd = open("letters", O_RDONLY);
    CHECK_EQ(read(fd, text, 2), 2);
    CHECK_EQ(dup2(fd, 123), 123);
    open_gate(ready);
    for (;;) pause();
  }
  pass_gate(ready);
  int pidfd = open_pidfd(child, 0), fd = get_fd(pidfd, 123, 0);
  CHECK(fd >= 0);
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  // The same open file: its offset is where the child left it.
  CHECK_EQ(read(fd, text, 3), 3);
  CHECK(memcmp(text, "cde", 3) == 0);
  CHECK_ERRNO(get_fd(pidfd, 124, 0), EBADF);
  CHECK_ERRNO(get_fd(pidfd, 123, 1), EINVAL);
  CHECK_ERRNO(get_fd(fd, 123, 0), EBADF);
  CHECK_ERRNO(get_fd(-1, 123, 0), EBADF);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
  CHECK_ERRNO(get_fd(pidfd, 123, 0), ESRCH);
  close(fd), close(pidfd), remove_gate(ready);
}

int main(void) {
  limit_time();
  enter_scratch();
  check_open();
  check_poll_and_wait();
  check_strangers();
  check_send_signal();
  check_directory();
  check_getfd();
  return finish();
}
