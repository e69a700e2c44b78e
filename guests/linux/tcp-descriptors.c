// tcp-descriptors: TCP sockets as open files: accept4, fork, SCM_RIGHTS, sendfile, splice, FIONBIO, SIGIO. man 2 accept4, sendfile, splice.
// not in CI's beds: emulation makes it slow
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "processes.h"
#include "tcp.h"
#include "threads.h"

static void check_flags(void) {
  int listener = tcp_listener(), s[2], on = 1;
  char byte;
  connect_pair(listener, s);
  CHECK_EQ(fcntl(s[1], F_GETFL), O_RDWR);
  CHECK_EQ(fcntl(s[1], F_GETFD), 0);
  close_pair(s);
  s[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQ(fcntl(s[0], F_GETFD), FD_CLOEXEC);
  CHECK_EQ(connect_at(s[0], name_of(listener)), 0);
  CHECK_ERRNO(accept4(listener, NULL, NULL, 1), EINVAL);
  CHECK_ERRNO(accept(listener, (void *)8, &(socklen_t){16}), EFAULT);
  close(s[0]);
  s[0] = tcp_socket();
  CHECK_EQ(connect_at(s[0], name_of(listener)), 0);
  s[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  CHECK_EQ(fcntl(s[1], F_GETFL), O_RDWR | O_NONBLOCK);
  CHECK_EQ(fcntl(s[1], F_GETFD), FD_CLOEXEC);
  CHECK_ERRNO(read(s[1], &byte, 1), EAGAIN);
  CHECK_EQ(ioctl(s[0], FIONBIO, &on), 0);
  CHECK_ERRNO(read(s[0], &byte, 1), EAGAIN);
  CHECK_ERRNO(lseek(s[0], 0, SEEK_SET), ESPIPE);
  CHECK_ERRNO(pread(s[0], &byte, 1, 0), ESPIPE);
  struct stat status;
  CHECK_EQ(fstat(s[0], &status), 0);
  CHECK(S_ISSOCK(status.st_mode));
  close_pair(s), close(listener);
}

// A connection ends with the last descriptor for it.
static void check_fork(void) {
  int listener = tcp_listener(), s[2];
  char buffer[8];
  struct gate gate = new_gate();
  s[0] = tcp_socket();
  pid_t child;
  IN_CHILD(child) {
    int server = accept(listener, NULL, NULL);
    CHECK_EQ(read(server, buffer, 8), 4);
    CHECK_EQ(write(server, "pong", 4), 4);
    pass_gate(gate);
  }
  CHECK_EQ(connect_at(s[0], name_of(listener)), 0);
  CHECK_EQ(write(s[0], "ping", 4), 4);
  CHECK_EQ(read(s[0], buffer, 8), 4);
  open_gate(gate);
  CHECK_EQ(read(s[0], buffer, 8), 0);
  CHECK_EQ(ended(child), 0);
  close(s[0]);
  connect_pair(listener, s);
  IN_CHILD(child) {
    close(s[0]);
    pass_gate(gate);
    CHECK_EQ(write(s[1], "child", 5), 5);
  }
  close(s[1]);
  CHECK_EQ(recv(s[0], buffer, 8, MSG_DONTWAIT), -1);
  open_gate(gate);
  CHECK_EQ(read(s[0], buffer, 8), 5);
  CHECK_EQ(read(s[0], buffer, 8), 0);
  CHECK_EQ(ended(child), 0);
  close(s[0]), close(listener), remove_gate(gate);
}

static void check_rights(void) {
  int s[2], p[2], sent[1], got[1];
  char buffer[8];
  size_t count = 1;
  tcp_pair(s), pair(SOCK_STREAM, p);
  sent[0] = s[1];
  CHECK_EQ(send_fds(p[0], "r", 1, sent, 1), 1);
  close(s[1]);
  CHECK_EQ(receive_fds(p[1], buffer, 8, got, &count, 0, NULL), 1);
  CHECK_EQ(count, 1);
  CHECK_EQ(write(s[0], "through", 7), 7);
  CHECK_EQ(read(got[0], buffer, 8), 7);
  close(s[0]);
  CHECK_EQ(read(got[0], buffer, 8), 0);
  close(got[0]), close_pair(p);
}

#define FILE_BYTES 300000

static void check_sendfile(void) {
  int s[2], file = memfd_create("bytes", 0);
  static char bytes[FILE_BYTES], seen[FILE_BYTES];
  for (int i = 0; i < FILE_BYTES; i++) bytes[i] = (char)(i * 7 + (i >> 8));
  REQUIRE(write(file, bytes, FILE_BYTES) == FILE_BYTES);
  tcp_pair(s);
  pid_t child;
  IN_CHILD(child) {
    CHECK_EQ(recv(s[1], seen, FILE_BYTES - 10, MSG_WAITALL), FILE_BYTES - 10);
    CHECK(!memcmp(seen, bytes + 10, FILE_BYTES - 10));
  }
  off_t offset = 10;
  while (offset < FILE_BYTES) {
    ssize_t moved = sendfile(s[0], file, &offset, (size_t)(FILE_BYTES - offset));
    CHECK(moved > 0);
    if (moved <= 0) break;
  }
  CHECK_EQ(ended(child), 0);
  set_nonblocking(s[0]);
  fill(s[0]);
  offset = 0;
  CHECK_ERRNO(sendfile(s[0], file, &offset, 100), EAGAIN);
  close(s[1]);
  signals_seen = 0;
  CHECK(EVENTUALLY(sendfile(s[0], file, &offset, 100) < 0 && errno == EPIPE));
  CHECK(signals_seen > 0);
  close(s[0]), close(file);
}

#define MUCH (9u << 20)

static void *receive_much(void *argument) {
  static char bytes[65536];
  long total = 0, count;
  while ((count = read(*(int *)argument, bytes, sizeof bytes)) > 0) total += count;
  return (void *)total;
}

// A blocking socket takes all, however much that is.
static void check_long_sendfile(void) {
  int ends[2], file = memfd_create("much", 0);
  off_t offset = 0;
  REQUIRE(file >= 0 && ftruncate(file, MUCH) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  pthread_t receiver = start(receive_much, &ends[1]);
  CHECK_EQ(sendfile(ends[0], file, &offset, MUCH), MUCH);
  CHECK_EQ(offset, MUCH);
  close(ends[0]);
  CHECK_EQ((long)join(receiver), MUCH);
  close(ends[1]), close(file);
}

static void check_splice(void) {
  int s[2], p[2];
  char buffer[16];
  tcp_pair(s);
  REQUIRE(pipe(p) == 0);
  CHECK_EQ(write(p[1], "from a pipe", 11), 11);
  CHECK_EQ(splice(p[0], NULL, s[0], NULL, 64, SPLICE_F_MORE), 11);
  CHECK_EQ(await(s[1], POLLIN), POLLIN);
  CHECK_EQ(splice(s[1], NULL, p[1], NULL, 4, 0), 4);
  CHECK_EQ(splice(s[1], NULL, p[1], NULL, 64, SPLICE_F_NONBLOCK), 7);
  CHECK_EQ(read(p[0], buffer, 16), 11);
  CHECK(!memcmp(buffer, "from a pipe", 11));
  set_nonblocking(s[1]);
  CHECK_ERRNO(splice(s[1], NULL, p[1], NULL, 64, 0), EAGAIN);
  close(s[0]);
  CHECK_EQ(splice(s[1], NULL, p[1], NULL, 64, 0), 0);
  close(s[1]), close_pair(p);
}

static void check_sigio(void) {
  int s[2], on = 1;
  char byte;
  tcp_pair(s);
  catch_signal(SIGIO);
  CHECK_EQ(fcntl(s[1], F_SETOWN, getpid()), 0);
  CHECK_EQ(ioctl(s[1], FIOASYNC, &on), 0);
  CHECK_EQ(fcntl(s[1], F_GETFL) & O_ASYNC, O_ASYNC);
  CHECK_EQ(write(s[0], "x", 1), 1);
  CHECK(EVENTUALLY(signals_seen >= 1));
  CHECK_EQ(read(s[1], &byte, 1), 1);
  signals_seen = 0;
  close(s[0]);
  CHECK(EVENTUALLY(signals_seen >= 1));
  close(s[1]);
}

int main(void) {
  limit_time();
  catch_signal(SIGPIPE);
  check_flags();
  check_fork();
  check_rights();
  check_sendfile();
  check_long_sendfile();
  check_splice();
  check_sigio();
  return finish();
}
