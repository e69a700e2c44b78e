// epoll sets in epoll sets: how deep, how many paths to one file, loops, and events through all of it. man 2 epoll_ctl, fs/eventpoll.c.
// not in CI's beds: emulation makes it slow
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "check.h"

// Sets in a chain: kernels before 6.17 (and its backports) counted two more.
#define MIN_CHAIN 5
#define MAX_CHAIN 7
#define LAYERS 5
#define WIDTH 32

static struct epoll_event in = {.events = EPOLLIN}, got[8];

static int add(int set, int fd) { return epoll_ctl(set, EPOLL_CTL_ADD, fd, &in); }

static int make_set(void) {
  int set = epoll_create1(0);
  REQUIRE(set >= 0);
  return set;
}

static void close_all(const int *fds, int count) {
  for (int i = 0; i < count; i++) close(fds[i]);
}

// From the bottom up, and from the top down.
static void check_depth(void) {
  for (int down = 0; down < 2; down++) {
    int error = 0, chain[MAX_CHAIN + 2] = {make_set()}, length = 1;
    for (;;) {
      chain[length] = make_set();
      int result = down ? add(chain[length - 1], chain[length]) : add(chain[length], chain[length - 1]);
      error = result == 0 ? 0 : errno;
      length++;
      if (result != 0 || length == MAX_CHAIN + 2) break;
    }
    CHECK_EQ(error, ELOOP);
    CHECK(length - 1 >= MIN_CHAIN && length - 1 <= MAX_CHAIN);
    close_all(chain, length);
  }
}

static void check_loops(void) {
  int sets[4];
  for (int i = 0; i < 4; i++) sets[i] = make_set();
  CHECK_ERRNO(add(sets[0], sets[0]), EINVAL);
  for (int i = 0; i < 3; i++) CHECK_EQ(add(sets[i], sets[i + 1]), 0);
  for (int i = 0; i < 3; i++) CHECK_ERRNO(add(sets[3], sets[i]), ELOOP);
  CHECK_ERRNO(add(sets[2], sets[0]), ELOOP);
  // A second path to the same set is no loop; the same path again exists already.
  CHECK_EQ(add(sets[0], sets[3]), 0);
  CHECK_ERRNO(add(sets[0], sets[3]), EEXIST);
  // Once the path is cut there is no loop.
  CHECK_EQ(epoll_ctl(sets[2], EPOLL_CTL_DEL, sets[3], 0), 0);
  CHECK_EQ(epoll_ctl(sets[0], EPOLL_CTL_DEL, sets[3], 0), 0);
  CHECK_EQ(add(sets[3], sets[2]), 0);
  close_all(sets, 4);
}

// `depth` sets above `limit` sets that each watch one file: one more is too many.
static void check_ways(int depth, int limit) {
  int above[LAYERS], set[512], counter = eventfd(0, 0);
  for (int i = 0; i < depth; i++) above[i] = make_set();
  for (int i = 1; i < depth; i++) CHECK_EQ(add(above[i], above[i - 1]), 0);
  for (int i = 0; i <= limit; i++) {
    set[i] = make_set();
    CHECK_EQ(add(above[0], set[i]), 0);
    if (i < limit) CHECK_EQ(add(set[i], counter), 0);
  }
  CHECK_ERRNO(add(set[limit], counter), EINVAL);
  CHECK_ERRNO(epoll_ctl(set[limit], EPOLL_CTL_DEL, counter, 0), ENOENT);
  // Another file has its own count of paths, and a removed path makes room.
  int other = eventfd(0, 0);
  CHECK_EQ(add(set[limit], other), 0);
  CHECK_EQ(epoll_ctl(set[0], EPOLL_CTL_DEL, counter, 0), 0);
  CHECK_EQ(add(set[limit], counter), 0);

  CHECK_EQ(epoll_wait(above[depth - 1], got, 8, 0), 0);
  CHECK_EQ(eventfd_write(counter, 1), 0);
  CHECK_EQ(epoll_wait(above[depth - 1], got, 8, 0), depth == 1 ? 8 : 1);
  close(counter), close(other);
  close_all(set, limit + 1), close_all(above, depth);
}

// Directly, a file may be in any number of sets.
static void check_many_sets(void) {
  int set[600], counter = eventfd(0, 0);
  for (int i = 0; i < 600; i++) {
    set[i] = make_set();
    CHECK_EQ(add(set[i], counter), 0);
  }
  CHECK_EQ(eventfd_write(counter, 1), 0);
  for (int i = 0; i < 600; i++) CHECK_EQ(epoll_wait(set[i], got, 8, 0), 1);
  close(counter), close_all(set, 600);
}

// 32 to the power of 4 paths lead down: none of these calls may walk them all.
static void check_lattice(void) {
  static int set[LAYERS][WIDTH];
  for (int layer = 0; layer < LAYERS; layer++)
    for (int i = 0; i < WIDTH; i++) set[layer][i] = make_set();
  for (int layer = 1; layer < LAYERS; layer++)
    for (int i = 0; i < WIDTH; i++)
      for (int j = 0; j < WIDTH; j++) CHECK_EQ(add(set[layer][i], set[layer - 1][j]), 0);
  int *top = set[LAYERS - 1];
  struct pollfd polled[WIDTH];
  for (int i = 0; i < WIDTH; i++) polled[i] = (struct pollfd){.fd = top[i], .events = POLLIN};
  CHECK_EQ(poll(polled, WIDTH, 0), 0);
  CHECK_EQ(poll(polled, WIDTH, 10), 0);
  CHECK_EQ(epoll_wait(top[0], got, 8, 10), 0);
  int counter = eventfd(1, 0);
  CHECK_ERRNO(add(set[0][0], counter), EINVAL);
  CHECK_EQ(poll(polled, WIDTH, 0), 0);
  // Ten paths are the most that there may be.
  for (int i = 0; i < WIDTH; i++)
    for (int j = 10; j < WIDTH; j++) CHECK_EQ(epoll_ctl(top[j], EPOLL_CTL_DEL, set[3][i], 0), 0);
  for (int layer = 1; layer < LAYERS - 1; layer++)
    for (int i = 0; i < WIDTH; i++)
      for (int j = 0; j < WIDTH; j++)
        if (i != j) CHECK_EQ(epoll_ctl(set[layer][i], EPOLL_CTL_DEL, set[layer - 1][j], 0), 0);
  CHECK_EQ(add(set[0][0], counter), 0);
  CHECK_EQ(poll(polled, WIDTH, 0), 10);
  for (int layer = 0; layer < LAYERS; layer++) close_all(set[layer], WIDTH);
  close(counter);
}

// Events pass through: at once, to a call that waits, and once per edge.
static void check_events(void) {
  int sets[MIN_CHAIN], timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec soon = {.it_value.tv_nsec = 20000000};
  struct epoll_event edge = {.events = EPOLLIN | EPOLLET};
  uint64_t times;
  for (int i = 0; i < MIN_CHAIN; i++) sets[i] = make_set();
  int top = sets[MIN_CHAIN - 1];
  CHECK_EQ(add(sets[0], timer), 0);
  for (int i = 1; i < MIN_CHAIN - 1; i++) CHECK_EQ(add(sets[i], sets[i - 1]), 0);
  CHECK_EQ(epoll_ctl(top, EPOLL_CTL_ADD, sets[MIN_CHAIN - 2], &edge), 0);
  CHECK_EQ(epoll_wait(top, got, 8, 0), 0);
  CHECK_EQ(timerfd_settime(timer, 0, &soon, 0), 0);
  CHECK_EQ(epoll_wait(top, got, 8, 10000), 1);
  CHECK_EQ(epoll_wait(top, got, 8, 0), 0);
  CHECK_EQ(epoll_wait(sets[1], got, 8, 0), 1);
  CHECK_EQ(read(timer, &times, sizeof times), (long long)sizeof times);
  CHECK_EQ(epoll_wait(sets[1], got, 8, 0), 0);
  CHECK_EQ(timerfd_settime(timer, 0, &soon, 0), 0);
  CHECK_EQ(epoll_wait(top, got, 8, 10000), 1);
  close(timer);
  CHECK_EQ(epoll_wait(sets[1], got, 8, 0), 0);
  close_all(sets, MIN_CHAIN);
}

int main(void) {
  check_depth();
  check_loops();
  check_ways(1, 500);
  check_ways(2, 100);
  check_ways(3, 50);
  check_ways(4, 10);
  check_many_sets();
  check_lattice();
  check_events();
  return finish();
}
