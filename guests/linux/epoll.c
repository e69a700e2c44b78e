// epoll: levels, edges, one-shot, changes and errors within one process. man 7 epoll, man 2 epoll_ctl, man 2 epoll_wait.
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "check.h"

static int set, fds[2];
static struct epoll_event got[8];

static int wait_now(void) { return epoll_wait(set, got, 8, 0); }

static void check_level(void) {
  struct epoll_event in = {.events = EPOLLIN, .data.u64 = 0x1122334455667788},
                     out = {.events = EPOLLOUT, .data.fd = 7};
  char byte;
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, fds[0], &in), 0);
  CHECK_EQ(wait_now(), 0);
  CHECK_EQ(write(fds[1], "x", 1), 1);
  CHECK_EQ(wait_now(), 1);
  CHECK(got[0].events == EPOLLIN && got[0].data.u64 == 0x1122334455667788);
  CHECK_EQ(wait_now(), 1);
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, fds[1], &out), 0);
  CHECK_EQ(epoll_wait(set, got, 8, -1), 2);
  CHECK_EQ(epoll_wait(set, got, 1, -1), 1);
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_DEL, fds[1], 0), 0);
  CHECK_EQ(read(fds[0], &byte, 1), 1);
  CHECK_EQ(wait_now(), 0);
  CHECK_EQ(epoll_wait(set, got, 8, 30), 0);
}

static void check_edge_and_one_shot(void) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 1};
  char byte;
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_MOD, fds[0], &event), 0);
  CHECK_EQ(write(fds[1], "a", 1), 1);
  CHECK_EQ(wait_now(), 1);
  CHECK_EQ(wait_now(), 0);
  CHECK_EQ(write(fds[1], "b", 1), 1);
  CHECK_EQ(wait_now(), 1);
  CHECK_EQ(wait_now(), 0);
  // Arming again reports events that are still there.
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_MOD, fds[0], &event), 0);
  CHECK_EQ(wait_now(), 1);
  event.events = EPOLLIN | EPOLLONESHOT;
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_MOD, fds[0], &event), 0);
  CHECK_EQ(wait_now(), 1);
  CHECK_EQ(wait_now(), 0);
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_MOD, fds[0], &event), 0);
  CHECK_EQ(wait_now(), 1);
  CHECK(read(fds[0], &byte, 1) == 1 && read(fds[0], &byte, 1) == 1);
}

static void check_closing(void) {
  int pair[2];
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
  REQUIRE(pipe(pair) == 0);
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, pair[0], &event), 0);
  close(pair[1]);
  CHECK_EQ(wait_now(), 1);
  CHECK_EQ(got[0].events, EPOLLHUP);
  // The last close takes the file out of the set; a set inside a set is readable when it has events.
  close(pair[0]);
  CHECK_EQ(wait_now(), 0);
  int counter = eventfd(1, 0), outer = epoll_create1(EPOLL_CLOEXEC);
  CHECK_EQ(fcntl(outer, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(epoll_ctl(outer, EPOLL_CTL_ADD, set, &event), 0);
  CHECK_EQ(epoll_wait(outer, got, 8, 0), 0);
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, counter, &event), 0);
  CHECK_EQ(epoll_wait(outer, got, 8, 0), 1);
  CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, outer, &event), ELOOP);
  close(counter), close(outer);
}

// The mount tables and /dev/random have a poll operation; other files of a process and /dev/urandom have none.
static void check_special_files(void) {
  static const struct {
    const char *path;
    int error;
    unsigned ready;
  } files[] = {
      {"/proc/self/mounts", 0, EPOLLIN},
      {"/proc/self/mountinfo", 0, EPOLLIN},
      {"/dev/random", 0, EPOLLIN},
      {"/dev/urandom", EPERM, 0},
      {"/dev/null", EPERM, 0},
      {"/proc/self/status", EPERM, 0},
      {"/proc/stat", 0, EPOLLIN | EPOLLOUT},
      {"/proc/sys/kernel/pid_max", 0, EPOLLIN | EPOLLOUT},
  };
  for (size_t i = 0; i < COUNT(files); i++) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLPRI};
    int fd = open(files[i].path, O_RDONLY), own = epoll_create1(0);
    REQUIRE(fd >= 0 && own >= 0);
    if (files[i].error != 0) {
      CHECK_ERRNO(epoll_ctl(own, EPOLL_CTL_ADD, fd, &event), files[i].error);
    } else {
      CHECK_EQ(epoll_ctl(own, EPOLL_CTL_ADD, fd, &event), 0);
      CHECK_EQ(epoll_wait(own, &event, 1, 0), 1);
      CHECK_EQ(event.events, files[i].ready);
    }
    close(fd), close(own);
  }
}

static void check_errors(void) {
  struct epoll_event event = {.events = EPOLLIN};
  enter_scratch();
  write_file("file", "", 0);
  int file = open("file", O_RDONLY);
  CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, file, &event), EPERM);
  CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, fds[0], &event), EEXIST);
  CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_MOD, fds[1], &event), ENOENT);
  CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_DEL, fds[1], 0), ENOENT);
  CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, 12345, &event), EBADF);
  CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, set, &event), EINVAL);
  CHECK_ERRNO(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &event), EINVAL);
  CHECK_ERRNO(epoll_ctl(set, 99, fds[1], &event), EINVAL);
  CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, fds[1], (void *)8), EFAULT);
  CHECK_ERRNO(epoll_wait(set, got, 0, 0), EINVAL);
  CHECK_ERRNO(epoll_wait(file, got, 1, 0), EINVAL);
  CHECK_ERRNO(epoll_create1(1), EINVAL);
#ifdef SYS_epoll_create
  CHECK_ERRNO(syscall(SYS_epoll_create, 0), EINVAL);
#endif
}

int main(void) {
  set = epoll_create1(0);
  REQUIRE(set >= 0 && pipe(fds) == 0);
  check_level();
  check_edge_and_one_shot();
  check_closing();
  check_special_files();
  check_errors();
  return finish();
}
