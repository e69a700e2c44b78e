// scm-cycles: sockets that only messages hold: cycles are closed, what can still be received stays, and there are limits. man 7 unix.
// not in CI's beds: emulation makes it slow
#include <sys/resource.h>
#include <time.h>

#include "unix.h"

// Linux collects in the background, when a socket closes: waits until the pipe ends, or some time has passed: half a minute, or more.
static bool is_closed(int reader) {
  for (int i = 0; i < 3000; i++) {
    struct pollfd end = {.fd = reader, .events = POLLIN};
    int s[2];
    pair(SOCK_STREAM, s);
    close_pair(s);
    if (poll(&end, 1, 10) == 1) return (end.revents & POLLHUP) != 0;
  }
  return false;
}

static bool is_open(int reader) {
  struct pollfd end = {.fd = reader, .events = POLLIN};
  int s[2];
  pair(SOCK_STREAM, s);
  close_pair(s);
  return poll(&end, 1, 0) == 0;
}

// A socket in its own queue.
static void check_itself(int type) {
  int s[2], p[2];
  pair(type, s);
  REQUIRE(pipe(p) == 0);
  int both[2] = {s[1], p[1]};
  CHECK_EQ(send_fds(s[0], "x", 1, both, 2), 1);
  close(p[1]);
  CHECK(is_open(p[0]));
  close_pair(s);
  CHECK(is_closed(p[0]));
  close(p[0]);
}

// Two in each other's queues: open until the last descriptor is closed, whichever that is.
static void check_each_other(int type) {
  int s[2], p[2], got[2];
  size_t count = 2;
  char byte;
  pair(type, s);
  REQUIRE(pipe(p) == 0);
  int first[2] = {s[0], p[1]};
  CHECK_EQ(send_fds(s[0], "x", 1, first, 2), 1);
  CHECK_EQ(send_fds(s[1], "y", 1, &s[1], 1), 1);
  close(p[1]);
  close(s[0]);
  CHECK(is_open(p[0]));
  // It can still be received.
  CHECK_EQ(receive_fds(s[1], &byte, 1, got, &count, 0, NULL), 1);
  CHECK_EQ(count, 2);
  CHECK_EQ(send_fds(got[0], "x", 1, got, 2), 1);
  close_pair(got);
  CHECK(is_open(p[0]));
  close(s[1]);
  CHECK(is_closed(p[0]));
  close(p[0]);
}

// Many in a ring, each in the next one's queue.
static void check_ring(void) {
  enum { SIZE = 100 };
  int s[SIZE][2], p[2];
  REQUIRE(pipe(p) == 0);
  for (int i = 0; i < SIZE; i++) pair(SOCK_DGRAM, s[i]);
  for (int i = 0; i < SIZE; i++) {
    int both[2] = {s[(i + 1) % SIZE][1], p[1]};
    CHECK_EQ(send_fds(s[i][0], "x", 1, both, 2), 1);
  }
  close(p[1]);
  for (int i = 0; i < SIZE; i++) {
    CHECK(i % 10 != 0 || is_open(p[0]));
    close_pair(s[i]);
  }
  CHECK(is_closed(p[0]));
  close(p[0]);
}

// A long row, each in the one before: it all goes at once with the first.
static void check_row(void) {
  enum { SIZE = 400 };
  int ends[2], p[2];
  REQUIRE(pipe(p) == 0);
  int inner = p[1];
  for (int i = 0; i < SIZE; i++) {
    pair(SOCK_STREAM, ends);
    CHECK_EQ(send_fds(ends[0], "x", 1, &inner, 1), 1);
    close(inner);
    close(ends[0]);
    inner = ends[1];
  }
  CHECK(is_open(p[0]));
  close(inner);
  CHECK(is_closed(p[0]));
  close(p[0]);
}

// A listener in the queue of a connection that only it can accept.
static void check_listener(void) {
  int p[2];
  REQUIRE(pipe(p) == 0);
  int listener = bound_at("listener", SOCK_STREAM), client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(listen(listener, 4), 0);
  CHECK_EQ(connect_to(client, "listener"), 0);
  int both[2] = {listener, p[1]};
  CHECK_EQ(send_fds(client, "x", 1, both, 2), 1);
  close(p[1]);
  close(listener);
  close(client);
  CHECK(is_closed(p[0]));
  close(p[0]);
  unlink("listener");
}

// Ten thousand of them, with 64 descriptors at a time; on a slow machine as many as fit into five seconds, but a thousand at least.
static void check_many(void) {
  struct rlimit limit, small = {64, 0};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  small.rlim_max = limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &small) == 0);
  int free_before = lowest_fd(), refused = 0, made = 0;
  time_t end = time(NULL) + 5;
  for (int i = 0; i < 1000 || (i < 10000 && time(NULL) < end); i++) {
    int s[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0) {
      fail(__FILE__, __LINE__, "a pair after so many", i, errno);
      break;
    }
    // Linux's collector may lag.
    if (send_fds(s[0], "x", 1, &s[1], 1) != 1) refused++;
    close_pair(s);
    made++;
  }
  CHECK(made >= 1000 && refused < made);
  CHECK_EQ(lowest_fd(), free_before);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

// An unprivileged user has no more descriptors in flight than it may have open.
static void check_limit(void) {
  struct rlimit limit, small = {40, 0};
  int s[2], sent = 0;
  pair(SOCK_STREAM, s);
  int file = open("/dev/null", O_RDONLY);
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  small.rlim_max = limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &small) == 0);
  bool was_root = is_root();
  if (was_root) REQUIRE(syscall(SYS_setresuid, 65533, 65533, 0) == 0);
  while (sent < 200 && send_fds(s[0], "x", 1, &file, 1) == 1) sent++;
  CHECK(errno == ETOOMANYREFS);
  CHECK(sent >= 40 && sent <= 42);
  // Bytes alone still pass, and after one message was received, so do descriptors.
  CHECK_EQ(write(s[0], "y", 1), 1);
  char byte;
  for (int i = 0; i < 3; i++) CHECK_EQ(read(s[1], &byte, 1), 1);
  CHECK_EQ(send_fds(s[0], "x", 1, &file, 1), 1);
  if (was_root) {
    REQUIRE(syscall(SYS_setresuid, 0, 0, 0) == 0);
    for (int i = 0; i < 10; i++) CHECK_EQ(send_fds(s[0], "x", 1, &file, 1), 1);
  }
  close_pair(s);
  close(file);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

int main(void) {
  enter_scratch();
  // First, because Linux counts what it has not collected yet.
  check_limit();
  check_itself(SOCK_STREAM);
  check_itself(SOCK_DGRAM);
  check_each_other(SOCK_STREAM);
  check_each_other(SOCK_SEQPACKET);
  check_ring();
  check_row();
  check_listener();
  check_many();
  return finish();
}
