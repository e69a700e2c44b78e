// idle-connections: TCP connections on which nothing happens wake nobody. man 7 tcp, 7 epoll.
//
// idle-connections COUNT [ADDRESS PORT COUNT]   holds so many on the loopback interface, and to ADDRESS; says "ready", and waits for a line
#include <sys/epoll.h>
#include <sys/resource.h>

#include "tcp.h"

#define FEW 50

static int epoll;

static void watch(int fd) {
  struct epoll_event event = {EPOLLIN, {.fd = fd}};
  REQUIRE(fd >= 0);
  REQUIRE(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void hold_pairs(int count) {
  int listener = tcp_listener(), pair[2];
  for (int i = 0; i < count; i++) {
    connect_pair(listener, pair);
    watch(pair[0]), watch(pair[1]);
  }
  watch(listener);
}

static void hold_outside(const char *ip, int port, int count) {
  while (count-- > 0) {
    int fd = tcp_socket();
    REQUIRE(connect_at(fd, ipv4(ip, port)) == 0);
    watch(fd);
  }
}

int main(int argc, char **argv) {
  struct rlimit limit;
  struct epoll_event event;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  epoll = epoll_create1(0);
  hold_pairs(argc > 1 ? atoi(argv[1]) : FEW);
  if (argc > 4) hold_outside(argv[2], atoi(argv[3]), atoi(argv[4]));
  if (argc > 1) {
    watch(STDIN_FILENO);
    CHECK_EQ(write(STDOUT_FILENO, "ready\n", 6), 6);
  }
  CHECK_EQ(epoll_wait(epoll, &event, 1, argc > 1 ? -1 : 50), argc > 1);
  if (argc > 1) CHECK_EQ(event.data.fd, STDIN_FILENO);
  return finish();
}
