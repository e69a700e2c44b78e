// tcp-backlog: connections to a listener whose backlog is full, which wait, and time out. man 2 connect, listen, man 7 tcp.
// not in CI's beds: emulation makes it slow
#include "processes.h"
#include "tcp.h"

enum { MANY = 200 };

// A listener with as many connections as it takes; the last of them that was made is closed with it.
static int full_listener(int *waiting) {
  int listener = listener_at(ipv4("127.0.0.1", 0), 0);
  *waiting = tcp_socket();
  CHECK_EQ(connect_at(*waiting, name_of(listener)), 0);
  return listener;
}

// A socket that tries again so often.
static int trying(int retries) {
  int fd = tcp_socket();
  CHECK_EQ(set_number(fd, SOL_TCP, TCP_SYNCNT, retries), 0);
  return fd;
}

static int begun(int listener, int retries) {
  int fd = trying(retries);
  set_nonblocking(fd);
  CHECK_ERRNO(connect_at(fd, name_of(listener)), EINPROGRESS);
  return fd;
}

// Room comes before the time is over.
static void check_room(void) {
  int waiting, listener = full_listener(&waiting), fd = begun(listener, 6);
  char byte;
  CHECK_EQ(ready(fd), 0);
  CHECK_ERRNO(connect_at(fd, name_of(listener)), EALREADY);
  CHECK_EQ(number_option(fd, SOL_SOCKET, SO_ERROR), 0);
  CHECK_ERRNO(getpeername(fd, &(struct sockaddr){0}, &(socklen_t){0}), ENOTCONN);
  CHECK_ERRNO(send(fd, "x", 1, 0), EAGAIN);
  CHECK_ERRNO(recv(fd, &byte, 1, 0), EAGAIN);
  int first = accept(listener, NULL, NULL);
  CHECK_EQ(await(fd, POLLOUT), POLLOUT);
  CHECK_EQ(number_option(fd, SOL_SOCKET, SO_ERROR), 0);
  CHECK_EQ(connect_at(fd, name_of(listener)), 0);
  CHECK_ERRNO(connect_at(fd, name_of(listener)), EISCONN);
  int second = accept(listener, NULL, NULL);
  CHECK(is_same(peer_of(second), name_of(fd)));
  close(first), close(second), close(fd), close(waiting), close(listener);
}

// SO_SNDTIMEO ends the call, not the connection.
static void check_send_timeout(void) {
  int waiting, listener = full_listener(&waiting), fd = trying(6);
  set_timeout(fd, SO_SNDTIMEO, 20);
  CHECK_ERRNO(connect_at(fd, name_of(listener)), EINPROGRESS);
  CHECK_EQ(ready(fd), 0);
  CHECK_ERRNO(connect_at(fd, name_of(listener)), EALREADY);
  set_timeout(fd, SO_SNDTIMEO, 0);
  int first = accept(listener, NULL, NULL);
  CHECK_EQ(connect_at(fd, name_of(listener)), 0);
  close(first), close(fd), close(waiting), close(listener);
}

// After all tries: ETIMEDOUT, for whoever asks first.
static void check_timeout(void) {
  int waiting, listener = full_listener(&waiting), fds[4];
  for (int i = 0; i < 3; i++) fds[i] = begun(listener, 1);
  // TCP_USER_TIMEOUT ends it before that.
  fds[3] = trying(6);
  set_nonblocking(fds[3]);
  CHECK_EQ(set_number(fds[3], SOL_TCP, TCP_USER_TIMEOUT, 1000), 0);
  CHECK_ERRNO(connect_at(fds[3], name_of(listener)), EINPROGRESS);
  long long start = now_ns();
  int blocking = trying(1);
  CHECK_ERRNO(connect_at(blocking, name_of(listener)), ETIMEDOUT);
  CHECK(now_ns() - start > 2900000000ll);
  // It can connect anew.
  struct address holder_name = refusing(&(int){0});
  CHECK_ERRNO(connect_at(blocking, holder_name), ECONNREFUSED);
  for (int i = 0; i < 4; i++) {
    CHECK_EQ(await(fds[i], POLLIN | POLLRDHUP), POLLIN | POLLRDHUP | POLLERR | POLLHUP);
    CHECK_EQ(ready(fds[i]), POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP);
  }
  CHECK_EQ(number_option(fds[0], SOL_SOCKET, SO_ERROR), ETIMEDOUT);
  CHECK_EQ(number_option(fds[0], SOL_SOCKET, SO_ERROR), 0);
  CHECK_ERRNO(connect_at(fds[0], name_of(listener)), ECONNABORTED);
  CHECK_ERRNO(connect_at(fds[0], name_of(listener)), EINPROGRESS);
  CHECK_ERRNO(connect_at(fds[1], name_of(listener)), ETIMEDOUT);
  CHECK_ERRNO(send(fds[2], "x", 1, MSG_NOSIGNAL), ETIMEDOUT);
  CHECK_ERRNO(send(fds[2], "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_ERRNO(recv(fds[3], &(char){0}, 1, 0), ETIMEDOUT);
  CHECK_EQ(recv(fds[3], &(char){0}, 1, 0), 0);
  for (int i = 0; i < 4; i++) close(fds[i]);
  close(blocking), close(waiting), close(listener);
}

// Nothing of connections that were given up stays at the listener.
static void check_many(void) {
  int waiting, listener = full_listener(&waiting), fds[MANY];
  for (int i = 0; i < MANY; i++) fds[i] = begun(listener, 6);
  for (int i = 0; i < MANY; i++) close(fds[i]);
  int first = accept(listener, NULL, NULL), last = tcp_socket();
  CHECK_EQ(connect_at(last, name_of(listener)), 0);
  int second = accept(listener, NULL, NULL);
  CHECK(is_same(peer_of(second), name_of(last)));
  set_nonblocking(listener);
  CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
  close(first), close(second), close(last), close(waiting), close(listener);
}

int main(void) {
  limit_time();
  CHECK_IN_CHILD check_room();
  CHECK_IN_CHILD check_send_timeout();
  CHECK_IN_CHILD check_timeout();
  CHECK_IN_CHILD check_many();
  return finish();
}
