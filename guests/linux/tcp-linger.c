// tcp-linger: close(2) of a socket with SO_LINGER waits until the other side has room for all that was sent. man 7 socket.
// not in CI's beds: emulation makes it slow
#include "processes.h"
#include "tcp.h"
#include "threads.h"

enum { FOREVER = 1000 };

static void set_linger(int fd, int seconds) {
  struct linger linger = {1, seconds};
  REQUIRE(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
}

// A connection that takes no more bytes, and how many it has taken.
static long full_pair(int s[2], int seconds) {
  tcp_pair(s);
  set_linger(s[0], seconds);
  return fill(s[0]);
}

// Bytes up to the end of the stream.
static long read_all(int fd) {
  static char block[65536];
  long total = 0;
  ssize_t count;
  while ((count = recv(fd, block, sizeof(block), 0)) > 0) total += count;
  CHECK_EQ(count, 0);
  return total;
}

static volatile bool has_begun;
static volatile pid_t closer;

static struct {
  int fd;
  long bytes;
} reader;

// Reads when the main thread sleeps in close.
static void *read_late(void *unused) {
  CHECK(EVENTUALLY(state_of_thread(closer) == 'S'));
  has_begun = true;
  reader.bytes = read_all(reader.fd);
  return unused;
}

// Closes, until another thread has begun to do something with the other end.
static void close_until(void *(*other)(void *), int s[2]) {
  closer = (pid_t)syscall(SYS_gettid);
  has_begun = false;
  reader.fd = s[1];
  pthread_t thread = start(other, NULL);
  CHECK_EQ(close(s[0]), 0);
  CHECK(has_begun);
  join(thread);
}

static void close_while_read(int s[2], long sent) {
  close_until(read_late, s);
  CHECK_EQ(reader.bytes, sent);
  close(s[1]);
}

static void check_reader(void) {
  int s[2];
  long sent = full_pair(s, FOREVER);
  close_while_read(s, sent);
  // O_NONBLOCK makes no difference, and neither does an end that was sent before.
  sent = full_pair(s, FOREVER);
  set_nonblocking(s[0]);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  close_while_read(s, sent);
  // The other side has ended before.
  sent = full_pair(s, FOREVER);
  CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
  CHECK_EQ(read(s[0], &(char){0}, 1), 0);
  close_while_read(s, sent);
}

// When the time is over, close goes on as without it: what was sent arrives.
static void check_time(void) {
  int s[2];
  long sent = full_pair(s, 1);
  long long start = now_ns();
  CHECK_EQ(close(s[0]), 0);
  CHECK(now_ns() - start > 900000000ll);
  CHECK_EQ(read_all(s[1]), sent);
  close(s[1]);
}

static void no_op(int signal) { (void)signal; }

// A signal ends the wait, and close succeeds.
static void check_signal(void) {
  int s[2];
  long sent = full_pair(s, FOREVER);
  struct sigaction action = {.sa_handler = no_op};
  REQUIRE(sigaction(SIGALRM, &action, NULL) == 0);
  struct itimerval soon = {.it_value = {0, 50000}, .it_interval = {0, 50000}};
  REQUIRE(setitimer(ITIMER_REAL, &soon, NULL) == 0);
  CHECK_EQ(close(s[0]), 0);
  REQUIRE(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL) == 0);
  CHECK_ERRNO(fcntl(s[0], F_GETFD), EBADF);
  CHECK_EQ(read_all(s[1]), sent);
  close(s[1]);
}

static void *reset_late(void *unused) {
  CHECK(EVENTUALLY(state_of_thread(closer) == 'S'));
  has_begun = true;
  // Bytes wait, so it is a reset.
  CHECK_EQ(close(reader.fd), 0);
  return unused;
}

static void check_reset(void) {
  int s[2];
  full_pair(s, FOREVER);
  close_until(reset_late, s);
}

static void check_no_wait(void) {
  int s[2], copy;
  // The other side has room for it: it need not be read.
  tcp_pair(s);
  set_linger(s[0], FOREVER);
  CHECK_EQ(send(s[0], "hello", 5, 0), 5);
  CHECK_EQ(close(s[0]), 0);
  CHECK_EQ(read_all(s[1]), 5);
  close(s[1]);
  // Other descriptors are left.
  long sent = full_pair(s, FOREVER);
  copy = dup(s[0]);
  CHECK_EQ(close(s[0]), 0);
  set_linger(copy, 0);
  CHECK_EQ(close(copy), 0);
  CHECK(sent > 0);
  close(s[1]);
  sent = full_pair(s, FOREVER);
  // Bytes that nobody has read make it a reset.
  CHECK_EQ(send(s[1], "x", 1, 0), 1);
  CHECK_EQ(await(s[0], POLLIN), POLLIN);
  CHECK_EQ(close(s[0]), 0);
  close(s[1]);
  // Without SO_LINGER.
  sent = full_pair(s, FOREVER);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &(struct linger){0, FOREVER}, sizeof(struct linger)), 0);
  CHECK_EQ(close(s[0]), 0);
  CHECK_EQ(read_all(s[1]), sent);
  close(s[1]);
}

// A process that ends does not wait.
static void check_exit(void) {
  int s[2], pid;
  full_pair(s, FOREVER);
  struct gate gate = new_gate();
  IN_CHILD(pid) {
    pass_gate(gate);
    // The last descriptor for it goes with the process.
  }
  CHECK_EQ(fcntl(s[0], F_GETFD), 0);
  close(s[0]);
  open_gate(gate);
  CHECK_EQ(ended(pid), 0);
  remove_gate(gate), close(s[1]);
}

int main(void) {
  limit_time();
  check_reader();
  check_time();
  check_reset();
  check_no_wait();
  check_exit();
  CHECK_IN_CHILD check_signal();
  return finish();
}
