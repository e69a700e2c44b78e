// unix-stream: streams of UNIX sockets: pairs, connections, waits, their ends. man 7 unix, man 2 socketpair, connect, accept, shutdown.
// not in CI's beds: emulation makes it slow
#include <sys/sendfile.h>

#include "unix.h"

static void check_bytes(void) {
  int s[2];
  char buffer[64];
  pair(SOCK_STREAM, s);
  CHECK_EQ(ready(s[0]), POLLOUT);
  CHECK_EQ(write(s[0], "hello", 5), 5);
  CHECK_EQ(send(s[0], " world", 6, 0), 6);
  CHECK_EQ(ready(s[1]), POLLIN | POLLOUT);
  CHECK_EQ(waiting(s[1]), 11);
  CHECK_EQ(waiting(s[0]), 0);
  CHECK_EQ(recv(s[1], buffer, 4, MSG_PEEK), 4);
  CHECK_EQ(recv(s[1], buffer, 64, MSG_PEEK), 11);
  CHECK(!memcmp(buffer, "hello world", 11));
  CHECK_EQ(read(s[1], buffer, 3), 3);
  CHECK_EQ(waiting(s[1]), 8);
  struct iovec parts[2] = {{buffer, 4}, {buffer + 10, 20}};
  CHECK_EQ(readv(s[1], parts, 2), 8);
  CHECK(!memcmp(buffer, "lo w", 4) && !memcmp(buffer + 10, "orld", 4));
  CHECK_ERRNO(recv(s[1], buffer, 1, MSG_DONTWAIT), EAGAIN);
  CHECK_ERRNO(recv(s[1], buffer, 0, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(read(s[1], buffer, 0), 0);
  CHECK_EQ(write(s[0], "", 0), 0);
  CHECK_EQ(send(s[0], "", 0, 0), 0);
  CHECK_ERRNO(recv(s[1], buffer, 1, MSG_DONTWAIT), EAGAIN);
  // Both ways at once; writev in one piece.
  struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  CHECK_EQ(writev(s[1], out, 3), 5);
  CHECK_EQ(recv(s[0], buffer, 64, MSG_WAITALL | MSG_DONTWAIT), 5);
  // MSG_TRUNC does not throw bytes away here.
  CHECK_EQ(send(s[0], "xyz", 3, MSG_EOR), 3);
  CHECK_EQ(recv(s[1], buffer, 2, MSG_TRUNC), 2);
  CHECK(!memcmp(buffer, "xy", 2));
  CHECK_EQ(recv(s[1], buffer, 9, 0), 1);
  close_pair(s);
}

static void check_faults(void) {
  int s[2];
  char *edge = at_page_end(4, 2), buffer[8];
  pair(SOCK_STREAM, s);
  CHECK_ERRNO(send(s[0], (void *)8, 1, 0), EFAULT);
  CHECK_ERRNO(send(s[0], edge, 4, 0), EFAULT);
  CHECK_ERRNO(recv(s[1], buffer, 8, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(send(s[0], "abcd", 4, 0), 4);
  // What could not be stored stays.
  CHECK_ERRNO(recv(s[1], (void *)8, 4, 0), EFAULT);
  CHECK_ERRNO(recv(s[1], read_only_page(), 4, 0), EFAULT);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 4);
  close_pair(s);
}

static void check_end(void) {
  int s[2];
  char buffer[8];
  pair(SOCK_STREAM, s);
  CHECK_EQ(write(s[0], "last", 4), 4);
  close(s[0]);
  CHECK_EQ(ready(s[1]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  CHECK_EQ(read(s[1], buffer, 8), 4);
  CHECK_EQ(read(s[1], buffer, 8), 0);
  signals_seen = 0;
  CHECK_ERRNO(write(s[1], "x", 1), EPIPE);
  CHECK_EQ(signals_seen, 1);
  CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_EQ(signals_seen, 1);
  CHECK_EQ(send(s[1], "", 0, 0) == 0 || errno == EPIPE, 1);
  signals_seen = 0;
  close(s[1]);

  // Bytes that were never read: the other side learns of it once.
  pair(SOCK_STREAM, s);
  CHECK_EQ(write(s[1], "lost", 4), 4);
  close(s[0]);
  CHECK_EQ(ready(s[1]) & POLLERR, POLLERR);
  CHECK_ERRNO(read(s[1], buffer, 8), ECONNRESET);
  CHECK_EQ(read(s[1], buffer, 8), 0);
  close(s[1]);
  pair(SOCK_STREAM, s);
  CHECK_EQ(write(s[1], "lost", 4), 4);
  close(s[0]);
  CHECK_EQ(option(s[1], SO_ERROR), ECONNRESET);
  CHECK_EQ(option(s[1], SO_ERROR), 0);
  CHECK_ERRNO(write(s[1], "x", 1), EPIPE);
  close(s[1]);
}

static void check_shutdown(void) {
  int s[2];
  char buffer[8];
  pair(SOCK_STREAM, s);
  CHECK_ERRNO(shutdown(s[0], -1), EINVAL);
  CHECK_ERRNO(shutdown(s[0], 3), EINVAL);
  CHECK_EQ(write(s[0], "end", 3), 3);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  CHECK_EQ(ready(s[0]), POLLOUT);
  CHECK_EQ(ready(s[1]), POLLIN | POLLOUT | POLLRDHUP);
  CHECK_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_EQ(write(s[1], "back", 4), 4);
  CHECK_EQ(read(s[0], buffer, 8), 4);
  CHECK_EQ(read(s[1], buffer, 8), 3);
  CHECK_EQ(read(s[1], buffer, 8), 0);
  CHECK_EQ(shutdown(s[1], SHUT_RDWR), 0);
  CHECK_EQ(ready(s[0]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  CHECK_EQ(read(s[0], buffer, 8), 0);
  close_pair(s);
  pair(SOCK_STREAM, s);
  CHECK_EQ(write(s[0], "there", 5), 5);
  CHECK_EQ(shutdown(s[1], SHUT_RD), 0);
  CHECK_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_EQ(read(s[1], buffer, 8), 5);
  CHECK_EQ(read(s[1], buffer, 8), 0);
  CHECK_EQ(write(s[1], "x", 1), 1);
  close_pair(s);
  // Linux does not require a connection.
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(shutdown(fd, SHUT_RDWR), 0);
  close(fd);
}

// A full buffer: a non-blocking write says so, and the rest goes when there is room.
static void check_full(void) {
  int s[2];
  static char block[1 << 16];
  pair(SOCK_STREAM | SOCK_NONBLOCK, s);
  size_t sent = 0, got = 0;
  ssize_t n;
  while ((n = write(s[0], block, sizeof(block))) > 0) sent += (size_t)n;
  CHECK(errno == EAGAIN);
  CHECK(sent >= 65536 && sent <= 1 << 20);
  CHECK_EQ(ready(s[0]), 0);
  CHECK_EQ(waiting(s[1]), (int)sent);
  int queued = 0;
  CHECK_EQ(ioctl(s[0], SIOCOUTQ, &queued), 0);
  CHECK(queued >= (int)sent);
  while ((n = read(s[1], block, sizeof(block))) > 0) got += (size_t)n;
  CHECK_EQ(got, (long long)sent);
  CHECK_EQ(ready(s[0]), POLLOUT);
  CHECK_EQ(ioctl(s[0], SIOCOUTQ, &queued), 0);
  CHECK_EQ(queued, 0);
  // A large write transfers what there is room for.
  static char large[1 << 20];
  n = write(s[0], large, sizeof(large));
  CHECK(n > 0 && n < (ssize_t)sizeof(large));
  close_pair(s);
  // A smaller buffer holds less.
  int size = 1, now;
  pair(SOCK_STREAM | SOCK_NONBLOCK, s);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
  now = option(s[0], SO_SNDBUF);
  CHECK(now >= 2048 && now <= 8192);
  for (sent = 0; (n = write(s[0], block, 512)) > 0;) sent += (size_t)n;
  CHECK(sent >= 512 && sent < 16384);
  close_pair(s);
}

// Waits end with a signal, a time-out, or what they wait for.
static void check_waits(void) {
  int s[2];
  char buffer[8];
  static char block[1 << 16];
  struct timeval limit = {0, 20000}, got;
  socklen_t length = sizeof(got);
  pair(SOCK_STREAM, s);
  catch_signal(SIGALRM);
  alarm_every(20);
  CHECK_ERRNO(read(s[1], buffer, 1), EINTR);
  // The call returns the bytes in hand instead of EINTR.
  CHECK_EQ(write(s[0], "ab", 2), 2);
  CHECK_EQ(recv(s[1], buffer, 8, MSG_WAITALL), 2);
  size_t total = 0;
  ssize_t n;
  while ((n = write(s[0], block, sizeof(block))) == (ssize_t)sizeof(block)) total += (size_t)n;
  CHECK(n > 0 || errno == EINTR);
  CHECK(signals_seen > 1);
  alarm_every(0);
  close_pair(s);

  pair(SOCK_STREAM, s);
  CHECK_EQ(setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
  CHECK_EQ(getsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &got, &length), 0);
  CHECK_EQ(length, sizeof(got));
  CHECK(got.tv_sec == 0 && got.tv_usec == 20000);
  CHECK_ERRNO(read(s[1], buffer, 1), EAGAIN);
  CHECK_EQ(write(s[0], "abc", 3), 3);
  CHECK_EQ(recv(s[1], buffer, 8, MSG_WAITALL), 3);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
  while ((n = write(s[0], block, sizeof(block))) == (ssize_t)sizeof(block)) continue;
  CHECK(n > 0 || errno == EAGAIN);
  // A signal in a wait with a time-out: no restart, whatever the handler's flags.
  struct sigaction again = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
  limit.tv_sec = 5;
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
  REQUIRE(sigaction(SIGALRM, &again, NULL) == 0);
  alarm_every(20);
  CHECK_ERRNO(read(s[0], buffer, 1), EINTR);
  alarm_every(0);
  close_pair(s);
}

static void check_connection(void) {
  struct sockaddr_un name;
  socklen_t length = sizeof(name);
  char buffer[8];
  int listener = bound_at("listener", SOCK_STREAM),
      client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  CHECK_EQ(ready(listener), POLLHUP | POLLOUT);
  CHECK_EQ(ready(client), POLLHUP | POLLOUT);
  CHECK_ERRNO(connect_to(client, "listener"), ECONNREFUSED);
  CHECK_ERRNO(accept(listener, NULL, NULL), EINVAL);
  CHECK_EQ(option(listener, SO_ACCEPTCONN), 0);
  CHECK_EQ(listen(listener, 0), 0);
  CHECK_EQ(option(listener, SO_ACCEPTCONN), 1);
  CHECK_EQ(ready(listener), 0);
  CHECK_EQ(waiting(listener), -EINVAL);
  CHECK_ERRNO(read(listener, buffer, 1), EINVAL);
  CHECK_ERRNO(send(listener, "x", 1, MSG_NOSIGNAL), ENOTCONN);
  CHECK_ERRNO(read(client, buffer, 1), EINVAL);
  CHECK_ERRNO(write(client, "x", 1), ENOTCONN);
  CHECK_ERRNO(getpeername(client, (void *)&name, &length), ENOTCONN);

  CHECK_EQ(connect_to(client, "listener"), 0);
  CHECK_EQ(ready(listener), POLLIN);
  CHECK_ERRNO(connect_to(client, "listener"), EAGAIN);
  CHECK_ERRNO(connect_to(client, "none"), ENOENT);
  // Before it is accepted, it can be written to.
  CHECK_EQ(ready(client), POLLOUT);
  CHECK_EQ(write(client, "early", 5), 5);
  int second = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  CHECK_ERRNO(connect_to(second, "listener"), EAGAIN);
  int server = accept4(listener, (void *)&name, &length, SOCK_CLOEXEC);
  CHECK(server >= 0);
  CHECK_EQ(length, 2);
  CHECK_EQ(name.sun_family, AF_UNIX);
  CHECK_EQ(fcntl(server, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(server, F_GETFL), O_RDWR);
  CHECK_EQ(read(server, buffer, 8), 5);
  CHECK_ERRNO(connect_to(client, "listener"), EISCONN);
  CHECK_ERRNO(listen(client, 1), EINVAL);
  CHECK_EQ(connect_to(second, "listener"), 0);
  CHECK_EQ(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
  CHECK_ERRNO(connect_to(listener, "listener"), EAGAIN);

  // Both ends report their names.
  length = sizeof(name);
  CHECK_EQ(getpeername(client, (void *)&name, &length), 0);
  CHECK_EQ(length, 2 + sizeof("listener"));
  CHECK(!strcmp(name.sun_path, "listener"));
  length = sizeof(name);
  CHECK_EQ(getsockname(server, (void *)&name, &length), 0);
  CHECK(!strcmp(name.sun_path, "listener"));
  length = 5;
  memset(&name, 'z', sizeof(name));
  CHECK_EQ(getsockname(server, (void *)&name, &length), 0);
  CHECK_EQ(length, 2 + sizeof("listener"));
  CHECK(!memcmp(name.sun_path, "lisz", 4));
  length = sizeof(name);
  CHECK_EQ(getsockname(client, (void *)&name, &length), 0);
  CHECK_EQ(length, 2);

  // The listener goes: a waiting connection is reset, an accepted one stays.
  close(listener);
  CHECK_EQ(ready(second) & (POLLHUP | POLLERR), POLLHUP | POLLERR);
  CHECK_ERRNO(read(second, buffer, 1), ECONNRESET);
  CHECK_ERRNO(connect_to(second, "listener"), ECONNREFUSED);
  CHECK_EQ(write(client, "still", 5), 5);
  CHECK_EQ(read(server, buffer, 8), 5);
  close(server);
  length = sizeof(name);
  CHECK_EQ(getpeername(client, (void *)&name, &length), 0);
  close(client);
  close(second);
}

static void check_listening(void) {
  int listener = bound_at("shut", SOCK_STREAM), client[8];
  CHECK_ERRNO(listen(socket(AF_UNIX, SOCK_STREAM, 0), 1), EINVAL);
  CHECK_EQ(listen(listener, 3), 0);
  for (int i = 0; i < 8; i++) {
    client[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    // One more than the backlog says.
    if (i < 4)
      CHECK_EQ(connect_to(client[i], "shut"), 0);
    else
      CHECK_ERRNO(connect_to(client[i], "shut"), EAGAIN);
  }
  CHECK_EQ(listen(listener, 4), 0);
  CHECK_EQ(connect_to(client[4], "shut"), 0);
  CHECK_ERRNO(connect_to(client[5], "shut"), EAGAIN);
  CHECK_EQ(listen(listener, -1), 0);
  CHECK_EQ(connect_to(client[5], "shut"), 0);
  // They are accepted in order.
  for (int i = 0; i < 3; i++) {
    char byte = (char)('a' + i), got = 0;
    CHECK_EQ(write(client[i], &byte, 1), 1);
    int server = accept(listener, NULL, NULL);
    CHECK_EQ(read(server, &got, 1), 1);
    CHECK_EQ(got, byte);
    close(server);
  }
  CHECK_EQ(shutdown(listener, SHUT_RD), 0);
  CHECK_ERRNO(connect_to(client[6], "shut"), ECONNREFUSED);
  for (int i = 0; i < 3; i++) CHECK(accept(listener, NULL, NULL) >= 0);
  CHECK_ERRNO(accept(listener, NULL, NULL), EINVAL);
  CHECK_EQ(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
  CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
  close(listener);
  listener = bound_at("waits", SOCK_STREAM);
  struct timeval limit = {0, 20000};
  CHECK_EQ(listen(listener, 1), 0);
  CHECK_EQ(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
  CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
  CHECK_EQ(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
  CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
  // A connection that is never accepted ends its wait after the time-out.
  int one = socket(AF_UNIX, SOCK_STREAM, 0), two = socket(AF_UNIX, SOCK_STREAM, 0),
      three = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(connect_to(one, "waits"), 0);
  CHECK_EQ(connect_to(two, "waits"), 0);
  CHECK_EQ(setsockopt(three, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
  CHECK_ERRNO(connect_to(three, "waits"), EAGAIN);
  // A fault loses the connection.
  CHECK_ERRNO(accept(listener, (void *)8, (void *)8), EFAULT);
  CHECK_EQ(ready(one) & POLLHUP, POLLHUP);
  close(listener);
}

// To and from pipes and files.
static void check_splice(void) {
  int s[2], p[2];
  char buffer[32];
  pair(SOCK_STREAM, s);
  REQUIRE(pipe(p) == 0);
  CHECK_EQ(write(p[1], "through a pipe", 14), 14);
  CHECK_EQ(splice(p[0], NULL, s[0], NULL, 100, 0), 14);
  CHECK_EQ(splice(s[1], NULL, p[1], NULL, 7, 0), 7);
  CHECK_EQ(read(p[0], buffer, 32), 7);
  CHECK(!memcmp(buffer, "through", 7));
  CHECK_EQ(read(s[1], buffer, 32), 7);
  CHECK_ERRNO(splice(s[1], NULL, p[1], NULL, 7, SPLICE_F_NONBLOCK), EAGAIN);
  write_file("sent", "of a file", 9);
  int fd = open("sent", O_RDONLY);
  CHECK_EQ(sendfile(s[0], fd, NULL, 100), 9);
  CHECK_EQ(read(s[1], buffer, 32), 9);
  CHECK(!memcmp(buffer, "of a file", 9));
  CHECK_ERRNO(sendfile(fd, s[1], NULL, 1), EBADF);
  CHECK_ERRNO(lseek(s[0], 0, SEEK_SET), ESPIPE);
  CHECK_ERRNO(pread(s[0], buffer, 1, 0), ESPIPE);
  CHECK_ERRNO(pwrite(s[0], buffer, 1, 0), ESPIPE);
  CHECK(mmap(0, 4096, PROT_READ, MAP_SHARED, s[0], 0) == MAP_FAILED && errno == ENODEV);
  CHECK_ERRNO(fsync(s[0]), EINVAL);
  CHECK_ERRNO(ftruncate(s[0], 0), EINVAL);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  CHECK_EQ(splice(s[1], NULL, p[1], NULL, 7, 0), 0);
  close_pair(s);
}

int main(void) {
  enter_scratch();
  catch_signal(SIGPIPE);
  check_bytes();
  check_faults();
  check_end();
  check_shutdown();
  check_full();
  check_waits();
  check_connection();
  check_listening();
  check_splice();
  return finish();
}
