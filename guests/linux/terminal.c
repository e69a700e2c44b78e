// terminal: a controlling terminal: its name, modes, size and jobs, and files that are none. man 2 ioctl_tty, man 3 termios, tty(4).
// Where standard input is a terminal (test/cli/terminal.test.ts) it asks for input and actions; otherwise it has little to do.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "check.h"
#include "termios2.h"

static char *const bad_address = (char *)8;
static volatile int resized;

static void on_resize(int signal) { resized = signal; }

static void check_no_terminal(void) {
  int ends[2], number;
  struct termios modes;
  struct winsize size;
  REQUIRE(pipe(ends) == 0);
  for (int i = 0; i < 2; i++) {
    CHECK_ERRNO(tcgetattr(ends[i], &modes), ENOTTY);
    CHECK_ERRNO(ioctl(ends[i], TIOCGWINSZ, &size), ENOTTY);
    CHECK_ERRNO(ioctl(ends[i], TIOCGPGRP, &number), ENOTTY);
    CHECK_ERRNO(ioctl(ends[i], TIOCGSID, &number), ENOTTY);
    CHECK_ERRNO(ioctl(ends[i], TIOCSCTTY, 0), ENOTTY);
    CHECK_ERRNO(ioctl(ends[i], TCSBRK, 1), ENOTTY);
    close(ends[i]);
  }
}

static void check_name(void) {
  struct stat named, open_file;
  char *name = ttyname(0);
  REQUIRE(name != NULL);
  CHECK(strncmp(name, "/dev/pts/", 9) == 0);
  CHECK_EQ(stat(name, &named), 0);
  CHECK_EQ(fstat(0, &open_file), 0);
  CHECK(S_ISCHR(named.st_mode) && named.st_rdev == open_file.st_rdev && named.st_ino == open_file.st_ino);
  CHECK_EQ(major(named.st_rdev), 136);
  int again = open(name, O_RDWR | O_NOCTTY);
  CHECK(again >= 0 && isatty(again) && tcgetpgrp(again) == getpgrp());
  close(again);

  int controlling = open("/dev/tty", O_RDWR);
  CHECK(controlling >= 0);
  CHECK_EQ(fstat(controlling, &open_file), 0);
  CHECK_EQ(open_file.st_rdev, makedev(5, 0));
  CHECK_EQ(tcgetpgrp(controlling), getpgrp());
  close(controlling);

  unsigned device = 0;
  int foreground = 0;
  FILE *file = fopen("/proc/self/stat", "r");
  REQUIRE(file != NULL);
  CHECK_EQ(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %u %d", &device, &foreground), 2);
  fclose(file);
  CHECK_EQ(device, named.st_rdev);
  CHECK_EQ(foreground, getpgrp());
}

static void check_jobs(void) {
  CHECK_EQ(tcgetpgrp(0), getpgrp());
  CHECK_EQ(tcgetsid(0), getsid(0));
  CHECK_EQ(tcsetpgrp(0, getpgrp()), 0);
  CHECK_ERRNO(tcsetpgrp(0, -1), EINVAL);
  CHECK_ERRNO(tcsetpgrp(0, 0x3fffffff), ESRCH);
  CHECK_ERRNO(ioctl(0, TIOCSPGRP, bad_address), EFAULT);
  CHECK_ERRNO(ioctl(0, TIOCGPGRP, bad_address), EFAULT);
  CHECK_EQ(tcgetpgrp(0), getpgrp());
}

static void check_modes(void) {
  struct termios before, raw, now;
  CHECK_EQ(tcgetattr(0, &before), 0);
  CHECK(before.c_lflag & ICANON);
  raw = before;
  cfmakeraw(&raw);
  for (int when = TCSANOW; when <= TCSAFLUSH; when++) {
    CHECK_EQ(tcsetattr(0, when, &raw), 0);
    CHECK_EQ(tcgetattr(1, &now), 0);
    CHECK(!(now.c_lflag & (ICANON | ECHO | ISIG)) && now.c_cc[VMIN] == 1);
    CHECK_EQ(tcsetattr(0, when, &before), 0);
  }
  CHECK_ERRNO(ioctl(0, TCGETS, bad_address), EFAULT);
  CHECK_ERRNO(ioctl(0, TCSETS, bad_address), EFAULT);

  struct modes2 modes, changed;
  CHECK_EQ(ioctl(0, GET_MODES2, &modes), 0);
  CHECK(modes.flags[3] & ICANON);
  changed = modes;
  changed.characters[VINTR] = 7;
  CHECK_EQ(ioctl(0, SET_MODES2, &changed), 0);
  CHECK_EQ(tcgetattr(0, &now), 0);
  CHECK_EQ(now.c_cc[VINTR], 7);
  CHECK_EQ(ioctl(0, SET_MODES2, &modes), 0);

  int waiting = -1;
  CHECK_EQ(ioctl(0, FIONREAD, &waiting), 0);
  CHECK_EQ(waiting, 0);
  CHECK_EQ(ioctl(1, TIOCOUTQ, &waiting), 0);
  CHECK_EQ(tcdrain(1), 0);
  CHECK_EQ(tcflush(0, TCIFLUSH), 0);
  CHECK_ERRNO(tcflush(0, 77), EINVAL);
  CHECK_EQ(tcflow(1, TCOON), 0);
  CHECK_ERRNO(ioctl(0, 0x54ff, &waiting), ENOTTY);
  CHECK_ERRNO(lseek(0, 0, SEEK_CUR), ESPIPE);
}

static void check_input(void) {
  char line[16] = {0};
  struct pollfd entry = {0, POLLIN, 0};
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  CHECK_ERRNO(read(0, line, sizeof(line)), EAGAIN);
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) & ~O_NONBLOCK);
  CHECK_EQ(poll(&entry, 1, 0), 0);
  dprintf(1, "type\n");
  CHECK_EQ(poll(&entry, 1, -1), 1);
  CHECK_EQ(read(0, line, 2), 2);
  CHECK_EQ(read(0, line + 2, sizeof(line) - 2), 4);
  CHECK_EQ(strcmp(line, "hello\n"), 0);
  dprintf(1, "end\n");
  CHECK_EQ(read(0, line, sizeof(line)), 0);
}

static void check_size(void) {
  struct winsize size;
  struct sigaction action = {.sa_handler = on_resize};
  CHECK_EQ(ioctl(0, TIOCGWINSZ, &size), 0);
  CHECK(size.ws_row == 24 && size.ws_col == 80);
  CHECK_EQ(sigaction(SIGWINCH, &action, NULL), 0);
  dprintf(1, "resize\n");
  while (!resized) poll(NULL, 0, 10);
  CHECK_EQ(ioctl(1, TIOCGWINSZ, &size), 0);
  CHECK(size.ws_row == 50 && size.ws_col == 132);
}

static void check_release(void) {
  bool leads = getsid(0) == getpid();
  signal(SIGHUP, SIG_IGN);
  if (leads)
    CHECK_EQ(ioctl(0, TIOCSCTTY, 0), 0);
  else
    CHECK_ERRNO(ioctl(0, TIOCSCTTY, 0), EPERM);
  CHECK_EQ(ioctl(0, TIOCNOTTY), 0);
  CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
  CHECK_ERRNO(tcgetpgrp(0), ENOTTY);
  CHECK_ERRNO(tcsetpgrp(0, getpgrp()), ENOTTY);
  CHECK_ERRNO(tcgetsid(0), ENOTTY);
  CHECK_ERRNO(ioctl(0, TIOCNOTTY), ENOTTY);
  CHECK(isatty(0));
  if (leads) {
    CHECK_EQ(ioctl(0, TIOCSCTTY, 0), 0);
    CHECK_EQ(tcgetpgrp(0), getpgrp());
  }
}

int main(void) {
  check_no_terminal();
  if (!isatty(0)) return finish();
  check_name();
  check_jobs();
  check_modes();
  check_input();
  check_size();
  check_release();
  return finish();
}
