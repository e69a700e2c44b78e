// readiness-processes: inherited epolls, eventfds, timerfds, signalfds: which wait ends, whose signals are read. man 7 epoll, man 2 signalfd.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "check.h"

static pid_t start(void) {
  pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) alarm(30), failures = 0;
  return pid;
}

static int status_of(pid_t pid) {
  int status;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return status;
}

static int watched(int epoll, int fd, unsigned events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// The descriptor that a wait of at most ms milliseconds reports, 0 for none.
static int next_of(int epoll, int ms) {
  struct epoll_event event;
  int count = epoll_wait(epoll, &event, 1, ms);
  CHECK(count >= 0);
  return count == 1 ? event.data.fd : 0;
}

// An epoll is shared; an edge goes to one of the waiters, a level to all that ask.
static void check_epoll(void) {
  int epoll = epoll_create1(0), level = eventfd(0, EFD_NONBLOCK), edge = eventfd(0, EFD_NONBLOCK);
  uint64_t value = 1;
  CHECK_EQ(watched(epoll, level, EPOLLIN), 0);
  pid_t child = start();
  if (child == 0) {
    CHECK_EQ(next_of(epoll, 20000), level);
    CHECK_EQ(next_of(epoll, 0), level);
    _exit(finish());
  }
  usleep(20000);
  CHECK_EQ(write(level, &value, 8), 8);
  CHECK_EQ(next_of(epoll, 0), level);
  CHECK_EQ(status_of(child), 0);
  CHECK_EQ(read(level, &value, 8), 8);
  CHECK_EQ(next_of(epoll, 0), 0);

  CHECK_EQ(watched(epoll, edge, EPOLLIN | EPOLLET), 0);
  child = start();
  if (child == 0) {
    CHECK_EQ(write(edge, &value, 8), 8);
    _exit(finish());
  }
  CHECK_EQ(next_of(epoll, 20000), edge);
  CHECK_EQ(next_of(epoll, 0), 0);
  CHECK_EQ(status_of(child), 0);
  // A child that closes its copy takes nothing from the parent.
  child = start();
  if (child == 0) _exit(close(edge) | close(epoll));
  CHECK_EQ(status_of(child), 0);
  CHECK_EQ(write(edge, &value, 8), 8);
  CHECK_EQ(next_of(epoll, 0), edge);
  close(epoll), close(level), close(edge);
}

// A pipe that fills, drains and ends, as the reader's epoll sees it.
static void check_pipe(void) {
  int epoll = epoll_create1(0), fds[2];
  char byte;
  REQUIRE(pipe(fds) == 0);
  CHECK_EQ(watched(epoll, fds[0], EPOLLIN | EPOLLRDHUP), 0);
  pid_t child = start();
  if (child == 0) {
    for (int i = 0; i < 3; i++) {
      usleep(5000);
      CHECK_EQ(write(fds[1], "x", 1), 1);
    }
    _exit(finish());
  }
  close(fds[1]);
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(next_of(epoll, 20000), fds[0]);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
  }
  struct epoll_event event = {0};
  CHECK_EQ(epoll_wait(epoll, &event, 1, 20000), 1);
  CHECK_EQ(event.events, EPOLLHUP);
  CHECK_EQ(status_of(child), 0);
  close(fds[0]), close(epoll);
}

// A timerfd's timer and an eventfd's counter are shared by all that inherit the descriptor.
static void check_timerfd(void) {
  int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec soon = {.it_value.tv_nsec = 20000000};
  uint64_t count = 0;
  pid_t child = start();
  if (child == 0) {
    CHECK_EQ(timerfd_settime(timer, 0, &soon, 0), 0);
    _exit(finish());
  }
  CHECK_EQ(read(timer, &count, 8), 8);
  CHECK_EQ(count, 1);
  CHECK_EQ(status_of(child), 0);
  // It runs on after the process that set it has ended; a child reads what the parent set.
  CHECK_EQ(timerfd_settime(timer, 0, &soon, 0), 0);
  child = start();
  if (child == 0) {
    struct pollfd ready = {timer, POLLIN, 0};
    CHECK_EQ(poll(&ready, 1, 20000), 1);
    CHECK_EQ(read(timer, &count, 8), 8);
    _exit(finish());
  }
  CHECK_EQ(status_of(child), 0);
  close(timer);
}

// A process that reads a signalfd gets its own signals.
static void check_signalfd(void) {
  struct signalfd_siginfo info;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  int fd = signalfd(-1, &set, SFD_NONBLOCK);
  pid_t parent = getpid(), child = start();
  if (child == 0) {
    struct pollfd ready = {fd, POLLIN, 0};
    CHECK_EQ(poll(&ready, 1, 0), 0);
    kill(parent, SIGUSR1);
    CHECK_ERRNO(read(fd, &info, sizeof(info)), EAGAIN);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(poll(&ready, 1, 0), 1);
    CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ssi_pid, getpid());
    CHECK_ERRNO(read(fd, &info, sizeof(info)), EAGAIN);
    CHECK_EQ(poll(&ready, 1, 0), 0);
    _exit(finish());
  }
  struct pollfd ready = {fd, POLLIN, 0};
  CHECK_EQ(poll(&ready, 1, 20000), 1);
  CHECK_EQ(status_of(child), 0);
  CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
  CHECK_EQ(info.ssi_pid, child);
  // A child that waits for its own signals in its own epoll.
  int epoll;
  child = start();
  if (child == 0) {
    epoll = epoll_create1(0);
    CHECK_EQ(watched(epoll, fd, EPOLLIN), 0);
    CHECK_EQ(next_of(epoll, 20000), fd);
    CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    _exit(finish());
  }
  usleep(20000);
  kill(child, SIGUSR1);
  CHECK_EQ(status_of(child), 0);
  CHECK_ERRNO(read(fd, &info, sizeof(info)), EAGAIN);
  close(fd);
}

// At least one of the watchers with EPOLLEXCLUSIVE is woken.
static void check_exclusive(void) {
  int event = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
  uint64_t value = 2;
  pid_t children[2];
  for (int i = 0; i < 2; i++) {
    if ((children[i] = start()) != 0) continue;
    int epoll = epoll_create1(0);
    CHECK_EQ(watched(epoll, event, EPOLLIN | EPOLLEXCLUSIVE), 0);
    while (next_of(epoll, 500) == event && read(event, &value, 8) != 8) continue;
    _exit(finish());
  }
  usleep(20000);
  CHECK_EQ(write(event, &value, 8), 8);
  for (int i = 0; i < 2; i++) CHECK_EQ(status_of(children[i]), 0);
  close(event);
}

int main(void) {
  alarm(40);
  check_epoll();
  check_pipe();
  check_timerfd();
  check_signalfd();
  check_exclusive();
  return finish();
}
