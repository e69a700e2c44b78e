// unix.h: shared by the guests of UNIX sockets: names, pairs, messages.
#pragma once

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <linux/sockios.h>

#include "check.h"

// A path name: its length is what bind(2) and connect(2) take.
UNUSED static socklen_t path_name(struct sockaddr_un *name, const char *path) {
  memset(name, 0, sizeof(*name));
  name->sun_family = AF_UNIX;
  strcpy(name->sun_path, path);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
}

// An abstract name that no other program has.
UNUSED static socklen_t abstract_name(struct sockaddr_un *name, const char *text) {
  memset(name, 0, sizeof(*name));
  name->sun_family = AF_UNIX;
  int length = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "hv-guest-%d-%s", (int)getpid(), text);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

UNUSED static int bound_at(const char *path, int type) {
  struct sockaddr_un name;
  socklen_t length = path_name(&name, path);
  int fd = socket(AF_UNIX, type, 0);
  REQUIRE(fd >= 0);
  REQUIRE(bind(fd, (void *)&name, length) == 0);
  return fd;
}

UNUSED static int connect_to(int fd, const char *path) {
  struct sockaddr_un name;
  socklen_t length = path_name(&name, path);
  return connect(fd, (void *)&name, length);
}

UNUSED static void pair(int type, int fds[2]) { REQUIRE(socketpair(AF_UNIX, type, 0, fds) == 0); }

UNUSED static void close_pair(int fds[2]) {
  close(fds[0]);
  close(fds[1]);
}

// All that poll reports, without a wait.
UNUSED static int ready(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};
  return poll(&one, 1, 0) < 0 ? -1 : one.revents;
}

UNUSED static int option(int fd, int name) {
  int value = -77;
  socklen_t length = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 && length == sizeof(value) ? value : -errno;
}

UNUSED static int waiting(int fd) {
  int count = -1;
  return ioctl(fd, FIONREAD, &count) == 0 ? count : -errno;
}

static volatile sig_atomic_t signals_seen;

UNUSED static void count_signal(int signal) {
  (void)signal;
  signals_seen++;
}

// Without SA_RESTART.
UNUSED static void catch_signal(int signal) {
  struct sigaction action = {.sa_handler = count_signal};
  REQUIRE(sigaction(signal, &action, NULL) == 0);
  signals_seen = 0;
}

// SIGALRM after that many milliseconds, and repeatedly until 0 is given.
UNUSED static void alarm_every(int milliseconds) {
  struct itimerval timer = {{milliseconds / 1000, milliseconds % 1000 * 1000}, {milliseconds / 1000, milliseconds % 1000 * 1000}};
  REQUIRE(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

// Sends bytes with descriptors.
UNUSED static ssize_t send_fds(int fd, const void *bytes, size_t length, const int *fds, size_t count) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int) * 254)];
  } control;
  struct iovec part = {(void *)bytes, length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
  memset(&control, 0, sizeof(control));
  control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * count);
  return sendmsg(fd, &message, MSG_DONTWAIT);
}

// Receives bytes and up to 254 descriptors; `count` is how many there is room for, and then how many came.
UNUSED static ssize_t receive_fds(int fd, void *bytes, size_t length, int *fds, size_t *count, int flags, int *flags_out) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int) * 254)];
  } control;
  struct iovec part = {bytes, length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int) * *count)};
  ssize_t received = recvmsg(fd, &message, flags | MSG_DONTWAIT);
  int error = errno;
  *count = 0;
  if (received >= 0 && message.msg_controllen > 0) {
    CHECK_EQ(control.header.cmsg_level, SOL_SOCKET);
    CHECK_EQ(control.header.cmsg_type, SCM_RIGHTS);
    *count = (control.header.cmsg_len - sizeof(struct cmsghdr)) / sizeof(int);
    memcpy(fds, CMSG_DATA(&control.header), *count * sizeof(int));
  }
  if (flags_out) *flags_out = message.msg_flags;
  errno = error;
  return received;
}

// The lowest free descriptor: a leak changes it.
UNUSED static int lowest_fd(void) {
  int fd = dup(0);
  if (fd >= 0) close(fd);
  return fd;
}
