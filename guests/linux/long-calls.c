// long-calls: long calls see signals on the way: those on devices return what they moved so far, files are read whole.
// man 7 signal, man 4 random, man 2 getrandom, sendfile, readv.
// not in CI's beds: emulation makes it slow
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "check.h"

#define MIB (1 << 20)
#define PARTS 1024

static volatile int alarms;
static suseconds_t pause_us;

static void arm(suseconds_t us) {
  struct itimerval timer = {.it_value = {us / 1000000, us % 1000000}};
  REQUIRE(setitimer(ITIMER_REAL, &timer, 0) == 0);
}

// Each pause is twice the last, so that the program gets on even on a machine where an alarm takes long.
static void on_alarm(int number) {
  (void)number;
  alarms++;
  pause_us *= 2;
  arm(pause_us);
}

// Alarms from the first millisecond on, so that one falls into any call that takes longer.
static void ring(bool on) {
  pause_us = on ? 1000 : 0;
  arm(pause_us);
  alarms = 0;
}

// The same MiB of memory, again and again: enough for a long call.
static struct iovec *parts_of(char *buffer) {
  static struct iovec parts[PARTS];
  for (size_t i = 0; i < PARTS; i++) parts[i] = (struct iovec){buffer, MIB};
  return parts;
}

static void check_partial(const char *what, ssize_t moved, size_t length) {
  if (moved > 0 && (size_t)moved < length && alarms > 0) return;
  fail(__FILE__, __LINE__, what, moved, errno);
}

static void check_devices(char *buffer) {
  const size_t length = (size_t)PARTS * MIB;
  int random = open("/dev/urandom", O_RDONLY);
  int zero = open("/dev/zero", O_RDONLY);
  REQUIRE(random >= 0 && zero >= 0);
  // Only calls that moved nothing are restarted.
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);

  ring(true);
  check_partial("readv of urandom", readv(random, parts_of(buffer), PARTS), length);
  ring(true);
  check_partial("readv of zero", readv(zero, parts_of(buffer), PARTS), length);
  ring(false);
  close(random);
  close(zero);
}

static void check_getrandom(void) {
  char *buffer = mmap(0, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(buffer != MAP_FAILED);
  ring(true);
  check_partial("getrandom", getrandom(buffer, 32 * MIB, 0), 32 * MIB);
  ring(false);
  munmap(buffer, 32 * MIB);
}

// A handler waits until the file is read or written: the count is complete. So it is without alarms, and the position is after it.
static void check_file(char *buffer) {
  int fd = open("sparse", O_RDWR | O_CREAT, 0644);
  REQUIRE(fd >= 0 && ftruncate(fd, 64 * MIB) == 0);
  ring(true);
  CHECK_EQ(readv(fd, parts_of(buffer), PARTS), 64 * MIB);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 64 * MIB);
  CHECK_EQ(pwritev(fd, parts_of(buffer), 40, MIB), 40 * MIB);
  CHECK_EQ(preadv(fd, parts_of(buffer), PARTS, 3 * MIB), 61 * MIB);
  ring(false);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 64 * MIB);
  close(fd);
}

static void check_sendfile(void) {
  int fd = open("sparse", O_RDWR);
  int null = open("/dev/null", O_WRONLY);
  REQUIRE(fd >= 0 && null >= 0 && ftruncate(fd, 0) == 0 && ftruncate(fd, 1l << 40) == 0);
  off_t offset = 4096;
  ring(true);
  ssize_t moved = sendfile(null, fd, &offset, 0x7ffff000);
  check_partial("sendfile", moved, 0x7ffff000);
  CHECK_EQ(offset, 4096 + moved);
  moved = sendfile(null, fd, 0, 0x7ffff000);
  check_partial("sendfile from the position", moved, 0x7ffff000);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), moved);
  ring(false);
  CHECK_EQ(ftruncate(fd, 40 * MIB), 0);
  offset = 0;
  CHECK_EQ(sendfile(null, fd, &offset, 41 * MIB), 40 * MIB);
  close(fd);
  close(null);
}

// RWF_APPEND holds for the whole of a long write, and for no other.
static void check_append(char *buffer) {
  int fd = open("appended", O_RDWR | O_CREAT, 0644);
  REQUIRE(fd >= 0);
  memset(buffer, 'x', MIB);
  CHECK_EQ(pwrite(fd, "head", 4, 0), 4);
  CHECK_EQ(pwritev2(fd, parts_of(buffer), 20, 0, RWF_APPEND), 20 * MIB);
  CHECK_EQ(lseek(fd, 0, SEEK_END), 20 * MIB + 4);
  char head[5] = {0};
  CHECK_EQ(pread(fd, head, 4, 0), 4);
  CHECK(strcmp(head, "head") == 0);
  CHECK_EQ(pwritev2(fd, parts_of(buffer), 20, 0, RWF_DSYNC), 20 * MIB);
  close(fd);
}

int main(void) {
  enter_scratch();
  char *buffer = mmap(0, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(buffer != MAP_FAILED);
  check_devices(buffer);
  check_getrandom();
  check_file(buffer);
  check_sendfile();
  check_append(buffer);
  return finish();
}
