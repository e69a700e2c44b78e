// tcp-stream: the bytes of a connection: MSG_*, waits and their time limits, full buffers, bad memory, vectors. man 7 tcp, man 2 send, recv.
#include "tcp.h"
#include "threads.h"

static void check_bytes(void) {
  int s[2];
  char buffer[64];
  tcp_pair(s);
  CHECK_EQ(write(s[0], "hello", 5), 5);
  CHECK_EQ(send(s[0], " world", 6, MSG_MORE), 6);
  CHECK_EQ(send(s[0], "!", 1, 0), 1);
  CHECK_EQ(recv(s[1], buffer, 12, MSG_WAITALL | MSG_PEEK), 12);
  CHECK(!memcmp(buffer, "hello world!", 12));
  CHECK_EQ(waiting(s[1]), 12);
  CHECK_EQ(waiting(s[0]), 0);
  CHECK_EQ(read(s[1], buffer, 3), 3);
  struct iovec parts[2] = {{buffer, 4}, {buffer + 10, 20}};
  CHECK_EQ(readv(s[1], parts, 2), 9);
  CHECK(!memcmp(buffer, "lo w", 4) && !memcmp(buffer + 10, "orld!", 5));
  CHECK_ERRNO(recv(s[1], buffer, 1, MSG_DONTWAIT), EAGAIN);
  CHECK_ERRNO(recv(s[1], buffer, 1, MSG_ERRQUEUE), EAGAIN);
  CHECK_ERRNO(recv(s[1], buffer, 0, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(read(s[1], buffer, 0), 0);
  CHECK_EQ(send(s[0], "", 0, 0), 0);
  struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  CHECK_EQ(writev(s[1], out, 3), 5);
  CHECK_EQ(recv(s[0], buffer, 64, MSG_WAITALL | MSG_DONTWAIT), 5);
  // MSG_TRUNC throws bytes away.
  CHECK_EQ(send(s[0], "abcdef", 6, MSG_EOR), 6);
  buffer[0] = '-';
  CHECK_EQ(recv(s[1], buffer, 4, MSG_TRUNC), 4);
  CHECK_EQ(buffer[0], '-');
  CHECK_EQ(recv(s[1], buffer, 9, 0), 2);
  CHECK(!memcmp(buffer, "ef", 2));
  // A stream has no names: recvfrom leaves the length at 0, and sendto ignores its address.
  struct address name = name_of(s[0]);
  CHECK_EQ(sendto(s[0], "x", 1, 0, &name.any, sizeof(struct sockaddr_in)), 1);
  CHECK_EQ(recvfrom(s[1], buffer, 9, 0, &name.any, &name.length), 1);
  struct iovec one = {buffer, 9};
  struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_name = &name, .msg_namelen = sizeof(name)};
  CHECK_EQ(send(s[0], "y", 1, 0), 1);
  CHECK_EQ(recvmsg(s[1], &message, 0), 1);
  CHECK_EQ(message.msg_namelen, 0);
  CHECK_EQ(message.msg_flags, 0);
  close_pair(s);
}

static void check_faults(void) {
  int s[2];
  char *edge = at_page_end(4, 2), buffer[8];
  tcp_pair(s);
  CHECK_ERRNO(send(s[0], (void *)8, 1, 0), EFAULT);
  CHECK_ERRNO(recv(s[1], buffer, 8, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(send(s[0], "abcd", 4, 0), 4);
  CHECK_ERRNO(recv(s[1], (void *)8, 4, 0), EFAULT);
  CHECK_ERRNO(recv(s[1], read_only_page(), 4, 0), EFAULT);
  // What could not be stored stays.
  CHECK_EQ(recv(s[1], edge, 2, 0), 2);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 2);
  CHECK(!memcmp(edge, "ab", 2) && !memcmp(buffer, "cd", 2));
  close_pair(s);
}

static void check_time_limits(void) {
  int s[2], listener = tcp_listener();
  char byte;
  connect_pair(listener, s);
  set_timeout(s[0], SO_RCVTIMEO, 20);
  long long began = now_ns();
  CHECK_ERRNO(recv(s[0], &byte, 1, 0), EAGAIN);
  CHECK(now_ns() - began >= 19000000);
  set_timeout(listener, SO_RCVTIMEO, 20);
  CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
  // Bytes that came before the time was over.
  CHECK_EQ(send(s[1], "ab", 2, 0), 2);
  char buffer[8];
  CHECK_EQ(recv(s[0], buffer, 8, MSG_WAITALL), 2);
  set_timeout(s[1], SO_SNDTIMEO, 20);
  fill(s[1]);
  CHECK_ERRNO(send(s[1], &byte, 1, 0), EAGAIN);
  close_pair(s), close(listener);
}

static void check_interrupts(void) {
  int s[2];
  char buffer[8];
  tcp_pair(s);
  catch_signal(SIGALRM);
  alarm_every(20);
  CHECK_ERRNO(recv(s[0], buffer, 1, 0), EINTR);
  CHECK_EQ(send(s[1], "abc", 3, 0), 3);
  CHECK_EQ(recv(s[0], buffer, 8, MSG_WAITALL), 3);
  // A send that has sent something returns that.
  static char block[1 << 20];
  long total = 0;
  ssize_t sent;
  while ((sent = send(s[1], block, sizeof(block), 0)) == sizeof(block)) total += sent;
  CHECK(sent == -1 ? errno == EINTR : sent > 0);
  CHECK_ERRNO(send(s[1], block, 1, 0), EINTR);
  alarm_every(0);
  close_pair(s);
  limit_time();
}

// Buffers of a chosen size bound what is under way.
static void check_bounds(void) {
  int s[2];
  char buffer[4096];
  int listener = tcp_listener();
  CHECK_EQ(set_number(listener, SOL_SOCKET, SO_RCVBUF, 8192), 0);
  connect_pair(listener, s);
  CHECK_EQ(set_number(s[0], SOL_SOCKET, SO_SNDBUF, 8192), 0);
  CHECK_EQ(option(s[0], SO_SNDBUF), 16384);
  CHECK_EQ(option(s[1], SO_RCVBUF), 16384);
  long total = fill(s[0]);
  CHECK(total >= 4096 && total <= 131072);
  CHECK_EQ(ready(s[0]), 0);
  CHECK(waiting(s[1]) > 0 && waiting(s[1]) <= 16384);
  int unsent = -1;
  CHECK_EQ(ioctl(s[0], SIOCOUTQ, &unsent), 0);
  CHECK(unsent > 0 && unsent <= total);
  long got = 0;
  ssize_t received;
  while (got < total && (received = recv(s[1], buffer, sizeof(buffer), 0)) > 0) got += received;
  CHECK_EQ(got, total);
  CHECK_EQ(await(s[0], POLLOUT), POLLOUT);
  CHECK(EVENTUALLY(ioctl(s[0], SIOCOUTQ, &unsent) == 0 && unsent == 0));
  close_pair(s), close(listener);
}

#define STREAM (6 << 20)
static char byte_at(long at) { return (char)(at * 7 + (at >> 8) * 13 + (at >> 16)); }

// Pieces of all sizes arrive whole and in order.
static void check_stream(void) {
  int s[2];
  static char block[200000];
  unsigned random = 7;
  tcp_pair(s);
  pid_t child;
  IN_CHILD(child) {
    close(s[1]);
    for (long at = 0; at < STREAM;) {
      random = random * 1103515245 + 12345;
      size_t length = (random >> 8) % (random & 64 ? sizeof(block) : 700) + 1;
      if (length > (size_t)(STREAM - at)) length = (size_t)(STREAM - at);
      for (size_t i = 0; i < length; i++) block[i] = byte_at(at + (long)i);
      struct iovec parts[2] = {{block, length / 3}, {block + length / 3, length - length / 3}};
      CHECK_EQ(random & 128 ? write(s[0], block, length) : writev(s[0], parts, 2), length);
      at += (long)length;
    }
    close(s[0]);
  }
  close(s[0]);
  long at = 0;
  for (ssize_t got; (got = recv(s[1], block, (random = random * 69069 + 1) >> 14 & 65535, 0)) > 0;) {
    bool is_right = true;
    for (long i = 0; i < got; i++) is_right &= block[i] == byte_at(at + i);
    CHECK(is_right);
    at += got;
  }
  CHECK_EQ(at, STREAM);
  CHECK_EQ(ended(child), 0);
  close(s[1]);
}

static void *send_later(void *fd) {
  for (int i = 0; i < 4; i++) {
    sleep_ms(5);
    CHECK_EQ(send(*(int *)fd, "abcdefgh", 8, 0), 8);
  }
  return 0;
}

static void *shut_later(void *fd) {
  sleep_ms(20);
  CHECK_EQ(shutdown(*(int *)fd, SHUT_RDWR), 0);
  return 0;
}

static void check_waits(void) {
  int s[2];
  char buffer[64];
  tcp_pair(s);
  pthread_t other = start(send_later, &s[0]);
  CHECK_EQ(recv(s[1], buffer, 32, MSG_WAITALL), 32);
  join(other);
  // SO_RCVLOWAT.
  CHECK_EQ(set_number(s[1], SOL_SOCKET, SO_RCVLOWAT, 16), 0);
  CHECK_EQ(send(s[0], "abcd", 4, 0), 4);
  CHECK_EQ(ready(s[1]), POLLOUT);
  other = start(send_later, &s[0]);
  CHECK(recv(s[1], buffer, 64, 0) >= 16);
  join(other);
  CHECK_EQ(set_number(s[1], SOL_SOCKET, SO_RCVLOWAT, 1), 0);
  while (recv(s[1], buffer, 64, MSG_DONTWAIT) > 0) continue;
  // Its own shutdown ends a wait.
  other = start(shut_later, &s[1]);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 0);
  join(other);
  close_pair(s);
}

int main(void) {
  limit_time();
  check_bytes();
  check_faults();
  check_time_limits();
  check_interrupts();
  check_bounds();
  check_waits();
  check_stream();
  return finish();
}
