// tcp-urgent: the out-of-band byte: MSG_OOB, SO_OOBINLINE, SIOCATMARK, SIGURG, POLLPRI. man 7 tcp, man 7 socket.
#include <sys/epoll.h>

#include "processes.h"
#include "tcp.h"

static int at_mark(int fd) {
  int is_at = -1;
  return ioctl(fd, SIOCATMARK, &is_at) == 0 ? is_at : -errno;
}

static void check_byte(void) {
  int s[2];
  char buffer[16];
  tcp_pair(s);
  CHECK_ERRNO(recv(s[1], buffer, 1, MSG_OOB), EINVAL);
  CHECK_EQ(at_mark(s[1]), 0);
  CHECK_EQ(send(s[0], "abc", 3, 0), 3);
  // Only the last byte is urgent.
  CHECK_EQ(send(s[0], "deF", 3, MSG_OOB), 3);
  CHECK_EQ(send(s[0], "ghi", 3, 0), 3);
  CHECK_EQ(await(s[1], POLLPRI), POLLPRI);
  CHECK_EQ(ready(s[1]), POLLIN | POLLOUT | POLLPRI);
  CHECK_EQ(waiting(s[1]), 5);
  // A receive ends before it, and the next one leaves it out.
  CHECK_EQ(recv(s[1], buffer, 16, MSG_PEEK), 5);
  CHECK_EQ(recv(s[1], buffer, 2, 0), 2);
  CHECK_EQ(recv(s[1], buffer, 16, MSG_WAITALL), 3);
  CHECK(!memcmp(buffer, "cde", 3));
  CHECK_EQ(at_mark(s[1]), 1);
  CHECK_EQ(recv(s[1], buffer, 16, MSG_OOB | MSG_PEEK), 1);
  CHECK_EQ(recv(s[1], buffer, 16, MSG_OOB), 1);
  CHECK_EQ(buffer[0], 'F');
  CHECK_ERRNO(recv(s[1], buffer, 16, MSG_OOB), EINVAL);
  CHECK_EQ(ready(s[1]), POLLIN | POLLOUT);
  CHECK_EQ(at_mark(s[1]), 1);
  CHECK_EQ(recv(s[1], buffer, 16, 0), 3);
  CHECK(!memcmp(buffer, "ghi", 3));
  CHECK_EQ(at_mark(s[1]), 0);
  close_pair(s);
}

static void check_alone(void) {
  int s[2];
  char buffer[16];
  tcp_pair(s);
  CHECK_EQ(send(s[0], "!", 1, MSG_OOB), 1);
  CHECK_EQ(await(s[1], POLLPRI), POLLPRI);
  CHECK_EQ(ready(s[1]), POLLOUT | POLLPRI);
  CHECK_EQ(at_mark(s[1]), 1);
  CHECK_EQ(waiting(s[1]), 0);
  struct iovec part = {buffer, 16};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  CHECK_EQ(recvmsg(s[1], &message, MSG_OOB), 1);
  CHECK_EQ(message.msg_flags & MSG_OOB, MSG_OOB);
  // A receive that finds nothing else passes it.
  CHECK_ERRNO(recv(s[1], buffer, 16, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(at_mark(s[1]), 0);
  // A second one takes the place of the first, which is lost at the mark, and a byte like others before it.
  CHECK_EQ(send(s[0], "ab1", 3, MSG_OOB), 3);
  CHECK_EQ(await(s[1], POLLPRI), POLLPRI);
  CHECK_EQ(send(s[0], "cd2", 3, MSG_OOB), 3);
  CHECK_EQ(recv(s[1], buffer, 5, MSG_WAITALL), 5);
  CHECK(!memcmp(buffer, "ab1cd", 5));
  CHECK_EQ(recv(s[1], buffer, 1, MSG_OOB), 1);
  CHECK_EQ(buffer[0], '2');
  CHECK_EQ(send(s[0], "ef3", 3, MSG_OOB), 3);
  CHECK_EQ(await(s[1], POLLPRI), POLLPRI);
  CHECK_EQ(recv(s[1], buffer, 16, 0), 2);
  CHECK(!memcmp(buffer, "ef", 2));
  close_pair(s);
}

static void check_inline(void) {
  int s[2];
  char buffer[16];
  tcp_pair(s);
  CHECK_EQ(set_number(s[1], SOL_SOCKET, SO_OOBINLINE, 1), 0);
  CHECK_EQ(send(s[0], "abC", 3, MSG_OOB), 3);
  CHECK_EQ(send(s[0], "de", 2, 0), 2);
  CHECK_EQ(await(s[1], POLLPRI), POLLPRI);
  CHECK_EQ(waiting(s[1]), 5);
  CHECK_ERRNO(recv(s[1], buffer, 1, MSG_OOB), EINVAL);
  CHECK_EQ(recv(s[1], buffer, 16, 0), 2);
  CHECK_EQ(at_mark(s[1]), 1);
  CHECK_EQ(recv(s[1], buffer, 16, 0), 3);
  CHECK(!memcmp(buffer, "Cde", 3));
  CHECK_EQ(at_mark(s[1]), 0);
  CHECK_EQ(ready(s[1]), POLLOUT);
  close_pair(s);
}

static void check_signal(void) {
  int s[2], owner = 0;
  tcp_pair(s);
  catch_signal(SIGURG);
  CHECK_EQ(send(s[0], "1", 1, MSG_OOB), 1);
  CHECK_EQ(await(s[1], POLLPRI), POLLPRI);
  CHECK_EQ(signals_seen, 0);
  CHECK_EQ(fcntl(s[1], F_SETOWN, getpid()), 0);
  CHECK_EQ(ioctl(s[1], SIOCGPGRP, &owner), 0);
  CHECK_EQ(owner, getpid());
  CHECK_EQ(send(s[0], "x", 1, 0), 1);
  CHECK_EQ(signals_seen, 0);
  CHECK_EQ(send(s[0], "2", 1, MSG_OOB), 1);
  CHECK(EVENTUALLY(signals_seen == 1));
  close_pair(s);
}

static void check_epoll(void) {
  int s[2], epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLPRI | EPOLLET};
  tcp_pair(s);
  CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, s[1], &event), 0);
  CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 0);
  CHECK_EQ(send(s[0], "u", 1, MSG_OOB), 1);
  CHECK_EQ(epoll_wait(epoll, &event, 1, 5000), 1);
  CHECK_EQ(event.events, EPOLLPRI);
  CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 0);
  close_pair(s), close(epoll);
}

int main(void) {
  limit_time();
  check_byte();
  check_alone();
  check_inline();
  check_signal();
  check_epoll();
  return finish();
}
