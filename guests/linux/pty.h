// pty.h: a guest's own pseudo-terminal: both ends open and non-blocking, and checks of what arrives at each.
#pragma once

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "processes.h"

#define TIMEOUT_MS 30000
// How long to wait for a byte that should not come: Linux moves bytes between the ends on a separate thread.
#define QUIET_MS 20

static int master = -1, slave = -1;

UNUSED static int open_master(void) {
  int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  REQUIRE(fd >= 0);
  REQUIRE(grantpt(fd) == 0);
  REQUIRE(unlockpt(fd) == 0);
  return fd;
}

UNUSED static int open_slave(int of) {
  char *name = ptsname(of);
  REQUIRE(name != NULL);
  int fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
  REQUIRE(fd >= 0);
  return fd;
}

UNUSED static void open_pair(void) {
  master = open_master();
  slave = open_slave(master);
}

UNUSED static void close_pair(void) {
  close(slave);
  close(master);
  slave = master = -1;
}

UNUSED static void wait_input(int fd, int timeout_ms) {
  struct pollfd entry = {fd, POLLIN, 0};
  poll(&entry, 1, timeout_ms);
}

// Reads until `length` bytes have come, or no more come. Returns how many.
UNUSED static ssize_t collect(int fd, char *buffer, size_t size, size_t length) {
  size_t have = 0;
  while (have < size) {
    wait_input(fd, have < length ? TIMEOUT_MS : QUIET_MS);
    ssize_t n = read(fd, buffer + have, size - have);
    if (n <= 0) break;
    have += (size_t)n;
  }
  return (ssize_t)have;
}

UNUSED static void print_bytes(const char *what, const char *bytes, size_t length) {
  dprintf(2, "  %s: ", what);
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    dprintf(2, byte >= 32 && byte < 127 ? "%c" : "\\x%02x", byte);
  }
  dprintf(2, "\n");
}

UNUSED static void check_bytes(const char *file, int line, int fd, const char *wanted, size_t length) {
  char got[8192];
  size_t n = (size_t)collect(fd, got, sizeof(got), length);
  if (n == length && memcmp(got, wanted, n) == 0) return;
  fail(file, line, fd == master ? "what the master shows" : "what the slave reads", (long long)n, 0);
  print_bytes("wanted", wanted, length);
  print_bytes("got", got, n);
}

// What comes out of the master, or the slave, is exactly this text (a literal: it may hold NULs).
#define SHOWS(text) check_bytes(__FILE__, __LINE__, master, text, sizeof(text) - 1)
#define READS(text) check_bytes(__FILE__, __LINE__, slave, text, sizeof(text) - 1)

// One read of the slave gives exactly this.
UNUSED static void check_read(const char *file, int line, size_t room, const char *wanted, size_t length) {
  char got[8192];
  wait_input(slave, TIMEOUT_MS);
  ssize_t n = read(slave, got, room);
  if (n == (ssize_t)length && memcmp(got, wanted, length) == 0) return;
  fail(file, line, "one read", (long long)n, errno);
  print_bytes("wanted", wanted, length);
  if (n > 0) print_bytes("got", got, (size_t)n);
}
#define READ_ONCE(room, text) check_read(__FILE__, __LINE__, room, text, sizeof(text) - 1)

// Nothing can be read now or a little later.
#define SILENT(fd) \
  do { \
    char byte_; \
    wait_input(fd, QUIET_MS); \
    CHECK_ERRNO(read(fd, &byte_, 1), EAGAIN); \
  } while (0)

#define TYPE(text) CHECK_EQ(write(master, text, sizeof(text) - 1), sizeof(text) - 1)
#define PRINT(text) CHECK_EQ(write(slave, text, sizeof(text) - 1), sizeof(text) - 1)
// By then the bytes typed so far have most likely been processed: Linux does that on a separate thread. For what does not happen then.
UNUSED static void settle(void) { usleep(QUIET_MS * 1000); }

// How many bytes can be read at that end.
UNUSED static int input_at(int fd) {
  int count = -1;
  return ioctl(fd, FIONREAD, &count) == 0 ? count : -1;
}

UNUSED static bool is_writable(int fd) {
  struct pollfd entry = {fd, POLLOUT, 0};
  return poll(&entry, 1, 0) == 1;
}

// The modes of a fresh terminal, with these flags added and removed.
struct flags {
  tcflag_t on, off;
};
UNUSED static struct termios fresh;
UNUSED static void check_fresh_pair(void (*check)(void)) {
  open_pair();
  CHECK_EQ(tcgetattr(slave, &fresh), 0);
  check();
  close_pair();
}
UNUSED static void set_flags(struct flags input, struct flags output, struct flags local) {
  struct termios modes = fresh;
  modes.c_iflag = (modes.c_iflag | input.on) & ~input.off;
  modes.c_oflag = (modes.c_oflag | output.on) & ~output.off;
  modes.c_lflag = (modes.c_lflag | local.on) & ~local.off;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
}
#define NONE ((struct flags){0, 0})
#define ON(bits) ((struct flags){bits, 0})
#define OFF(bits) ((struct flags){0, bits})
#define BOTH(on, off) ((struct flags){on, off})
