// tcp-poll: what poll(2) and epoll(7) say about a TCP socket in each of its states, level and edge. man 7 epoll, man 7 tcp.
#include <sys/epoll.h>

#include "processes.h"
#include "tcp.h"

static int epoll_with(int fd, uint32_t events) {
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = events, .data.fd = fd};
  REQUIRE(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
  return epoll;
}

// The events of one descriptor, 0: none within the time.
static int next_events(int epoll, int milliseconds) {
  struct epoll_event event;
  return epoll_wait(epoll, &event, 1, milliseconds) == 1 ? (int)event.events : 0;
}

static void check_states(void) {
  int fd = tcp_socket(), listener = tcp_listener(), s[2];
  char byte;
  CHECK_EQ(ready(fd), POLLOUT | POLLHUP);
  CHECK_EQ(ready(listener), 0);
  CHECK_EQ(connect_at(fd, name_of(listener)), 0);
  CHECK_EQ(await(listener, POLLIN), POLLIN);
  CHECK_EQ(ready(listener), POLLIN);
  CHECK_EQ(ready(fd), POLLOUT);
  close(fd), close(accept(listener, NULL, NULL));
  CHECK_EQ(ready(listener), 0);
  CHECK_EQ(shutdown(listener, SHUT_RD), 0);
  CHECK_EQ(ready(listener) & POLLHUP, POLLHUP);
  close(listener);

  tcp_pair(s);
  CHECK_EQ(send(s[0], "x", 1, 0), 1);
  CHECK_EQ(await(s[1], POLLIN), POLLIN);
  CHECK_EQ(ready(s[1]), POLLIN | POLLOUT);
  CHECK_EQ(recv(s[1], &byte, 1, 0), 1);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  CHECK_EQ(ready(s[0]), POLLOUT);
  CHECK_EQ(await(s[1], POLLIN), POLLIN);
  CHECK_EQ(ready(s[1]), POLLIN | POLLOUT | POLLRDHUP);
  CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
  CHECK_EQ(await(s[0], POLLIN), POLLIN | POLLHUP);
  CHECK_EQ(ready(s[0]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  CHECK_EQ(ready(s[1]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  close_pair(s);

  tcp_pair(s);
  CHECK_EQ(shutdown(s[0], SHUT_RD), 0);
  CHECK_EQ(ready(s[0]), POLLIN | POLLOUT | POLLRDHUP);
  CHECK_EQ(ready(s[1]), POLLOUT);
  fill(s[1]);
  CHECK_EQ(ready(s[1]), 0);
  close_pair(s);
}

static void check_level(void) {
  int s[2];
  char byte;
  tcp_pair(s);
  int epoll = epoll_with(s[1], EPOLLIN | EPOLLRDHUP);
  CHECK_EQ(next_events(epoll, 0), 0);
  CHECK_EQ(send(s[0], "ab", 2, 0), 2);
  CHECK_EQ(next_events(epoll, 5000), EPOLLIN);
  CHECK_EQ(next_events(epoll, 0), EPOLLIN);
  CHECK_EQ(recv(s[1], &byte, 1, 0), 1);
  CHECK_EQ(next_events(epoll, 0), EPOLLIN);
  CHECK_EQ(recv(s[1], &byte, 1, 0), 1);
  CHECK_EQ(next_events(epoll, 0), 0);
  close(s[0]);
  CHECK_EQ(next_events(epoll, 5000), EPOLLIN | EPOLLRDHUP);
  close(s[1]), close(epoll);
}

static void check_edge(void) {
  int s[2];
  static char block[1 << 16];
  tcp_pair(s);
  int reads = epoll_with(s[1], EPOLLIN | EPOLLET), writes = epoll_with(s[0], EPOLLOUT | EPOLLET);
  CHECK_EQ(next_events(writes, 0), EPOLLOUT);
  CHECK_EQ(next_events(writes, 0), 0);
  CHECK_EQ(send(s[0], "ab", 2, 0), 2);
  CHECK_EQ(next_events(reads, 5000), EPOLLIN);
  CHECK_EQ(next_events(reads, 0), 0);
  // More bytes are another edge, although those before were not read.
  CHECK_EQ(send(s[0], "c", 1, 0), 1);
  CHECK_EQ(next_events(reads, 5000), EPOLLIN);
  CHECK_EQ(recv(s[1], block, 3, 0), 3);
  CHECK_EQ(next_events(reads, 0), 0);
  // Room again is an edge for a sender that was refused.
  set_nonblocking(s[0]), set_nonblocking(s[1]);
  fill(s[0]);
  CHECK_EQ(next_events(writes, 0), 0);
  bool has_room = EVENTUALLY(recv(s[1], block, sizeof(block), 0) < 0 && next_events(writes, 0) == EPOLLOUT);
  CHECK(has_room);
  while (recv(s[1], block, sizeof(block), 0) > 0) continue;
  while (next_events(reads, 10)) continue;
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  CHECK_EQ(next_events(reads, 5000), EPOLLIN);
  CHECK_EQ(next_events(reads, 0), 0);
  linger_not(s[0]);
  close(s[0]);
  CHECK_EQ(next_events(reads, 5000) & (EPOLLIN | EPOLLHUP | EPOLLERR), EPOLLIN | EPOLLHUP | EPOLLERR);
  close(s[1]), close(reads), close(writes);
}

static void check_connect(void) {
  int listener = tcp_listener(), fd = tcp_socket();
  int accepts = epoll_with(listener, EPOLLIN | EPOLLET);
  set_nonblocking(fd);
  int epoll = epoll_with(fd, EPOLLIN | EPOLLOUT | EPOLLET);
  CHECK_EQ(next_events(epoll, 0), EPOLLOUT | EPOLLHUP);
  CHECK_ERRNO(connect_at(fd, name_of(listener)), EINPROGRESS);
  CHECK_EQ(next_events(epoll, 5000), EPOLLOUT);
  CHECK_EQ(next_events(accepts, 5000), EPOLLIN);
  CHECK_EQ(next_events(accepts, 0), 0);
  int other = tcp_socket();
  CHECK_EQ(connect_at(other, name_of(listener)), 0);
  CHECK_EQ(next_events(accepts, 5000), EPOLLIN);
  close(other), close(fd), close(listener), close(epoll), close(accepts);
}

int main(void) {
  limit_time();
  check_states();
  check_level();
  check_edge();
  check_connect();
  return finish();
}
