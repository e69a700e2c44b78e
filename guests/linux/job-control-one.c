// job-control-one: a session of one process and its controlling terminal: who gets it, what keys send, and how it is lost. man 4 tty.
// not in CI's beds: emulation makes it slow
#include "pty.h"

static volatile int seen[NSIG], hangups;

static void on_signal(int signal) { seen[signal]++; }

static void watch(int signal) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  CHECK_EQ(sigaction(signal, &action, NULL), 0);
}

// The signal came, or comes soon, exactly that often.
static void check_seen(const char *file, int line, int signal, int count) {
  (void)EVENTUALLY(seen[signal] >= count);
  if (seen[signal] != count) fail(file, line, strsignal(signal), seen[signal], 0);
  seen[signal] = 0;
}
#define SEEN(signal) check_seen(__FILE__, __LINE__, signal, 1)
#define UNSEEN(signal) check_seen(__FILE__, __LINE__, signal, 0)

static bool has_terminal(void) {
  int fd = open("/dev/tty", O_RDWR);
  CHECK(fd >= 0 || errno == ENXIO);
  close(fd);
  return fd >= 0;
}

// A session without a terminal, which a guest's first process may have already.
static void begin_session(void) {
  if (getsid(0) != getpid()) REQUIRE(setsid() == getpid());
  for (int signal = SIGHUP; signal <= SIGQUIT; signal++) watch(signal);
  watch(SIGCONT);
  watch(SIGTSTP);
  watch(SIGWINCH);
  int fd = open("/dev/tty", O_RDWR);
  if (fd >= 0) {
    CHECK_EQ(ioctl(fd, TIOCNOTTY), 0);
    close(fd);
  }
  seen[SIGHUP] = seen[SIGCONT] = 0;
}

static void check_acquiring(void) {
  CHECK(!has_terminal());
  int fd = posix_openpt(O_RDWR);
  CHECK(!has_terminal());
  CHECK(grantpt(fd) == 0 && unlockpt(fd) == 0);
  char *name = ptsname(fd);
  int peer = open(name, O_RDWR | O_NOCTTY);
  CHECK(!has_terminal());
  CHECK_ERRNO(tcgetpgrp(peer), ENOTTY);
  close(peer);
  peer = open(name, O_WRONLY);
  CHECK(!has_terminal());
  // A session leader that opens it to read gets it.
  close(peer);
  peer = open(name, O_RDONLY);
  CHECK(has_terminal());
  CHECK_EQ(tcgetpgrp(peer), getpgrp());
  CHECK_EQ(tcgetsid(peer), getpid());
  CHECK_EQ(tcgetsid(fd), getpid());
  CHECK_EQ(tcgetpgrp(fd), getpgrp());
  CHECK_EQ(tcsetpgrp(peer, getpgrp()), 0);
  CHECK_EQ(tcsetpgrp(fd, getpgrp()), 0);
  CHECK_ERRNO(tcsetpgrp(peer, -1), EINVAL);
  CHECK_ERRNO(tcsetpgrp(peer, 0x3fffffff), ESRCH);
  CHECK_EQ(ioctl(peer, TIOCSCTTY, 0), 0);

  // A session has only one: a second terminal stays free.
  open_pair();
  CHECK_ERRNO(ioctl(slave, TIOCSCTTY, 0), EPERM);
  CHECK_ERRNO(tcgetpgrp(slave), ENOTTY);
  CHECK_ERRNO(ioctl(slave, TIOCNOTTY), ENOTTY);
  close_pair();
  CHECK_ERRNO(ioctl(fd, TIOCNOTTY), ENOTTY);
  CHECK_EQ(ioctl(peer, TIOCNOTTY), 0);
  SEEN(SIGHUP);
  SEEN(SIGCONT);
  CHECK(!has_terminal());
  CHECK_ERRNO(tcgetpgrp(peer), ENOTTY);
  CHECK_ERRNO(tcgetsid(fd), ENOTTY);

  CHECK_EQ(ioctl(peer, TIOCSCTTY, 0), 0);
  CHECK(has_terminal());
  CHECK_EQ(ioctl(peer, TIOCNOTTY), 0);
  SEEN(SIGHUP);
  SEEN(SIGCONT);
  // A master gives its slave.
  CHECK_EQ(ioctl(fd, TIOCSCTTY, 0), 0);
  CHECK_EQ(tcgetpgrp(peer), getpgrp());
  CHECK_EQ(ioctl(peer, TIOCNOTTY), 0);
  SEEN(SIGHUP);
  SEEN(SIGCONT);
  close(peer);
  close(fd);
  UNSEEN(SIGHUP);
}

static void check_tty_node(void) {
  struct stat node;
  unsigned number = 0, device = 0;
  int foreground = 0;
  int fd = open("/dev/tty", O_RDWR);
  REQUIRE(fd >= 0);
  CHECK_EQ(fstat(fd, &node), 0);
  CHECK_EQ(node.st_rdev, 0x500);
  CHECK_EQ(write(fd, "hello", 5), 5);
  SHOWS("hello");
  close(fd);
  CHECK_EQ(ioctl(master, TIOCGPTN, &number), 0);
  FILE *file = fopen("/proc/self/stat", "r");
  REQUIRE(file != NULL);
  CHECK_EQ(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %u %d", &device, &foreground), 2);
  fclose(file);
  CHECK_EQ(device, (136 << 8) + number);
  CHECK_EQ(foreground, getpgrp());
}

static void check_keys(void) {
  TYPE("lost");
  SHOWS("lost");
  TYPE("\x03");
  SEEN(SIGINT);
  SHOWS("^C");
  TYPE("\x1c");
  SEEN(SIGQUIT);
  SHOWS("^\\");
  TYPE("\x1a");
  SEEN(SIGTSTP);
  SHOWS("^Z");
  SILENT(slave);
  set_flags(NONE, NONE, ON(NOFLSH));
  TYPE("kept\x03!\n");
  SEEN(SIGINT);
  SHOWS("kept^C!\r\n");
  READ_ONCE(16, "kept!\n");
  set_flags(NONE, NONE, OFF(ISIG));
  TYPE("\x03\n");
  SHOWS("^C\r\n");
  READ_ONCE(16, "\x03\n");
  UNSEEN(SIGINT);
  set_flags(NONE, NONE, OFF(ICANON | ECHO));
  TYPE("a\x03" "b");
  SEEN(SIGINT);
  READS("b");
  // Typed literally, it is a byte.
  set_flags(NONE, NONE, NONE);
  TYPE("\x16\x03\n");
  SHOWS("^\b^C\r\n");
  READ_ONCE(16, "\x03\n");
  UNSEEN(SIGINT);
  // It lets the output go on.
  TYPE("\x13\x03");
  SEEN(SIGINT);
  SHOWS("^C");
  PRINT("x");
  SHOWS("x");
}

static void check_other_signals(void) {
  struct winsize size = {24, 80, 0, 0};
  CHECK_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
  SEEN(SIGWINCH);
  CHECK_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
  UNSEEN(SIGWINCH);
  size.ws_col = 81;
  CHECK_EQ(ioctl(slave, TIOCSWINSZ, &size), 0);
  SEEN(SIGWINCH);
  CHECK_EQ(ioctl(master, _IOW('T', 0x36, int), SIGINT), 0);
  SEEN(SIGINT);
  CHECK_ERRNO(ioctl(master, _IOW('T', 0x36, int), SIGKILL), EINVAL);
  CHECK_ERRNO(ioctl(slave, _IOW('T', 0x36, int), SIGINT), ENOTTY);
}

// In a packet's status byte the keys are seen, too.
static void check_packets(void) {
  int on = 1;
  CHECK_EQ(ioctl(master, TIOCPKT, &on), 0);
  TYPE("\x03");
  SEEN(SIGINT);
  wait_input(master, TIMEOUT_MS);
  char status[8];
  CHECK_EQ(read(master, status, 8), 1);
  CHECK_EQ(status[0], 3);
  SHOWS("\0^C");
  on = 0;
  CHECK_EQ(ioctl(master, TIOCPKT, &on), 0);
}

// SIGIO tells the foreground about input, and the master's owner about output.
static void check_async(void) {
  watch(SIGIO);
  CHECK_EQ(fcntl(slave, F_SETFL, fcntl(slave, F_GETFL) | O_ASYNC), 0);
  CHECK_EQ(fcntl(slave, F_GETOWN), -getpgrp());
  TYPE("a\n");
  CHECK(EVENTUALLY(seen[SIGIO] > 0));
  SHOWS("a\r\n");
  READ_ONCE(16, "a\n");
  CHECK_EQ(fcntl(slave, F_SETFL, fcntl(slave, F_GETFL) & ~O_ASYNC), 0);
  seen[SIGIO] = 0;
  CHECK_EQ(fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_ASYNC), 0);
  CHECK_EQ(fcntl(master, F_GETOWN), getpid());
  PRINT("b");
  CHECK(EVENTUALLY(seen[SIGIO] > 0));
  SHOWS("b");
}

static void check_hang_up(void) {
  char byte;
  int tty = open("/dev/tty", O_RDWR);
  close(master);
  SEEN(SIGHUP);
  SEEN(SIGCONT);
  CHECK(!has_terminal());
  CHECK_EQ(read(slave, &byte, 1), 0);
  CHECK_EQ(read(tty, &byte, 1), 0);
  CHECK_ERRNO(write(tty, "x", 1), EIO);
  CHECK_ERRNO(tcgetpgrp(slave), EIO);
  CHECK_ERRNO(tcsetpgrp(slave, getpgrp()), ENOTTY);
  close(tty);
  close(slave);
}

int main(void) {
  begin_session();
  check_acquiring();
  open_pair();
  CHECK_EQ(tcgetattr(slave, &fresh), 0);
  CHECK_EQ(ioctl(slave, TIOCSCTTY, 0), 0);
  check_tty_node();
  check_keys();
  check_packets();
  check_other_signals();
  check_async();
  check_hang_up();
  return finish();
}
