// thread-settings: timer slack and I/O flusher of each thread; personalities and what STICKY_TIMEOUTS does. man 2 prctl, personality.
#include <sys/personality.h>
#include <sys/select.h>

#include "threads.h"

static void *thread_slack(void *slack) {
  // A thread starts with its creator's as its default.
  CHECK_EQ(prctl(PR_GET_TIMERSLACK), (long)slack);
  CHECK_EQ(prctl(PR_SET_TIMERSLACK, 5), 0);
  CHECK_EQ(prctl(PR_GET_TIMERSLACK), 5);
  CHECK_EQ(prctl(PR_SET_TIMERSLACK, 0), 0);
  CHECK_EQ(prctl(PR_GET_TIMERSLACK), (long)slack);
  return 0;
}

// Each thread has a timer slack of its own; 0 asks for the default.
static void check_timer_slack(void) {
  int standard = prctl(PR_GET_TIMERSLACK);
  CHECK(standard > 0);
  CHECK_EQ(prctl(PR_SET_TIMERSLACK, 12345), 0);
  CHECK_EQ(prctl(PR_GET_TIMERSLACK), 12345);
  join(start(thread_slack, (void *)12345));
  CHECK_EQ(prctl(PR_GET_TIMERSLACK), 12345);
  CHECK_IN_CHILD thread_slack((void *)12345);
  CHECK_EQ(prctl(PR_SET_TIMERSLACK, 0), 0);
  CHECK_EQ(prctl(PR_GET_TIMERSLACK), standard);
  CHECK_EQ(prctl(PR_SET_TIMERSLACK, 0x80000000ul), 0);
  CHECK_EQ(syscall(SYS_prctl, PR_GET_TIMERSLACK), 0x80000000l);
  CHECK_EQ(prctl(PR_SET_TIMERSLACK, 0), 0);
}

static int io_flusher(void) { return prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0); }

static void *not_mine(void *unused) {
  CHECK_EQ(io_flusher(), 1);
  CHECK_EQ(prctl(PR_SET_IO_FLUSHER, 0, 0, 0, 0), 0);
  CHECK_EQ(io_flusher(), 0);
  return unused;
}

// Each thread's own, inherited; only with CAP_SYS_RESOURCE, which root may lack.
static void check_io_flusher(void) {
  if (io_flusher() < 0) {
    CHECK_ERRNO(io_flusher(), EPERM);
    CHECK_ERRNO(prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0), EPERM);
    CHECK_ERRNO(prctl(PR_SET_IO_FLUSHER, 2, 1, 0, 0), EPERM);
    return;
  }
  CHECK_EQ(io_flusher(), 0);
  CHECK_EQ(prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0), 0);
  CHECK_EQ(io_flusher(), 1);
  join(start(not_mine, 0));
  CHECK_EQ(io_flusher(), 1);
  CHECK_IN_CHILD not_mine(0);
  CHECK_ERRNO(prctl(PR_SET_IO_FLUSHER, 2, 0, 0, 0), EINVAL);
  CHECK_ERRNO(prctl(PR_SET_IO_FLUSHER, 0, 1, 0, 0), EINVAL);
  CHECK_ERRNO(prctl(PR_GET_IO_FLUSHER, 1, 0, 0, 0), EINVAL);
  CHECK_EQ(prctl(PR_SET_IO_FLUSHER, 0, 0, 0, 0), 0);
  CHECK_EQ(io_flusher(), 0);
}

static void check_personality(void) {
  static const unsigned values[] = {PER_BSD, 0x4100001, PER_SVR4, 0xff, 0x12345678, PER_LINUX};
  long last = personality(0xffffffff);
  CHECK_EQ(last & 0xff, PER_LINUX);
  for (size_t i = 0; i < COUNT(values); i++) {
    CHECK_EQ(syscall(SYS_personality, values[i]), last);
    CHECK_EQ(syscall(SYS_personality, 0xffffffff), values[i]);
    last = values[i];
  }
  CHECK_EQ(personality(PER_BSD), PER_LINUX);
  CHECK_IN_CHILD CHECK_EQ(personality(0xffffffff), PER_BSD);
  CHECK_EQ(personality(PER_LINUX), PER_BSD);
}

static bool times_out_as_it_is(int fd) {
  struct timeval timeout = {0, 20000};
  struct timespec precise = {0, 20000000}, also = precise;
  struct pollfd polled = {fd, POLLIN, 0};
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  CHECK_EQ(select(fd + 1, &set, 0, 0, &timeout), 0);
  FD_SET(fd, &set);
  CHECK_EQ(syscall(SYS_pselect6, fd + 1, &set, 0, 0, &precise, 0), 0);
  CHECK_EQ(syscall(SYS_ppoll, &polled, 1, &also, 0, 8), 0);
  bool is_kept = precise.tv_nsec == 20000000;
  CHECK_EQ(also.tv_nsec, is_kept ? 20000000 : 0);
  CHECK_EQ(precise.tv_nsec, is_kept ? 20000000 : 0);
  // On architectures without select(2), the C library keeps what is left.
  CHECK(!is_kept || timeout.tv_usec == 20000);
  return is_kept;
}

// The time that is left is stored, unless STICKY_TIMEOUTS says otherwise.
static void check_sticky_timeouts(void) {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  CHECK(!times_out_as_it_is(fds[0]));
  CHECK_EQ(personality(STICKY_TIMEOUTS), PER_LINUX);
  CHECK(times_out_as_it_is(fds[0]));
  CHECK_EQ(personality(PER_LINUX), STICKY_TIMEOUTS);
  CHECK(!times_out_as_it_is(fds[0]));
  close(fds[0]), close(fds[1]);
}

int main(void) {
  limit_time();
  check_timer_slack();
  check_io_flusher();
  check_personality();
  check_sticky_timeouts();
  return finish();
}
