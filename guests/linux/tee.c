// tee: what one pipe holds goes into another one, once, and stays in the first. man 2 tee.
#include <limits.h>

#include "processes.h"

#define LARGE (1 << 20)

static uint32_t words[LARGE / 4], got[LARGE / 4];
static int from[2], to[2];

static void make_pipes(int from_size, int to_size) {
  REQUIRE(pipe(from) == 0 && pipe(to) == 0);
  if (from_size) REQUIRE(fcntl(from[1], F_SETPIPE_SZ, from_size) == from_size);
  if (to_size) REQUIRE(fcntl(to[1], F_SETPIPE_SZ, to_size) == to_size);
}

static void close_pipes(void) { close(from[0]), close(from[1]), close(to[0]), close(to[1]); }

static long try_tee(size_t length, int flags) { return tee(from[0], to[1], length, flags); }

// The next `length` bytes of both pipes are the first ones.
static void check_content(size_t length) {
  for (int which = 0; which < 2; which++) {
    memset(got, 0, sizeof(got));
    for (size_t done = 0; done < length;) {
      ssize_t count = read(which ? to[0] : from[0], (char *)got + done, length - done);
      REQUIRE(count > 0);
      done += (size_t)count;
    }
    CHECK(memcmp(got, words, length) == 0);
  }
}

static void check_sizes(void) {
  static const size_t lengths[] = {1, 4096, 65536, 128 << 10, LARGE};
  for (size_t i = 0; i < COUNT(lengths); i++) {
    make_pipes(LARGE, LARGE);
    CHECK_EQ(write(from[1], words, lengths[i]), lengths[i]);
    CHECK_EQ(try_tee(INT_MAX, 0), lengths[i]);
    check_content(lengths[i]);
    close_pipes();
  }
}

// Nothing is there yet: it waits, and has what is there then.
static void check_waiting(void) {
  make_pipes(0, 0);
  CHECK_ERRNO(try_tee(INT_MAX, 2), EAGAIN);
  pid_t child = CHILD({
    usleep(100000);
    CHECK_EQ(write(from[1], words, 16), 16);
  });
  CHECK_EQ(try_tee(INT_MAX, 0), 16);
  CHECK_EQ(ended(child), 0);
  check_content(16);

  // The other pipe is full: it waits for its reader.
  CHECK_EQ(write(from[1], words, 16), 16);
  CHECK_EQ(write(to[1], words, 65536), 65536);
  CHECK_ERRNO(try_tee(INT_MAX, 2), EAGAIN);
  child = CHILD({
    usleep(100000);
    CHECK_EQ(read(to[0], got, 65536), 65536);
  });
  CHECK_EQ(try_tee(INT_MAX, 0), 16);
  CHECK_EQ(ended(child), 0);
  check_content(16);
  close_pipes();
}

static void check_ends(void) {
  make_pipes(0, 0);
  CHECK_EQ(write(from[1], words, 8), 8);
  CHECK_EQ(try_tee(3, 0), 3);
  CHECK_EQ(try_tee(0, 0), 0);
  CHECK_ERRNO(tee(from[0], from[1], 1, 0), EINVAL);
  CHECK_ERRNO(tee(from[1], to[1], 1, 0), EBADF);
  CHECK_EQ(read(to[0], got, 8), 3);
  CHECK_EQ(read(from[0], got, 8), 8);
  close(from[1]);
  CHECK_EQ(try_tee(1, 0), 0);
  close(from[0]), close(to[0]), close(to[1]);
}

int main(void) {
  limit_time();
  for (size_t i = 0; i < COUNT(words); i++) words[i] = (uint32_t)(i * 2654435761u);
  check_sizes();
  check_waiting();
  check_ends();
  return finish();
}
