// unix-processes: UNIX sockets between processes: waits that the other side ends, who the peer is, descriptors that cross. man 7 unix.
// not in CI's beds: emulation makes it slow
#include <sys/epoll.h>
#include <sys/wait.h>

#include "unix.h"

#define MEGABYTES 4

static void reap(pid_t child) {
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

// Lets the other process fall asleep.
static void doze(void) { usleep(20000); }

static pid_t begin(void) {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) failures = 0;
  return child;
}

static void check_accept(void) {
  struct ucred who;
  socklen_t length = sizeof(who);
  char buffer[8];
  int listener = bound_at("listener", SOCK_STREAM);
  CHECK_EQ(listen(listener, 0), 0);
  pid_t child = begin();
  if (child == 0) {
    doze();
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(connect_to(fd, "listener"), 0);
    CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length), 0);
    // The caller of listen(2), whichever process accepts.
    CHECK_EQ(who.pid, getppid());
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_EQ(read(fd, buffer, 8), 4);
    _exit(finish());
  }
  int fd = accept(listener, NULL, NULL);
  CHECK(fd >= 0);
  CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length), 0);
  CHECK_EQ(who.pid, child);
  CHECK_EQ(recv(fd, buffer, 5, MSG_WAITALL), 5);
  doze();
  CHECK_EQ(write(fd, "back", 4), 4);
  // The other process ends: so does the stream.
  CHECK_EQ(read(fd, buffer, 8), 0);
  reap(child);
  close(fd);

  // No room in the backlog: connect waits for accept.
  int first = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(connect_to(first, "listener"), 0);
  child = begin();
  if (child == 0) {
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(connect_to(fd, "listener"), 0);
    CHECK_EQ(write(fd, "second", 6), 6);
    _exit(finish());
  }
  doze();
  CHECK((fd = accept(listener, NULL, NULL)) >= 0);
  close(fd);
  CHECK((fd = accept(listener, NULL, NULL)) >= 0);
  CHECK_EQ(recv(fd, buffer, 6, MSG_WAITALL), 6);
  reap(child);
  close(fd);
  close(first);
  // The listener goes while a connect waits.
  first = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(connect_to(first, "listener"), 0);
  child = begin();
  if (child == 0) {
    close(listener);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERRNO(connect_to(fd, "listener"), ECONNREFUSED);
    _exit(finish());
  }
  doze();
  close(listener);
  reap(child);
  close(first);
}

// More than a buffer holds, both ways: writers wait for readers.
static void check_stream(void) {
  int s[2];
  static unsigned char block[70000];
  pair(SOCK_STREAM, s);
  pid_t child = begin();
  if (child == 0) {
    close(s[0]);
    for (size_t done = 0; done < MEGABYTES << 20;) {
      for (size_t i = 0; i < sizeof(block); i++) block[i] = (unsigned char)((done + i) * 7 >> 3);
      ssize_t n = write(s[1], block, sizeof(block));
      if (n <= 0) _exit(9);
      done += (size_t)n;
    }
    CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
    CHECK_EQ(read(s[1], block, 1), 1);
    _exit(finish());
  }
  close(s[1]);
  size_t got = 0;
  ssize_t n;
  bool good = true;
  while ((n = read(s[0], block, 4097)) > 0) {
    for (ssize_t i = 0; i < n; i++) good &= block[i] == (unsigned char)((got + (size_t)i) * 7 >> 3);
    got += (size_t)n;
  }
  CHECK(good);
  CHECK(n == 0 && got >= MEGABYTES << 20 && got % sizeof(block) == 0);
  CHECK_EQ(write(s[0], "x", 1), 1);
  reap(child);
  close(s[0]);
  // A writer whose reader goes.
  catch_signal(SIGPIPE);
  pair(SOCK_STREAM, s);
  child = begin();
  if (child == 0) {
    close(s[1]);
    while ((n = write(s[0], block, sizeof(block))) == sizeof(block)) continue;
    CHECK(n > 0 || errno == EPIPE || errno == ECONNRESET);
    CHECK_ERRNO(write(s[0], block, 1), EPIPE);
    CHECK(signals_seen > 0);
    _exit(finish());
  }
  close(s[0]);
  doze();
  close(s[1]);
  reap(child);
}

static void check_datagrams(void) {
  struct sockaddr_un name;
  socklen_t length = path_name(&name, "receiver");
  int receiver = bound_at("receiver", SOCK_DGRAM), number, count = 0;
  pid_t child = begin();
  if (child == 0) {
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    for (int i = 0; i < 2000; i++) {
      if (sendto(fd, &i, sizeof(i), 0, (void *)&name, length) == sizeof(i)) continue;
      fail(__FILE__, __LINE__, "a datagram", i, errno);
      break;
    }
    // Connected: poll tells when there is room.
    CHECK_EQ(connect(fd, (void *)&name, length), 0);
    for (int i = 2000; i < 2100; i++) {
      struct pollfd room = {.fd = fd, .events = POLLOUT};
      CHECK_EQ(poll(&room, 1, 30000), 1);
      CHECK_EQ(send(fd, &i, sizeof(i), MSG_DONTWAIT), sizeof(i));
    }
    _exit(finish());
  }
  doze();
  while (count < 2100 && recv(receiver, &number, sizeof(number), 0) == sizeof(number) && number == count) count++;
  CHECK_EQ(count, 2100);
  reap(child);
  close(receiver);
}

// Descriptors and credentials of another process.
static void check_messages(void) {
  int s[2], p[2], got[2], one = 1;
  size_t count = 2;
  char buffer[16];
  pair(SOCK_STREAM, s);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
  pid_t child = begin();
  if (child == 0) {
    REQUIRE(pipe(p) == 0);
    CHECK_EQ(send_fds(s[1], "p", 1, p, 2), 1);
    close(p[1]);
    // Open as long as the message exists.
    CHECK_EQ(read(p[0], buffer, 16), 7);
    CHECK_EQ(read(p[0], buffer, 16), 0);
    _exit(finish());
  }
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(got))];
  } control;
  struct iovec part = {buffer, 16};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  CHECK_EQ(recvmsg(s[0], &message, 0), 1);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  REQUIRE(header && header->cmsg_type == SCM_CREDENTIALS);
  CHECK_EQ(((struct ucred *)CMSG_DATA(header))->pid, child);
  header = CMSG_NXTHDR(&message, header);
  REQUIRE(header && header->cmsg_type == SCM_RIGHTS);
  memcpy(got, CMSG_DATA(header), sizeof(got));
  CHECK_EQ(write(got[1], "through", 7), 7);
  close(got[0]);
  close(got[1]);
  reap(child);
  // The sender is gone before its message is received.
  child = begin();
  if (child == 0) {
    write_file("made", "content", 7);
    int file = open("made", O_RDONLY);
    CHECK_EQ(send_fds(s[1], "f", 1, &file, 1), 1);
    _exit(finish());
  }
  reap(child);
  int off = 0;
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &off, sizeof(off)), 0);
  CHECK_EQ(receive_fds(s[0], buffer, 16, got, &count, 0, NULL), 1);
  CHECK_EQ(count, 1);
  CHECK_EQ(read(got[0], buffer, 16), 7);
  close(got[0]);
  close_pair(s);
}

static void check_epoll(void) {
  int s[2], epoll = epoll_create1(0);
  struct epoll_event watch = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET}, seen;
  char buffer[8];
  pair(SOCK_STREAM, s);
  CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, s[0], &watch), 0);
  CHECK_EQ(epoll_wait(epoll, &seen, 1, 0), 1);
  CHECK_EQ(seen.events, EPOLLOUT);
  CHECK_EQ(epoll_wait(epoll, &seen, 1, 0), 0);
  watch.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_MOD, s[0], &watch), 0);
  pid_t child = begin();
  if (child == 0) {
    close(s[0]);
    for (int i = 0; i < 3; i++) {
      doze();
      CHECK_EQ(write(s[1], "x", 1), 1);
      // Goes on only when the other side has seen that.
      CHECK_EQ(read(s[1], buffer, 1), 1);
    }
    _exit(finish());
  }
  close(s[1]);
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(epoll_wait(epoll, &seen, 1, 30000), 1);
    CHECK_EQ(seen.events, EPOLLIN);
    CHECK_EQ(write(s[0], "y", 1), 1);
  }
  CHECK_EQ(recv(s[0], buffer, 8, 0), 3);
  reap(child);
  CHECK_EQ(epoll_wait(epoll, &seen, 1, 30000), 1);
  CHECK_EQ(seen.events, EPOLLIN | EPOLLHUP | EPOLLRDHUP);
  close(s[0]);
  close(epoll);
}

int main(void) {
  enter_scratch();
  check_accept();
  check_stream();
  check_datagrams();
  check_messages();
  check_epoll();
  return finish();
}
