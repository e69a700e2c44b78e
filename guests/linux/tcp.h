// tcp.h: shared by the guests of TCP sockets: listeners, clients and connections on the loopback interface. What every socket has is in unix.h.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "unix.h"

struct address {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  };
  socklen_t length;
};

UNUSED static struct address ipv4(const char *ip, int port) {
  struct address address = {.v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)}, .length = sizeof(struct sockaddr_in)};
  REQUIRE(inet_pton(AF_INET, ip, &address.v4.sin_addr) == 1);
  return address;
}

UNUSED static struct address ipv6(const char *ip, int port) {
  struct address address = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)}, .length = sizeof(struct sockaddr_in6)};
  REQUIRE(inet_pton(AF_INET6, ip, &address.v6.sin6_addr) == 1);
  return address;
}

UNUSED static int port_of(struct address address) {
  return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

UNUSED static struct address name_of(int fd) {
  struct address address = {.length = sizeof(struct sockaddr_in6)};
  REQUIRE(getsockname(fd, &address.any, &address.length) == 0);
  return address;
}

UNUSED static struct address peer_of(int fd) {
  struct address address = {.length = sizeof(struct sockaddr_in6)};
  REQUIRE(getpeername(fd, &address.any, &address.length) == 0);
  return address;
}

UNUSED static bool is_same(struct address a, struct address b) {
  return a.length == b.length && port_of(a) == port_of(b) && a.any.sa_family == b.any.sa_family &&
         (a.any.sa_family == AF_INET ? a.v4.sin_addr.s_addr == b.v4.sin_addr.s_addr
                                     : !memcmp(&a.v6.sin6_addr, &b.v6.sin6_addr, 16));
}

UNUSED static int tcp_socket(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(fd >= 0);
  return fd;
}

UNUSED static int connect_at(int fd, struct address address) { return connect(fd, &address.any, address.length); }
UNUSED static int bind_at(int fd, struct address address) { return bind(fd, &address.any, address.length); }

// At a port of the kernel's choice.
UNUSED static int listener_at(struct address address, int backlog) {
  int fd = socket(address.any.sa_family, SOCK_STREAM, 0);
  REQUIRE(fd >= 0);
  REQUIRE(bind_at(fd, address) == 0);
  REQUIRE(listen(fd, backlog) == 0);
  return fd;
}

UNUSED static int tcp_listener(void) { return listener_at(ipv4("127.0.0.1", 0), 8); }

// s[0] has connected, s[1] was accepted.
UNUSED static void connect_pair(int listener, int s[2]) {
  s[0] = socket(name_of(listener).any.sa_family, SOCK_STREAM, 0);
  REQUIRE(s[0] >= 0);
  REQUIRE(connect_at(s[0], name_of(listener)) == 0);
  s[1] = accept(listener, NULL, NULL);
  REQUIRE(s[1] >= 0);
}

UNUSED static void tcp_pair(int s[2]) {
  int listener = tcp_listener();
  connect_pair(listener, s);
  close(listener);
}

// A port where nobody listens: it was free a moment ago, and stays bound.
UNUSED static struct address refusing(int *holder) {
  *holder = tcp_socket();
  REQUIRE(bind_at(*holder, ipv4("127.0.0.1", 0)) == 0);
  return name_of(*holder);
}

UNUSED static void set_nonblocking(int fd) { REQUIRE(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0); }

// Until poll reports one of the events, at most ten seconds.
UNUSED static int await(int fd, int events) {
  struct pollfd one = {.fd = fd, .events = (short)events};
  return poll(&one, 1, 10000) == 1 ? one.revents : -1;
}

UNUSED static int number_option(int fd, int level, int name) {
  int value = -77;
  socklen_t length = sizeof(value);
  return getsockopt(fd, level, name, &value, &length) == 0 && length == sizeof(value) ? value : -errno;
}

UNUSED static int set_number(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : -errno;
}

UNUSED static void set_timeout(int fd, int name, int milliseconds) {
  struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
  REQUIRE(setsockopt(fd, SOL_SOCKET, name, &time, sizeof(time)) == 0);
}

// Closing sends a reset.
UNUSED static void linger_not(int fd) {
  struct linger linger = {1, 0};
  REQUIRE(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
}

// As many bytes as it takes without a wait.
UNUSED static long fill(int fd) {
  static char block[16384];
  long total = 0;
  ssize_t sent;
  while ((sent = send(fd, block, sizeof(block), MSG_DONTWAIT)) > 0) total += sent;
  CHECK(errno == EAGAIN);
  return total;
}
