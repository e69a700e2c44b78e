// socket-options: getsockopt and setsockopt of UNIX sockets, and their ioctl requests. man 7 socket.
// not in CI's beds: emulation makes it slow
#include <asm/sockios.h>
#include <asm/termbits.h>
#include <linux/sockios.h>

#include "unix.h"

static int set(int fd, int name, int value) {
  return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

static void check_kinds(void) {
  int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  for (size_t i = 0; i < COUNT(types); i++) {
    int fd = socket(AF_UNIX, types[i], 0);
    CHECK_EQ(option(fd, SO_TYPE), types[i]);
    CHECK_EQ(option(fd, SO_DOMAIN), AF_UNIX);
    CHECK_EQ(option(fd, SO_PROTOCOL), 0);
    CHECK_EQ(option(fd, SO_ERROR), 0);
    CHECK_EQ(option(fd, SO_ACCEPTCONN), 0);
    CHECK_ERRNO(set(fd, SO_TYPE, 1), ENOPROTOOPT);
    CHECK_ERRNO(set(fd, SO_ERROR, 1), ENOPROTOOPT);
    CHECK_ERRNO(set(fd, SO_ACCEPTCONN, 1), ENOPROTOOPT);
    CHECK_ERRNO(set(fd, SO_PEERCRED, 1), ENOPROTOOPT);
    close(fd);
  }
  int raw = socket(AF_UNIX, SOCK_RAW, AF_UNIX);
  CHECK_EQ(option(raw, SO_TYPE), SOCK_DGRAM);
  close(raw);
}

static void check_switches(void) {
  int names[] = {SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST, SO_DONTROUTE,
                 SO_OOBINLINE, SO_NO_CHECK,  SO_PASSCRED};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  for (size_t i = 0; i < COUNT(names); i++) {
    CHECK_EQ(option(fd, names[i]), 0);
    CHECK_EQ(set(fd, names[i], 7), 0);
    CHECK_EQ(option(fd, names[i]), 1);
    CHECK_EQ(set(fd, names[i], 0), 0);
    CHECK_EQ(option(fd, names[i]), 0);
  }
  // Sockets of the internet pass no credentials.
  int internet = socket(AF_INET, SOCK_STREAM, 0);
  if (is_hv() || is_since(6, 16)) CHECK_ERRNO(set(internet, SO_PASSCRED, 1), EOPNOTSUPP);
  if (is_hv() || is_since(6, 16)) CHECK_EQ(option(internet, SO_PASSCRED), -EOPNOTSUPP);
  close(internet);
  CHECK_ERRNO(set(fd, SO_REUSEPORT, 1), EOPNOTSUPP);
  CHECK_EQ(set(fd, SO_PRIORITY, 3), 0);
  CHECK_EQ(option(fd, SO_PRIORITY), 3);
  CHECK_EQ(option(fd, SO_SNDLOWAT), 1);
  CHECK_ERRNO(set(fd, SO_SNDLOWAT, 1), ENOPROTOOPT);
  CHECK_EQ(option(fd, SO_RCVLOWAT), 1);
  CHECK_EQ(set(fd, SO_RCVLOWAT, 0), 0);
  CHECK_EQ(option(fd, SO_RCVLOWAT), 1);
  CHECK_EQ(set(fd, SO_RCVLOWAT, -1), 0);
  CHECK_EQ(option(fd, SO_RCVLOWAT), 0x7fffffff);
  CHECK_ERRNO(set(fd, 9999, 1), ENOPROTOOPT);
  CHECK_EQ(option(fd, 9999), -ENOPROTOOPT);
  close(fd);
}

static void check_sizes(void) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(option(fd, SO_SNDBUF) > 4096 && option(fd, SO_RCVBUF) > 4096);
  CHECK_EQ(set(fd, SO_SNDBUF, 10000), 0);
  CHECK_EQ(option(fd, SO_SNDBUF), 20000);
  CHECK_EQ(set(fd, SO_RCVBUF, 10000), 0);
  CHECK_EQ(option(fd, SO_RCVBUF), 20000);
  CHECK_EQ(set(fd, SO_SNDBUF, 0), 0);
  CHECK(option(fd, SO_SNDBUF) >= 2048 && option(fd, SO_SNDBUF) < 10000);
  // A value above the maximum becomes the maximum.
  CHECK_EQ(set(fd, SO_SNDBUF, 0x7fffffff), 0);
  int most = option(fd, SO_SNDBUF);
  CHECK(most > 100000);
  CHECK_EQ(set(fd, SO_SNDBUF, -1), 0);
  CHECK_EQ(option(fd, SO_SNDBUF), most);
  close(fd);
}

static void check_times(void) {
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  struct timeval time = {3, 0}, got;
  struct linger linger = {1, 9}, kept;
  socklen_t length = sizeof(got);
  CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &got, &length), 0);
  CHECK(got.tv_sec == 0 && got.tv_usec == 0 && length == sizeof(got));
  CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)), 0);
  CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &got, &length), 0);
  CHECK(got.tv_sec == 3 && got.tv_usec == 0);
  CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, 8), EINVAL);
  time.tv_usec = 1000000;
  CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)), EDOM);
  time.tv_usec = -1;
  CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)), EDOM);
  // A time in the past: no wait at all.
  time = (struct timeval){-1, 0};
  CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)), 0);
  CHECK_ERRNO(recv(fd, &got, 1, 0), EAGAIN);
  CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
  length = sizeof(kept);
  CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_LINGER, &kept, &length), 0);
  CHECK(kept.l_onoff == 1 && kept.l_linger == 9);
  CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
  close(fd);
}

static void check_arguments(void) {
  int s[2], value = 1;
  char bytes[8] = "zzzzzzz";
  socklen_t length;
  pair(SOCK_STREAM, s);
  CHECK_ERRNO(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &value, 3), EINVAL);
  CHECK_ERRNO(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &value, (socklen_t)-1), EINVAL);
  CHECK_ERRNO(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, (void *)8, 4), EFAULT);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &value, 100), 0);
  CHECK_ERRNO(setsockopt(s[0], 6, 1, &value, 4), EOPNOTSUPP);
  length = 4;
  CHECK_ERRNO(getsockopt(s[0], 6, 1, &value, &length), EOPNOTSUPP);
  CHECK_ERRNO(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, (void *)8), EFAULT);
  CHECK_ERRNO(getsockopt(s[0], SOL_SOCKET, SO_TYPE, (void *)8, &length), EFAULT);
  length = (socklen_t)-1;
  CHECK_ERRNO(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, &length), EINVAL);
  // As many bytes as there is room for, and the stored length.
  length = 2;
  CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_TYPE, bytes, &length), 0);
  CHECK_EQ(length, 2);
  CHECK(bytes[0] == SOCK_STREAM && bytes[1] == 0 && bytes[2] == 'z');
  length = 8;
  CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_TYPE, bytes, &length), 0);
  CHECK_EQ(length, 4);
  CHECK_EQ(bytes[4], 'z');
  length = 0;
  CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_TYPE, (void *)8, &length), 0);
  struct sockaddr_un name;
  length = 2;
  CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_PEERNAME, &name, &length), 0);
  CHECK_EQ(name.sun_family, AF_UNIX);
  length = 8;
  CHECK_ERRNO(getsockopt(s[0], SOL_SOCKET, SO_PEERNAME, &name, &length), EINVAL);
  length = 4;
  CHECK_ERRNO(getsockopt(s[0], SOL_SOCKET, SO_PEERSEC, &name, &length), ENOPROTOOPT);
  CHECK_ERRNO(ioctl(s[0], TCGETS, bytes), ENOTTY);
  CHECK_ERRNO(ioctl(s[0], FIONREAD, (void *)8), EFAULT);
  close_pair(s);
}

// A caller with CAP_NET_ADMIN goes beyond the maximum.
static void check_forced(void) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  int names[][2] = {{SO_SNDBUFFORCE, SO_SNDBUF}, {SO_RCVBUFFORCE, SO_RCVBUF}};
  for (size_t i = 0; i < COUNT(names); i++) {
    if (set(fd, names[i][0], 100000000) < 0) {
      CHECK(errno == EPERM);
      continue;
    }
    CHECK_EQ(option(fd, names[i][1]), 200000000);
    CHECK_EQ(set(fd, names[i][0], 0x7fffffff), 0);
    CHECK_EQ(option(fd, names[i][1]), 0x7ffffffe);
    CHECK_EQ(set(fd, names[i][0], -1), 0);
    CHECK(option(fd, names[i][1]) > 0 && option(fd, names[i][1]) < 10000);
  }
  close(fd);
}

// As F_SETOWN and F_GETOWN; sockets alone have these.
static void check_owner(void) {
  int setters[] = {FIOSETOWN, SIOCSPGRP}, getters[] = {FIOGETOWN, SIOCGPGRP};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0), null = open("/dev/null", O_RDWR), ends[2];
  REQUIRE(pipe(ends) == 0);
  for (size_t i = 0; i < COUNT(setters); i++) {
    int owners[] = {getpid(), -getpgrp(), 0}, wrong[] = {0x3fffffff, -0x3fffffff}, got;
    for (size_t k = 0; k < COUNT(owners); k++) {
      CHECK_EQ(ioctl(fd, setters[i], &owners[k]), 0);
      CHECK_EQ(ioctl(fd, getters[i], &got), 0);
      CHECK_EQ(got, owners[k]);
      CHECK_EQ(fcntl(fd, F_GETOWN), owners[k]);
      CHECK_ERRNO(ioctl(null, setters[i], &owners[k]), ENOTTY);
      CHECK_ERRNO(ioctl(ends[0], getters[i], &got), ENOTTY);
    }
    for (size_t k = 0; k < COUNT(wrong); k++) CHECK_ERRNO(ioctl(fd, setters[i], &wrong[k]), ESRCH);
    CHECK_ERRNO(ioctl(fd, setters[i], (void *)8), EFAULT);
    CHECK_ERRNO(ioctl(fd, getters[i], (void *)8), EFAULT);
  }
  close(fd), close(null), close(ends[0]), close(ends[1]);
}

int main(void) {
  check_kinds();
  check_switches();
  check_sizes();
  check_times();
  check_arguments();
  check_forced();
  check_owner();
  return finish();
}
