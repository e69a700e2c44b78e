// sockets: which errors socket calls give for files that are no socket and for wrong arguments, in which order. man 2 socket, man 3 errno.
// not in CI's beds: emulation makes it slow
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"

// Every call on a descriptor, with good arguments.
static long call(int number, int fd) {
  static char bytes[64];
  static struct iovec parts = {bytes, 1};
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "absent"};
  socklen_t length = sizeof(address);
  struct msghdr message = {.msg_iov = &parts, .msg_iovlen = 1};
  struct mmsghdr messages = {.msg_hdr = message};
  int one = 1;
  socklen_t size = sizeof(one);
  switch (number) {
    case SYS_bind: return syscall(SYS_bind, fd, &address, length);
    case SYS_listen: return syscall(SYS_listen, fd, 1);
    case SYS_accept: return syscall(SYS_accept, fd, &address, &length);
    case SYS_accept4: return syscall(SYS_accept4, fd, &address, &length, 0);
    case SYS_connect: return syscall(SYS_connect, fd, &address, length);
    case SYS_getsockname: return syscall(SYS_getsockname, fd, &address, &length);
    case SYS_getpeername: return syscall(SYS_getpeername, fd, &address, &length);
    case SYS_sendto: return syscall(SYS_sendto, fd, bytes, 1, 0, NULL, 0);
    case SYS_recvfrom: return syscall(SYS_recvfrom, fd, bytes, 1, 0, NULL, NULL);
    case SYS_sendmsg: return syscall(SYS_sendmsg, fd, &message, 0);
    case SYS_recvmsg: return syscall(SYS_recvmsg, fd, &message, 0);
    case SYS_sendmmsg: return syscall(SYS_sendmmsg, fd, &messages, 1, 0);
    case SYS_recvmmsg: return syscall(SYS_recvmmsg, fd, &messages, 1, 0, NULL);
    case SYS_shutdown: return syscall(SYS_shutdown, fd, SHUT_RD);
    case SYS_setsockopt: return syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &one, size);
    default: return syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &one, &size);
  }
}

static const int calls[] = {SYS_bind,    SYS_listen,   SYS_accept,  SYS_accept4, SYS_connect,  SYS_getsockname,
                            SYS_getpeername, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg,
                            SYS_recvmmsg, SYS_shutdown, SYS_setsockopt, SYS_getsockopt};

static void check_descriptor(int fd, int expected) {
  for (size_t i = 0; i < COUNT(calls); i++) {
    errno = 0;
    long got = call(calls[i], fd);
    if (got != -1 || errno != expected) fail(__FILE__, calls[i], "that call's number: wrong answer", got, errno);
  }
}

static void check_kinds(void) {
  int fds[2];
  enter_scratch();
  write_file("file", "x", 1);
  REQUIRE(pipe(fds) == 0);
  int plain[] = {open("/dev/null", O_RDWR), open("file", O_RDWR), open(".", O_RDONLY), open("/proc/self/status", O_RDONLY), fds[0], fds[1], eventfd(0, 0), memfd_create("x", 0)};
  for (size_t i = 0; i < COUNT(plain); i++) {
    CHECK(plain[i] >= 0);
    check_descriptor(plain[i], ENOTSOCK);
  }
  check_descriptor(open("file", O_PATH), EBADF);
  check_descriptor(-1, EBADF);
  check_descriptor(999, EBADF);
}

// What is checked before the descriptor, and what only for a socket.
static void check_order(void) {
  int fd = open("file", O_RDWR), one = 1;
  void *const bad = (void *)8;
  struct iovec parts = {&one, 1};
  struct msghdr many = {.msg_iov = &parts, .msg_iovlen = 1u << 20};
  struct msghdr message = {.msg_iov = &parts, .msg_iovlen = 1};
  struct mmsghdr messages = {.msg_hdr = message};
  struct timespec wrong = {.tv_nsec = -1};
  CHECK_ERRNO(syscall(SYS_bind, fd, bad, 16), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_bind, fd, &one, -1), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_bind, -1, bad, 16), EBADF);
  // connect reads its address before it checks that the file is a socket.
  CHECK_ERRNO(syscall(SYS_connect, fd, bad, 16), EFAULT);
  CHECK_ERRNO(syscall(SYS_connect, fd, &one, -1), EINVAL);
  CHECK_ERRNO(syscall(SYS_connect, fd, &one, 129), EINVAL);
  CHECK_ERRNO(syscall(SYS_connect, fd, bad, 0), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_connect, -1, bad, -1), EBADF);
  CHECK_ERRNO(syscall(SYS_accept, fd, bad, bad), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_accept4, fd, NULL, NULL, 0x10), EINVAL);
  CHECK_ERRNO(syscall(SYS_accept4, -1, NULL, NULL, 0x10), EBADF);
  CHECK_ERRNO(syscall(SYS_getsockname, fd, bad, bad), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_getpeername, fd, bad, bad), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_sendto, fd, bad, 1, 0, NULL, 0), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_sendto, fd, (void *)-1, 16, 0, NULL, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_recvfrom, fd, (void *)-1, 16, 0, NULL, NULL), EFAULT);
  CHECK_ERRNO(syscall(SYS_sendto, -1, (void *)-1, 16, 0, NULL, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_sendmsg, fd, bad, 0), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_sendmsg, fd, &many, 0), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_recvmsg, fd, bad, 0), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_sendmsg, fd, &message, 0x80000000u), EINVAL);
  CHECK_ERRNO(syscall(SYS_recvmsg, fd, &message, 0x80000000u), EINVAL);
  CHECK_ERRNO(syscall(SYS_sendmmsg, fd, &messages, 1, 0x80000000u), EINVAL);
  CHECK_ERRNO(syscall(SYS_recvmmsg, fd, &messages, 1, 0x80000000u, NULL), EINVAL);
  CHECK_ERRNO(syscall(SYS_recvmmsg, fd, &messages, 1, 0, bad), EFAULT);
  CHECK_ERRNO(syscall(SYS_recvmmsg, fd, &messages, 1, 0, &wrong), EINVAL);
  CHECK_ERRNO(syscall(SYS_recvmmsg, -1, &messages, 1, 0, &wrong), EINVAL);
  CHECK_ERRNO(syscall(SYS_sendmmsg, fd, bad, 0, 0), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_shutdown, fd, 99), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_setsockopt, fd, 1, 1, &one, -1), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_setsockopt, fd, 1, 1, bad, 4), ENOTSOCK);
  CHECK_ERRNO(syscall(SYS_setsockopt, -1, 1, 1, bad, -1), EBADF);
  CHECK_ERRNO(syscall(SYS_getsockopt, fd, 1, 1, bad, bad), ENOTSOCK);
  close(fd);
}

// Families that no machine has, and arguments that no family accepts.
static void check_make(void) {
  int two[2] = {-7, -7};
  CHECK_ERRNO(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
  CHECK_ERRNO(socket(46, SOCK_STREAM, 0), EAFNOSUPPORT);
  CHECK_ERRNO(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
  CHECK_ERRNO(socket(0, SOCK_STREAM, 0), EAFNOSUPPORT);
  CHECK_ERRNO(socket(AF_UNIX, 11, 0), EINVAL);
  CHECK_ERRNO(socket(AF_UNIX, 15, 0), EINVAL);
  CHECK_ERRNO(socket(99, 11, 0), EAFNOSUPPORT);
  CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM, 2), EPROTONOSUPPORT);
  CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM, -1), EPROTONOSUPPORT);
  CHECK_ERRNO(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
  CHECK_ERRNO(socket(AF_UNIX, 0, 0), ESOCKTNOSUPPORT);
  CHECK_ERRNO(socketpair(AF_UNIX, SOCK_RDM, 0, two), ESOCKTNOSUPPORT);
  CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM | 0x10, 0), EINVAL);
  CHECK_ERRNO(socket(99, SOCK_STREAM | 0x10, 0), EINVAL);
  CHECK_ERRNO(socketpair(99, SOCK_STREAM, 0, two), EAFNOSUPPORT);
  CHECK_ERRNO(socketpair(AF_UNIX, SOCK_STREAM | 0x10, 0, two), EINVAL);
  CHECK_ERRNO(socketpair(AF_UNIX, 11, 0, two), EINVAL);
  CHECK_ERRNO(syscall(SYS_socketpair, 99, SOCK_STREAM, 0, 8), EFAULT);
  CHECK_ERRNO(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 8), EFAULT);
  CHECK_ERRNO(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, read_only_page()), EFAULT);
  // A failed call leaves no descriptors behind.
  int before = dup(0);
  close(before);
  CHECK_ERRNO(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, at_page_end(8, 4)), EFAULT);
  CHECK_ERRNO(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
  int after = dup(0);
  CHECK_EQ(after, before);
  close(after);
}

// The same for a socket: what is checked after the descriptor.
static void check_arguments(void) {
  int s[2];
  void *const bad = (void *)8;
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "absent"};
  socklen_t length = sizeof(name);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(bind(fd, bad, 16), EFAULT);
  CHECK_ERRNO(bind(fd, (void *)&name, (socklen_t)-1), EINVAL);
  CHECK_ERRNO(accept4(fd, NULL, NULL, 0x10), EINVAL);
  CHECK_ERRNO(connect(fd, (void *)&name, 0), EINVAL);
  CHECK_ERRNO(connect(fd, (void *)&name, length), ENOENT);
  CHECK_ERRNO(getsockname(fd, bad, &length), EFAULT);
  CHECK_ERRNO(getsockname(fd, (void *)&name, bad), EFAULT);
  length = (socklen_t)-1;
  CHECK_ERRNO(getsockname(fd, (void *)&name, &length), EINVAL);
  CHECK_ERRNO(shutdown(fd, 99), EINVAL);
  CHECK_ERRNO(syscall(SYS_sendmsg, s[0], bad, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_recvmsg, s[0], bad, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_sendmmsg, s[0], bad, 1, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_recvmmsg, s[0], bad, 1, MSG_DONTWAIT, NULL), EFAULT);
  CHECK_EQ(syscall(SYS_sendmmsg, s[0], bad, 0, 0), 0);
  CHECK_ERRNO(sendto(s[0], "x", 1, 0, (void *)&name, (socklen_t)-1), EINVAL);
  CHECK_ERRNO(sendto(s[0], "x", 1, 0, (void *)&name, 20), EISCONN);
  CHECK_ERRNO(sendto(fd, "x", 1, 0, (void *)&name, 20), EOPNOTSUPP);
  CHECK_ERRNO(sendto(s[0], "x", 1, 0, bad, 20), EFAULT);
  CHECK_EQ(sendto(s[0], "x", 1, 0, (void *)&name, 0), 1);
  // The byte is gone, although the address could not be stored.
  char byte;
  CHECK_ERRNO(recvfrom(s[1], &byte, 1, 0, bad, bad), EFAULT);
  CHECK_ERRNO(recv(s[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
  close(fd);
  close(s[0]);
  close(s[1]);
}

int main(void) {
  check_arguments();
  check_kinds();
  check_order();
  check_make();
  return finish();
}
