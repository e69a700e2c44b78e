// udp.h: shared by the guests of UDP: addresses of the loopback, sockets, options, messages with control.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "check.h"

// An address of either family. Its length is what bind(2) takes.
typedef union {
  struct sockaddr any;
  struct sockaddr_in in;
  struct sockaddr_in6 in6;
} address;

UNUSED static address ip_address(const char *text, int port) {
  address made;
  memset(&made, 0, sizeof(made));
  if (strchr(text, ':')) {
    made.in6.sin6_family = AF_INET6;
    made.in6.sin6_port = htons((uint16_t)port);
    REQUIRE(inet_pton(AF_INET6, text, &made.in6.sin6_addr) == 1);
  } else {
    made.in.sin_family = AF_INET;
    made.in.sin_port = htons((uint16_t)port);
    REQUIRE(inet_pton(AF_INET, text, &made.in.sin_addr) == 1);
  }
  return made;
}

UNUSED static socklen_t length_of(const address *of) {
  return of->any.sa_family == AF_INET6 ? sizeof(of->in6) : sizeof(of->in);
}

UNUSED static int bind_to(int fd, const char *text, int port) {
  address name = ip_address(text, port);
  return bind(fd, &name.any, length_of(&name));
}

UNUSED static int connect_to(int fd, const char *text, int port) {
  address name = ip_address(text, port);
  return connect(fd, &name.any, length_of(&name));
}

UNUSED static ssize_t send_to(int fd, const char *bytes, const char *text, int port) {
  address name = ip_address(text, port);
  return sendto(fd, bytes, strlen(bytes), 0, &name.any, length_of(&name));
}

UNUSED static address name_of(int fd) {
  address name;
  socklen_t length = sizeof(name);
  memset(&name, 0, sizeof(name));
  REQUIRE(getsockname(fd, &name.any, &length) == 0);
  return name;
}

UNUSED static int port_of(int fd) { return ntohs(name_of(fd).in.sin_port); }

// Is that the address, as text? An IPv4 address of an IPv6 socket is a mapped one.
UNUSED static bool is_ip(const address *name, const char *expected) {
  char text[INET6_ADDRSTRLEN];
  const void *bytes = name->any.sa_family == AF_INET6 ? (const void *)&name->in6.sin6_addr : &name->in.sin_addr;
  inet_ntop(name->any.sa_family, bytes, text, sizeof(text));
  if (strcmp(text, expected) == 0) return true;
  dprintf(2, "%s instead of %s\n", text, expected);
  return false;
}

UNUSED static int udp_socket(int family) {
  int fd = socket(family, SOCK_DGRAM, 0);
  REQUIRE(fd >= 0);
  return fd;
}

// Bound to that address, with a port of the kernel's choice.
UNUSED static int udp_at(const char *text) {
  int fd = udp_socket(strchr(text, ':') ? AF_INET6 : AF_INET);
  REQUIRE(bind_to(fd, text, 0) == 0);
  return fd;
}

// A port that nobody has.
UNUSED static int free_port(void) {
  int fd = udp_at("127.0.0.1"), port = port_of(fd);
  close(fd);
  return port;
}

// All that poll reports, without a wait.
UNUSED static int ready(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};
  return poll(&one, 1, 0) < 0 ? -1 : one.revents;
}

// Sets an int.
UNUSED static int set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof(value)); }

// The value of an int, or -errno - 1000.
UNUSED static int get(int fd, int level, int name) {
  int value = -77;
  socklen_t length = sizeof(value);
  return getsockopt(fd, level, name, &value, &length) == 0 && length == sizeof(value) ? value : -errno - 1000;
}

UNUSED static int pending_error(int fd) { return get(fd, SOL_SOCKET, SO_ERROR); }

#define CONTROL_BYTES 512

// A message of one range, its control and its name.
typedef struct {
  struct msghdr header;
  struct iovec part;
  address name;
  char bytes[64];
  union {
    struct cmsghdr align;
    char room[CONTROL_BYTES];
  } control;
} message;

// Receives into it without a wait.
UNUSED static ssize_t receive(int fd, message *into, int flags) {
  memset(into, 0, sizeof(*into));
  into->part = (struct iovec){into->bytes, sizeof(into->bytes)};
  into->header = (struct msghdr){&into->name, sizeof(into->name), &into->part, 1, &into->control, CONTROL_BYTES, 0};
  return recvmsg(fd, &into->header, flags | MSG_DONTWAIT);
}

// The control message of that kind, if it has so many bytes.
UNUSED static void *control_of(message *of, int level, int type, size_t length) {
  for (struct cmsghdr *each = CMSG_FIRSTHDR(&of->header); each; each = CMSG_NXTHDR(&of->header, each))
    if (each->cmsg_level == level && each->cmsg_type == type && each->cmsg_len == CMSG_LEN(length)) return CMSG_DATA(each);
  return NULL;
}

UNUSED static int int_in(message *of, int level, int type) {
  int *value = control_of(of, level, type, sizeof(int));
  return value ? *value : -77;
}

// Sends a byte with one control message.
UNUSED static ssize_t send_with(int fd, const char *text, int port, int level, int type, const void *data, size_t length) {
  message out = {.part = {"x", 1}, .name = ip_address(text, port)};
  out.header = (struct msghdr){&out.name, length_of(&out.name), &out.part, 1, &out.control, CMSG_SPACE(length), 0};
  struct cmsghdr *only = CMSG_FIRSTHDR(&out.header);
  *only = (struct cmsghdr){.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
  memcpy(CMSG_DATA(only), data, length);
  return sendmsg(fd, &out.header, 0);
}
