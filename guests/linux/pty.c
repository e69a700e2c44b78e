// pty: pseudo-terminals: their names, nodes, locks, modes and size, packets, and what hanging up does. man 7 pty, man 4 pts.
#include <dirent.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "pty.h"
#include "termios2.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif
struct old_modes {
  uint16_t flags[4];
  uint8_t line, characters[8];
};
#define GET_OLD_MODES 0x5405
#define SET_OLD_MODES 0x5406
#define DEVPTS 0x1cd1

static char *volatile bad_address = (char *)8;

static bool is_listed(const char *name) {
  DIR *directory = opendir("/dev/pts");
  REQUIRE(directory != NULL);
  bool found = false;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) found |= strcmp(entry->d_name, name) == 0;
  closedir(directory);
  return found;
}

static void check_names(void) {
  unsigned number = 99, again = 99;
  int fd = posix_openpt(O_RDWR | O_NOCTTY), locked = -1;
  char name[64], link[64], shown[64] = {0};
  struct stat node, open_file;
  REQUIRE(fd >= 0);
  CHECK_EQ(ioctl(fd, TIOCGPTN, &number), 0);
  CHECK_ERRNO(ioctl(fd, TIOCGPTN, bad_address), EFAULT);
  snprintf(name, sizeof(name), "/dev/pts/%u", number);
  CHECK_EQ(strcmp(ptsname(fd), name), 0);
  CHECK(is_listed(strrchr(name, '/') + 1));
  CHECK_EQ(stat(name, &node), 0);
  CHECK(S_ISCHR(node.st_mode) && node.st_rdev == makedev(136, number) && node.st_uid == geteuid());
  CHECK_EQ(fstat(fd, &open_file), 0);
  CHECK_EQ(open_file.st_rdev, makedev(5, 2));
  CHECK(isatty(fd));

  CHECK_EQ(ioctl(fd, TIOCGPTLCK, &locked), 0);
  CHECK_EQ(locked, 1);
  CHECK_ERRNO(open(name, O_RDWR | O_NOCTTY), EIO);
  CHECK_EQ(grantpt(fd), 0);
  CHECK_EQ(unlockpt(fd), 0);
  CHECK_EQ(ioctl(fd, TIOCGPTLCK, &locked), 0);
  CHECK_EQ(locked, 0);
  int peer = open(name, O_RDWR | O_NOCTTY);
  CHECK(peer >= 0 && isatty(peer));
  CHECK(ttyname(peer) != NULL && strcmp(ttyname(peer), name) == 0);
  CHECK_EQ(fstat(peer, &open_file), 0);
  CHECK(open_file.st_ino == node.st_ino && open_file.st_dev == node.st_dev && open_file.st_rdev == node.st_rdev);
  CHECK_ERRNO(ioctl(peer, TIOCGPTN, &again), ENOTTY);
  CHECK_ERRNO(ioctl(peer, TIOCSPTLCK, &locked), ENOTTY);
  CHECK_ERRNO(ioctl(peer, TIOCPKT, &locked), ENOTTY);

  int direct = ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  CHECK(direct >= 0);
  CHECK_EQ(fcntl(direct, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(direct, F_GETFL) & (O_ACCMODE | O_NOCTTY), O_RDWR);
  CHECK_EQ(fstat(direct, &open_file), 0);
  CHECK_EQ(open_file.st_rdev, makedev(136, number));
  snprintf(link, sizeof(link), "/proc/self/fd/%d", direct);
  CHECK(readlink(link, shown, sizeof(shown) - 1) > 0 && strcmp(shown, name) == 0);
  CHECK_ERRNO(ioctl(peer, TIOCGPTPEER, O_RDWR), EIO);
  close(direct);

  struct statfs system;
  CHECK_EQ(statfs("/dev/pts", &system), 0);
  CHECK_EQ(system.f_type, DEVPTS);
  CHECK_EQ(fstatfs(peer, &system), 0);
  CHECK_EQ(system.f_type, DEVPTS);
  if (is_root()) {
    CHECK_EQ(fchmod(peer, 0622), 0);
    CHECK_EQ(fchown(peer, 1, 2), 0);
    CHECK_EQ(stat(name, &node), 0);
    CHECK(node.st_mode == (S_IFCHR | 0622) && node.st_uid == 1 && node.st_gid == 2);
  }
  CHECK_ERRNO(unlink(name), is_root() ? EPERM : EACCES);
  CHECK_ERRNO(mkdir("/dev/pts/new", 0700), is_root() ? EPERM : EACCES);
  CHECK_ERRNO(lseek(peer, 0, SEEK_CUR), ESPIPE);
  CHECK_ERRNO(pread(peer, shown, 1, 0), ESPIPE);

  // A second pair has another number; the first one's is free again when its master is gone.
  int other = posix_openpt(O_RDWR | O_NOCTTY);
  CHECK_EQ(ioctl(other, TIOCGPTN, &again), 0);
  CHECK(again != number);
  close(other);
  close(peer);
  CHECK(is_listed(strrchr(name, '/') + 1));
  close(fd);
  CHECK(!is_listed(strrchr(name, '/') + 1));
  CHECK_ERRNO(open(name, O_RDWR | O_NOCTTY), ENOENT);
  CHECK_ERRNO(stat(name, &node), ENOENT);
}

static int number_in(const char *path) {
  char text[32];
  return read_file(path, text, sizeof(text)) > 0 ? atoi(text) : -1;
}

static void check_count(void) {
  int before = number_in("/proc/sys/kernel/pty/nr");
  CHECK(before >= 0 && number_in("/proc/sys/kernel/pty/max") >= 256);
  int fd = open_master();
  CHECK(number_in("/proc/sys/kernel/pty/nr") > 0);
  close(fd);
}

static void check_mounts(void) {
  char line[512];
  bool found = false;
  FILE *file = fopen("/proc/mounts", "r");
  REQUIRE(file != NULL);
  while (fgets(line, sizeof(line), file) != NULL) found |= strncmp(line, "devpts /dev/pts devpts rw,", 26) == 0;
  fclose(file);
  CHECK(found);
}

static void check_modes(void) {
  struct termios modes;
  CHECK_EQ(tcgetattr(slave, &fresh), 0);
  CHECK_EQ(fresh.c_iflag, ICRNL | IXON);
  CHECK_EQ(fresh.c_oflag, OPOST | ONLCR);
  CHECK_EQ(fresh.c_cflag & ~(tcflag_t)CBAUD, CS8 | CREAD);
  CHECK_EQ(fresh.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
  CHECK_EQ(cfgetospeed(&fresh), B38400);
  CHECK_EQ(memcmp(fresh.c_cc, "\x03\x1c\x7f\x15\x04\0\x01\0\x11\x13\x1a\0\x12\x0f\x17\x16\0", 17), 0);
  // The master reports the slave's modes, and sets them.
  // The call does not write the structure's padding.
  memset(&modes, 0, sizeof(modes));
  CHECK_EQ(tcgetattr(master, &modes), 0);
  CHECK_EQ(memcmp(&modes, &fresh, sizeof(modes)), 0);
  modes.c_cc[VINTR] = 7;
  modes.c_cflag |= PARENB | HUPCL;
  modes.c_cflag &= ~(tcflag_t)(CSIZE | CREAD);
  CHECK_EQ(cfsetspeed(&modes, B9600), 0);
  CHECK_EQ(tcsetattr(master, TCSANOW, &modes), 0);
  CHECK_EQ(tcgetattr(slave, &modes), 0);
  CHECK_EQ(modes.c_cc[VINTR], 7);
  // It has eight bits and reads, whatever the request.
  CHECK_EQ(modes.c_cflag, B9600 | CS8 | CREAD | HUPCL);

  struct modes2 all;
  CHECK_EQ(ioctl(slave, GET_MODES2, &all), 0);
  CHECK(all.speeds[0] == 9600 && all.speeds[1] == 9600 && all.characters[VINTR] == 7);
  all.flags[2] = (all.flags[2] & ~(uint32_t)CBAUD) | 010000;
  all.speeds[0] = all.speeds[1] = 12345;
  CHECK_EQ(ioctl(slave, SET_MODES2, &all), 0);
  CHECK_EQ(ioctl(slave, GET_MODES2, &all), 0);
  CHECK(all.speeds[0] == 12345 && all.speeds[1] == 12345);
  struct old_modes old;
  CHECK_EQ(ioctl(slave, GET_OLD_MODES, &old), 0);
  CHECK(old.flags[3] == fresh.c_lflag && old.characters[VINTR] == 7);
  old.characters[VINTR] = 3;
  CHECK_EQ(ioctl(slave, SET_OLD_MODES, &old), 0);
  CHECK_EQ(tcgetattr(slave, &modes), 0);
  CHECK_EQ(modes.c_cc[VINTR], 3);
  CHECK_ERRNO(ioctl(slave, TCSETS, bad_address), EFAULT);
  CHECK_ERRNO(ioctl(slave, TCGETS, bad_address), EFAULT);
  CHECK_ERRNO(ioctl(slave, 0x54ff, &modes), ENOTTY);
  CHECK_ERRNO(ioctl(master, 0x54ff, &modes), ENOTTY);

  int discipline = 99;
  CHECK_EQ(ioctl(slave, TIOCGETD, &discipline), 0);
  CHECK_EQ(discipline, 0);
  CHECK_EQ(ioctl(slave, TIOCSETD, &discipline), 0);
  discipline = 29;
  CHECK_ERRNO(ioctl(slave, TIOCSETD, &discipline), EINVAL);
  CHECK_ERRNO(ioctl(slave, TIOCMGET, &discipline), ENOTTY);
}

static void check_size(void) {
  struct winsize size = {9, 9, 9, 9};
  CHECK_EQ(ioctl(slave, TIOCGWINSZ, &size), 0);
  CHECK(size.ws_row == 0 && size.ws_col == 0 && size.ws_xpixel == 0 && size.ws_ypixel == 0);
  size = (struct winsize){24, 80, 640, 480};
  CHECK_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
  memset(&size, 0, sizeof(size));
  CHECK_EQ(ioctl(slave, TIOCGWINSZ, &size), 0);
  CHECK(size.ws_row == 24 && size.ws_col == 80 && size.ws_xpixel == 640 && size.ws_ypixel == 480);
  size.ws_row = 50;
  CHECK_EQ(ioctl(slave, TIOCSWINSZ, &size), 0);
  CHECK_EQ(ioctl(master, TIOCGWINSZ, &size), 0);
  CHECK_EQ(size.ws_row, 50);
  CHECK_ERRNO(ioctl(slave, TIOCSWINSZ, bad_address), EFAULT);
}

// Neither is this process's controlling terminal.
static void check_no_control(void) {
  int number = 0;
  CHECK_ERRNO(tcgetpgrp(slave), ENOTTY);
  CHECK_ERRNO(tcsetpgrp(slave, getpgrp()), ENOTTY);
  CHECK_ERRNO(tcgetsid(slave), ENOTTY);
  CHECK_ERRNO(ioctl(slave, TIOCNOTTY), ENOTTY);
  CHECK_EQ(ioctl(master, TIOCGPGRP, &number), 0);
  CHECK_EQ(number, 0);
  CHECK_ERRNO(ioctl(master, TIOCGSID, &number), ENOTTY);
  CHECK_ERRNO(tcsetpgrp(master, getpgrp()), ENOTTY);
  CHECK_ERRNO(ioctl(master, TIOCNOTTY), ENOTTY);
}

static void check_packets(void) {
  int on = 1, state = 9;
  char packet[16];
  CHECK_EQ(ioctl(master, TIOCGPKT, &state), 0);
  CHECK_EQ(state, 0);
  PRINT("before");
  wait_input(master, TIMEOUT_MS);
  CHECK_EQ(ioctl(master, TIOCPKT, &on), 0);
  CHECK_EQ(ioctl(master, TIOCGPKT, &state), 0);
  CHECK_EQ(state, 1);
  SHOWS("\0before");
  PRINT("text");
  wait_input(master, TIMEOUT_MS);
  CHECK_EQ(read(master, packet, 3), 3);
  CHECK_EQ(memcmp(packet, "\0te", 3), 0);
  CHECK_EQ(read(master, packet, 16), 3);
  CHECK_EQ(memcmp(packet, "\0xt", 3), 0);

  struct pollfd entry = {master, POLLIN | POLLPRI, 0};
  CHECK_EQ(poll(&entry, 1, 0), 0);
  CHECK_EQ(tcflow(slave, TCOOFF), 0);
  CHECK_EQ(poll(&entry, 1, TIMEOUT_MS), 1);
  CHECK_EQ(entry.revents, POLLIN | POLLPRI);
  SHOWS("\x04");
  CHECK_EQ(tcflow(slave, TCOON), 0);
  SHOWS("\x08");
  CHECK_EQ(tcflush(slave, TCIFLUSH), 0);
  SHOWS("\x01");
  CHECK_EQ(tcflush(slave, TCIOFLUSH), 0);
  SHOWS("\x03");
  struct termios modes;
  CHECK_EQ(tcgetattr(slave, &modes), 0);
  modes.c_iflag &= ~(tcflag_t)IXON;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  SHOWS("\x10");
  modes.c_iflag |= IXON;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  SHOWS("\x20");
  modes.c_lflag |= EXTPROC;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  SHOWS("\x40");
  on = 0;
  CHECK_EQ(ioctl(master, TIOCPKT, &on), 0);
  PRINT("after");
  SHOWS("after");
  CHECK_ERRNO(ioctl(master, TIOCPKT, bad_address), EFAULT);
}

static void check_exclusion(void) {
  int exclusive = 9;
  CHECK_EQ(ioctl(slave, TIOCEXCL), 0);
  CHECK_EQ(ioctl(slave, TIOCGEXCL, &exclusive), 0);
  CHECK_EQ(exclusive, 1);
  int again = open(ptsname(master), O_RDWR | O_NOCTTY);
  if (is_root())
    CHECK(again >= 0);
  else
    CHECK(again < 0 && errno == EBUSY);
  close(again);
  CHECK_EQ(ioctl(slave, TIOCNXCL), 0);
  again = open(ptsname(master), O_RDWR | O_NOCTTY);
  CHECK(again >= 0);
  close(again);
}

static void check_slave_end(void) {
  char byte;
  struct pollfd entry = {master, POLLIN | POLLOUT, 0};
  int fd = open_master();
  // Nobody has opened it yet: what is typed waits.
  CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
  CHECK_EQ(write(fd, "a\n", 2), 2);
  int early = open_slave(fd);
  wait_input(early, TIMEOUT_MS);
  CHECK(read(early, &byte, 1) == 1 && byte == 'a');
  close(early);
  close(fd);
  PRINT("last");
  wait_input(master, TIMEOUT_MS);
  close(slave);
  CHECK_EQ(poll(&entry, 1, TIMEOUT_MS), 1);
  CHECK(entry.revents & POLLHUP);
  char text[8] = {0};
  CHECK_EQ(read(master, text, 8), 4);
  CHECK_EQ(strcmp(text, "last"), 0);
  CHECK_ERRNO(read(master, text, 8), EIO);
  CHECK_EQ(write(master, "x\n", 2), 2);
  slave = open_slave(master);
  SHOWS("x\r\n");
  READ_ONCE(16, "x\n");
  entry.revents = 0;
  CHECK_EQ(poll(&entry, 1, 0), 1);
  CHECK_EQ(entry.revents, POLLOUT);
  PRINT("again");
  SHOWS("again");
  // What was typed waits for the next open, and its modes stay.
  TYPE("typed\n");
  SHOWS("typed\r\n");
  set_flags(NONE, NONE, OFF(ECHO));
  close(slave);
  slave = open_slave(master);
  READ_ONCE(16, "typed\n");
  TYPE("quiet\n");
  READ_ONCE(16, "quiet\n");
  SILENT(master);
}

static void check_hang_up(void) {
  char byte;
  struct termios modes;
  struct pollfd entry = {slave, POLLIN | POLLOUT, 0};
  TYPE("lost\n");
  wait_input(slave, TIMEOUT_MS);
  close(master);
  CHECK_EQ(poll(&entry, 1, TIMEOUT_MS), 1);
  CHECK_EQ(entry.revents, POLLIN | POLLOUT | POLLERR | POLLHUP);
  CHECK_EQ(read(slave, &byte, 1), 0);
  CHECK_ERRNO(write(slave, "x", 1), EIO);
  CHECK_ERRNO(tcgetattr(slave, &modes), EIO);
  CHECK_ERRNO(tcsetpgrp(slave, getpgrp()), ENOTTY);
  CHECK_ERRNO(tcdrain(slave), EIO);
  CHECK_EQ(fcntl(slave, F_GETFL) & O_ACCMODE, O_RDWR);
}

static void check_records(void) {
  struct iovec parts[2] = {{"ab", 2}, {"cd\n", 3}};
  char first[2], second[8] = {0};
  CHECK_EQ(writev(master, parts, 2), 5);
  SHOWS("abcd\r\n");
  struct iovec room[2] = {{first, 2}, {second, 8}};
  CHECK_EQ(readv(slave, room, 2), 5);
  CHECK(memcmp(first, "ab", 2) == 0 && strcmp(second, "cd\n") == 0);
  CHECK_EQ(read(slave, first, 0), 0);
  CHECK_EQ(write(slave, first, 0), 0);
  CHECK_ERRNO(write(master, bad_address, 1), EFAULT);
  TYPE("x\n");
  wait_input(slave, TIMEOUT_MS);
  CHECK_ERRNO(read(slave, bad_address, 1), EFAULT);
  int reader = open(ptsname(master), O_RDONLY | O_NOCTTY | O_NONBLOCK);
  CHECK_ERRNO(write(reader, "x", 1), EBADF);
  close(reader);
}

int main(void) {
  static void (*const checks[])(void) = {
      check_modes,     check_size,    check_no_control, check_packets,
      check_exclusion, check_records, check_slave_end,  check_hang_up,
  };
  check_names();
  check_mounts();
  check_count();
  for (size_t i = 0; i < COUNT(checks); i++) check_fresh_pair(checks[i]);
  return finish();
}
