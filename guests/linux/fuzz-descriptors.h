// fuzz-descriptors.h: random calls about descriptors, files, sockets and terminals, for hostile-fuzz-processes.
#pragma once

#include <linux/close_range.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "fuzz.h"

static const char *some_path(Source *s, char path[64]) {
  static const char *const fixed[] = {"/dev/ptmx", "/dev/tty", "/dev/null", "/dev/zero", "/dev/pts", "/proc", "/proc/self/maps",
                                      "/proc/self/task", "/proc/self/mem", "/proc/meminfo", "/dev/shm/x", "/dev/full", "/tmp"};
  static const char *const of_pid[] = {"maps", "stat", "status", "fd", "task", "cmdline", "environ", "mem", "exe", "cwd",
                                       "root", "limits", "oom_score_adj", "fdinfo", "smaps", "auxv", "comm"};
  switch (below(s, 6)) {
    case 0: snprintf(path, 64, "%s", fixed[below(s, COUNT(fixed))]); break;
    case 1: snprintf(path, 64, "/proc/%d/%s", some_pid(s), of_pid[below(s, COUNT(of_pid))]); break;
    case 2: snprintf(path, 64, "/proc/%d/fd/%d", one_in(s, 2) ? some_pid(s) : getpid(), some_fd(s)); break;
    case 3: snprintf(path, 64, "/dev/pts/%u", below(s, 5)); break;
    default: snprintf(path, 64, "/tmp/f%u", below(s, 6));
  }
  return path;
}

static void open_some(Source *s) {
  char path[64];
  int flags = (int)(PICK(s, O_RDONLY, O_WRONLY, O_RDWR) | SOME(s, O_CREAT, O_NONBLOCK, O_APPEND, O_CLOEXEC));
  flags |= (int)PICK(s, 0, 0, 0, O_TRUNC, O_NOCTTY, O_PATH, O_DIRECTORY, O_TMPFILE, O_EXCL);
  open(some_path(s, path), flags, 0600);
}

static void make_some(Source *s) {
  int pair[2];
  sigset_t set;
  sigfillset(&set);
  switch (below(s, 10)) {
    case 0: pipe2(pair, (int)SOME(s, O_NONBLOCK, O_CLOEXEC, O_DIRECT)); break;
    case 1: socketpair(AF_UNIX, (int)(PICK(s, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET) | SOME(s, SOCK_NONBLOCK)), 0, pair); break;
    case 2: eventfd(below(s, 3), (int)SOME(s, EFD_SEMAPHORE, EFD_NONBLOCK)); break;
    case 3: timerfd_create((int)PICK(s, CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME), (int)SOME(s, TFD_NONBLOCK)); break;
    case 4: signalfd(one_in(s, 4) ? some_fd(s) : -1, &set, (int)SOME(s, SFD_NONBLOCK)); break;
    case 5: epoll_create1(0); break;
    case 6: inotify_init1((int)SOME(s, IN_NONBLOCK)); break;
    case 7: ftruncate(memfd_create("m", MFD_ALLOW_SEALING), below(s, 20000)); break;
    case 8: syscall(SYS_pidfd_open, some_pid(s), SOME(s, O_NONBLOCK)); break;
    default: mq_open("/q", O_RDWR | O_CREAT | O_NONBLOCK, 0600, 0);
  }
}

static void shut_some(Source *s) {
  switch (below(s, 8)) {
    case 0: close_range((unsigned)some_fd(s), (unsigned)some_fd(s), one_in(s, 6) ? CLOSE_RANGE_UNSHARE : 0); break;
    case 1: dup3(some_fd(s), some_fd(s), (int)SOME(s, O_CLOEXEC)); break;
    case 2: dup(some_fd(s)); break;
    case 3: shutdown(some_fd(s), (int)below(s, 4)); break;
    default: close(some_fd(s));
  }
}

static void control_some(Source *s) {
  struct flock lock = {(short)PICK(s, F_RDLCK, F_WRLCK, F_UNLCK), SEEK_SET, below(s, 50), below(s, 20), 0};
  struct itimerspec timer = {soon(s), soon(s)};
  int fd = some_fd(s);
  switch (below(s, 7)) {
    case 0: fcntl(fd, (int)PICK(s, F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW, F_GETLK), &lock); break;
    case 1: fcntl(fd, (int)PICK(s, F_SETOWN, F_SETSIG, F_SETPIPE_SZ, F_ADD_SEALS, F_SETLEASE, F_DUPFD, F_NOTIFY), below(s, 70)); break;
    case 2: fcntl(fd, F_SETFL, SOME(s, O_NONBLOCK, O_ASYNC, O_APPEND)); break;
    case 3: flock(fd, (int)(PICK(s, LOCK_SH, LOCK_EX, LOCK_UN) | SOME(s, LOCK_NB))); break;
    case 4: timerfd_settime(fd, (int)SOME(s, 1), &timer, 0); break;
    case 5: fcntl(fd, F_SETOWN, some_pid(s)); break;
    default:
      *(volatile int *)(void *)(ARENA + 64) = (int)below(s, 3);
      ioctl(fd, (unsigned long)PICK(s, TIOCSPTLCK, TIOCGPTN, TIOCSCTTY, TIOCNOTTY, TIOCSPGRP, TIOCGPGRP, TCSETS, TCGETS, TIOCSWINSZ,
            TCFLSH, TCXONC, TIOCPKT, TIOCSTI, TIOCVHANGUP, FIONREAD, FIONBIO, FIOASYNC, TIOCGPTPEER, TIOCSIG, TCSBRK, 0xffff), ARENA + 64);
  }
}

static void transfer_some(Source *s) {
  struct iovec parts[2] = {{in_arena(s), some_length(s)}, {in_arena(s), below(s, 5000)}};
  int from = some_fd(s), to = some_fd(s);
  switch (below(s, 14)) {
    case 0: case 1: read(from, in_arena(s), some_length(s)); break;
    case 2: case 3: write(to, in_arena(s), some_length(s)); break;
    case 4: readv(from, parts, 2); break;
    case 5: writev(to, parts, 2); break;
    case 6: splice(from, 0, to, 0, below(s, 70000), (unsigned)SOME(s, SPLICE_F_NONBLOCK)); break;
    case 7: tee(from, to, below(s, 70000), (unsigned)SOME(s, SPLICE_F_NONBLOCK)); break;
    case 8: vmsplice(to, parts, 2, (unsigned)SOME(s, SPLICE_F_NONBLOCK)); break;
    case 9: sendfile(to, from, 0, below(s, 70000)); break;
    case 10: copy_file_range(from, 0, to, 0, below(s, 70000), 0); break;
    case 11: pwrite(to, in_arena(s), below(s, 5000), below(s, 100000)); break;
    case 12: ftruncate(to, below(s, 100000)); break;
    default: syscall(SYS_getdents64, from, in_arena(s), below(s, 4000));
  }
}

static void exchange_some(Source *s) {
  union {
    char room[CMSG_SPACE(8 * sizeof(int))];
    struct cmsghdr align;
  } control;
  memset(&control, 0, sizeof(control));
  struct iovec part = {in_arena(s), below(s, 3000)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  name.sun_path[1] = (char)('a' + below(s, 3));
  socklen_t length = sizeof(sa_family_t) + 2;
  int fd = some_fd(s), flags = (int)SOME(s, MSG_DONTWAIT, MSG_PEEK, MSG_NOSIGNAL);
  switch (below(s, 9)) {
    case 0: case 1: {
      int count = 1 + (int)below(s, 8);
      struct cmsghdr *header = CMSG_FIRSTHDR(&message);
      *header = (struct cmsghdr){CMSG_LEN((size_t)count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
      for (int i = 0; i < count; i++) ((int *)(void *)CMSG_DATA(header))[i] = some_fd(s);
      message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
      sendmsg(fd, &message, flags & ~MSG_PEEK);
      break;
    }
    case 2: case 3: recvmsg(fd, &message, flags); break;
    case 4: socket(AF_UNIX, (int)(PICK(s, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET) | SOME(s, SOCK_NONBLOCK)), 0); break;
    case 5: bind(fd, (struct sockaddr *)&name, length), listen(fd, (int)below(s, 3)); break;
    case 6: connect(fd, (struct sockaddr *)&name, length); break;
    case 7: accept4(fd, 0, 0, (int)SOME(s, SOCK_NONBLOCK)); break;
    default: {
      int value = (int)below(s, 2000);
      setsockopt(fd, SOL_SOCKET, (int)PICK(s, SO_PASSCRED, SO_RCVBUF, SO_SNDBUF, SO_PEEK_OFF, SO_LINGER), &value, sizeof(value));
    }
  }
}

static void await_some(Source *s) {
  struct epoll_event event = {(uint32_t)SOME(s, EPOLLIN, EPOLLOUT, EPOLLET, EPOLLONESHOT, EPOLLHUP), {.fd = 1}}, events[8];
  struct pollfd polled[6];
  struct timespec timeout = soon(s);
  int epoll = some_fd(s);
  switch (below(s, 6)) {
    case 0:
      for (int fd = FIRST_FD; fd < LAST_FD; fd++) epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
      break;
    case 1: epoll_ctl(epoll, (int)PICK(s, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL), some_fd(s), &event); break;
    case 2: case 3: epoll_wait(epoll, events, 8, (int)below(s, 20)); break;
    case 4: {
      char path[64];
      inotify_add_watch(epoll, some_path(s, path), IN_ALL_EVENTS | (uint32_t)SOME(s, IN_ONESHOT, IN_MASK_ADD));
      break;
    }
    default:
      for (size_t i = 0; i < COUNT(polled); i++) polled[i] = (struct pollfd){some_fd(s), (short)SOME(s, POLLIN, POLLOUT, POLLRDHUP), 0};
      ppoll(polled, COUNT(polled), &timeout, 0);
  }
}

static void change_tree(Source *s) {
  char one[64], other[64];
  some_path(s, one), some_path(s, other);
  switch (below(s, 8)) {
    case 0: unlink(one); break;
    case 1: rename(one, other); break;
    case 2: link(one, other); break;
    case 3: symlink(one, other); break;
    case 4: mkdir(one, 0700), rmdir(other); break;
    case 5: mkfifo(one, 0600); break;
    case 6: truncate(one, below(s, 5000)); break;
    default: {
      char text[64];
      readlink(one, text, sizeof(text));
    }
  }
}
