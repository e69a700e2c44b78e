// hostile-sockets: thousands of TCP and UDP sockets, full backlogs, floods, resets and cycles: each ends at a limit, all is given back. man 7 tcp, 7 udp.
// not in CI's beds: emulation makes it slow
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "processes.h"

#define MANY 10000
#define LEAST 400
#define SOME 500
#define FLOOD 10000

static int fds[2 * MANY];

static int tcp(void) { return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); }

static struct sockaddr_in loopback(uint16_t port) {
  return (struct sockaddr_in){AF_INET, port, {htonl(INADDR_LOOPBACK)}, {0}};
}

// At a port of the kernel's choice, in network order.
static int bound(int type, uint16_t *port) {
  struct sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
  REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0);
  REQUIRE(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
  *port = address.sin_port;
  return fd;
}

static int listener(int backlog, uint16_t *port) {
  int fd = bound(SOCK_STREAM, port);
  REQUIRE(listen(fd, backlog) == 0);
  return fd;
}

static int start_connection(int fd, uint16_t port) {
  struct sockaddr_in address = loopback(port);
  return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
}

static bool is_ready(int fd, short events) {
  struct pollfd polled = {fd, events, 0};
  return poll(&polled, 1, 1000) == 1;
}

// Two ends: fds[at] and fds[at + 1].
static bool connect_pair(int server, uint16_t port, int at) {
  fds[at + 1] = -1;
  if ((fds[at] = tcp()) < 0) return false;
  int error = start_connection(fds[at], port);
  if (error == EINPROGRESS && is_ready(server, POLLIN))
    fds[at + 1] = accept4(server, 0, 0, SOCK_NONBLOCK);
  if (fds[at + 1] >= 0) return true;
  close(fds[at]);
  return false;
}

static void close_pairs(int count) {
  for (int i = 0; i < 2 * count; i++) close(fds[i]);
}

static void reset(int fd) {
  struct linger now = {1, 0};
  CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
  close(fd);
}

// As many as descriptors allow, through one listener: all are ready at once, and idle ones are not.
static void many_connections(void) {
  struct rlimit limit;
  uint16_t port;
  int server = listener(128, &port), epoll = epoll_create1(0), count = 0;
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  while (count < MANY && (count <= LEAST || !is_late()) && connect_pair(server, port, 2 * count)) {
    struct epoll_event event = {EPOLLIN, {.fd = count}};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[2 * count + 1], &event) != 0) CHECK(errno == ENOSPC);
    count++;
  }
  CHECK(count > LEAST);
  struct epoll_event events[16];
  CHECK_EQ(epoll_wait(epoll, events, 16, 0), 0);
  for (int i = 0; i < count; i += count / 10) {
    CHECK_EQ(send(fds[2 * i], "x", 1, 0), 1);
    CHECK_EQ(epoll_wait(epoll, events, 16, 1000), 1);
    CHECK_EQ(events[0].data.fd, i);
    char byte;
    CHECK_EQ(read(fds[2 * i + 1], &byte, 1), 1);
  }
  close(server), close_pairs(count), close(epoll);
}

// A listener that accepts nothing: connectors wait, and are refused when it goes.
static void full_backlog(void) {
  uint16_t port;
  int server = listener(1, &port), waiting = 0;
  for (int i = 0; i < SOME; i++) {
    fds[i] = tcp();
    CHECK_EQ(start_connection(fds[i], port), EINPROGRESS);
    struct pollfd polled = {fds[i], POLLOUT, 0};
    waiting += poll(&polled, 1, 0) == 0;
  }
  CHECK(waiting >= SOME - 3);
  // Every other one gives up.
  for (int i = 0; i < SOME; i += 2) close(fds[i]);
  int accepted = accept4(server, 0, 0, SOCK_NONBLOCK);
  CHECK(accepted >= 0);
  close(accepted), close(server);
  for (int i = 1; i < SOME; i += 2) close(fds[i]);
}

// Connect and reset, over and over: nothing adds up, and the listener still answers.
static void reset_storm(void) {
  uint16_t port;
  int server = listener(128, &port);
  for (int i = 0; i < FLOOD / 10 && !is_late(); i++) {
    int fd = tcp();
    CHECK_EQ(start_connection(fd, port), EINPROGRESS);
    if (i % 2) CHECK_EQ(write(fd, "hello", 5), 5);
    reset(fd);
    int accepted = accept4(server, 0, 0, SOCK_NONBLOCK);
    char bytes[8];
    if (accepted >= 0 && recv(accepted, bytes, sizeof bytes, 0) < 0) CHECK(errno == ECONNRESET);
    if (accepted >= 0) close(accepted);
  }
  CHECK(connect_pair(server, port, 0));
  close_pairs(1), close(server);
}

// A peer that never reads, and one that is half open: a sender stops at a bound, and ends with the peer.
static void slow_reader(void) {
  static char block[1 << 16];
  uint16_t port;
  int server = listener(8, &port);
  long sent = 0, n;
  REQUIRE(connect_pair(server, port, 0));
  signal(SIGPIPE, SIG_IGN);
  while ((n = send(fds[0], block, sizeof block, 0)) > 0) sent += n;
  CHECK(n == -1 && errno == EAGAIN && sent < 64 << 20);
  CHECK_EQ(shutdown(fds[0], SHUT_WR), 0);
  CHECK_ERRNO(send(fds[0], block, 1, 0), EPIPE);
  reset(fds[1]);
  CHECK(is_ready(fds[0], POLLIN));
  CHECK(recv(fds[0], block, 1, 0) <= 0);
  close(fds[0]), close(server);
}

// A reader that takes a byte at a time, from a sender that always has more: neither waits for ever, and no byte is lost.
static void trickle(void) {
  static char block[1 << 12];
  uint16_t port;
  int server = listener(8, &port);
  REQUIRE(connect_pair(server, port, 0));
  long sent = 0, received = 0, n;
  while (sent < 1 << 20 && (n = send(fds[0], block, sizeof block, 0)) > 0) sent += n;
  for (char byte; received < 1000; received++)
    REQUIRE(is_ready(fds[1], POLLIN) && recv(fds[1], &byte, 1, 0) == 1);
  close(fds[0]);
  while (is_ready(fds[1], POLLIN) && (n = recv(fds[1], block, sizeof block, 0)) > 0) received += n;
  CHECK_EQ(received, sent);
  close(fds[1]), close(server);
}

// A peer that goes without a word while it is written to, half open: its listener's process is killed.
static void half_open(void) {
  uint16_t port;
  int server = listener(8, &port);
  REQUIRE(connect_pair(server, port, 0));
  pid_t peer;
  IN_CHILD(peer) {
    close(fds[0]);
    pause();
  }
  close(fds[1]), close(server);
  struct pollfd polled = {fds[0], POLLIN, 0};
  CHECK_EQ(poll(&polled, 1, 0), 0);
  CHECK_EQ(send(fds[0], "x", 1, MSG_NOSIGNAL), 1);
  kill(peer, SIGKILL);
  CHECK_EQ(waitpid(peer, 0, 0), peer);
  char byte;
  CHECK(is_ready(fds[0], POLLIN) && recv(fds[0], &byte, 1, 0) <= 0);
  while (send(fds[0], "x", 1, MSG_NOSIGNAL) > 0) continue;
  CHECK(errno == EPIPE || errno == ECONNRESET);
  close(fds[0]);
}

// Nobody reads, nobody is there, or the last part never comes.
static void datagram_floods(void) {
  static char block[1 << 15];
  uint16_t port, nobody;
  int receiver = bound(SOCK_DGRAM, &port), sender = tcp(), gone = bound(SOCK_DGRAM, &nobody),
      count = 0, one = 1;
  struct sockaddr_in address = loopback(port);
  close(sender), close(gone);
  sender = bound(SOCK_DGRAM, &nobody);
  for (int i = 0; i < FLOOD; i++) {
    long n = sendto(sender, block, i % 2 ? 0 : 1000, MSG_DONTWAIT, (struct sockaddr *)&address,
                    sizeof address);
    CHECK(n >= 0 || errno == EAGAIN || errno == ENOBUFS);
  }
  while (recv(receiver, block, sizeof block, 0) >= 0) count++;
  CHECK(count > 0 && count < FLOOD / 2);
  // Corked: a datagram ends at 65,507 bytes; parts without bytes add nothing.
  CHECK_EQ(connect(sender, (struct sockaddr *)&address, sizeof address), 0);
  CHECK_EQ(setsockopt(sender, IPPROTO_UDP, UDP_CORK, &one, sizeof one), 0);
  for (int i = 0; i < FLOOD; i++) CHECK_EQ(send(sender, block, 0, 0), 0);
  CHECK_EQ(send(sender, block, sizeof block, 0), sizeof block);
  CHECK_ERRNO(send(sender, block, sizeof block, 0), EMSGSIZE);
  close(sender), close(receiver);
}

static int send_descriptor(int socket, int carried) {
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {"x", 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  *header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
  memcpy(CMSG_DATA(header), &carried, sizeof carried);
  return sendmsg(socket, &message, MSG_DONTWAIT) == 1 ? 0 : errno;
}

// A UNIX socket that holds itself and a TCP connection: when its descriptors are gone, so is the connection.
static void cycle(void) {
  uint16_t port;
  int server = listener(8, &port), pair[2];
  for (int i = 0; i < 20; i++) {
    REQUIRE(connect_pair(server, port, 0));
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK_EQ(send_descriptor(pair[0], fds[1]), 0);
    CHECK_EQ(send_descriptor(pair[0], pair[1]), 0);
    close(fds[1]), close(pair[0]), close(pair[1]);
    // Linux looks for cycles when a UNIX socket is closed.
    struct pollfd polled = {fds[0], POLLIN, 0};
    for (int tries = 0; poll(&polled, 1, 10) == 0 && tries < 500; tries++)
      close(socket(AF_UNIX, SOCK_STREAM, 0));
    char byte;
    CHECK_EQ(read(fds[0], &byte, 1), 0);
    close(fds[0]);
  }
  close(server);
}

// Descriptors end first; with one port each, ports would.
static void bind_bomb(void) {
  int count = 0;
  while (count < MANY / 2) {
    struct sockaddr_in address = loopback(0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) break;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
      CHECK(errno == EADDRINUSE);
      close(fd);
      break;
    }
    fds[count++] = fd;
  }
  CHECK(count > LEAST);
  for (int i = 0; i < count; i++) close(fds[i]);
}

int main(void) {
  limit_time();
  full_backlog();
  reset_storm();
  slow_reader();
  trickle();
  half_open();
  datagram_floods();
  cycle();
  bind_bomb();
  many_connections();
  return finish();
}
