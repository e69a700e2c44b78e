// file-times: how reading a link or mapping a file changes access times; owners of pipes; STATX_MNT_ID;
// fdinfo. man 7 inode, man 5 proc_pid_fdinfo.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000u
#endif
#define OLD 1000000000

// An access long ago, before the last change: the next read moves it, whatever the mount says about times.
static void make_old(const char *path) {
  struct timespec times[2] = {{.tv_sec = OLD}, {.tv_sec = OLD + 10}};
  REQUIRE(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0);
}

static bool is_old(const char *path) {
  struct stat status;
  REQUIRE(lstat(path, &status) == 0);
  return status.st_atim.tv_sec == OLD;
}

static void check_links(void) {
  char text[16];
  struct stat status;
  write_file("file", "0123456789", 10);
  REQUIRE(symlink("file", "link") == 0 && mkdir("dir", 0755) == 0 && symlink("dir", "way") == 0);
  make_old("link");
  CHECK_EQ(lstat("link", &status), 0);
  CHECK(is_old("link"));
  CHECK_EQ(readlink("link", text, sizeof(text)), 4);
  CHECK(!is_old("link"));

  // Following a link is reading it.
  make_old("link");
  CHECK_EQ(stat("link", &status), 0);
  CHECK(!is_old("link"));
  make_old("way");
  CHECK_EQ(stat("way/.", &status), 0);
  CHECK(!is_old("way"));
  make_old("link");
  int path = open("link", O_PATH | O_NOFOLLOW);
  CHECK(path >= 0);
  CHECK(is_old("link"));
  CHECK_EQ(readlinkat(path, "", text, sizeof(text)), 4);
  CHECK(!is_old("link"));
  close(path);

  // relatime: an access time later than the change time stays.
  struct timespec times[2] = {{.tv_sec = time(0) + 600}, {.tv_sec = OLD}};
  REQUIRE(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW) == 0);
  CHECK_EQ(readlink("link", text, sizeof(text)), 4);
  CHECK_EQ(lstat("link", &status), 0);
  CHECK_EQ(status.st_atim.tv_sec, times[0].tv_sec);
  // One earlier than the status change does not.
  times[0].tv_sec -= 1200;
  REQUIRE(utimensat(AT_FDCWD, "file", times, 0) == 0);
  int fd = open("file", O_RDONLY);
  CHECK_EQ(read(fd, text, 1), 1);
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK(status.st_atim.tv_sec > times[0].tv_sec);
  close(fd);
}

static void check_mapping(int protection, int type, bool moves, int flags) {
  make_old("file");
  int fd = open("file", O_RDWR | flags);
  REQUIRE(fd >= 0);
  void *memory = mmap(0, PAGE, protection, type, fd, 0);
  REQUIRE(memory != MAP_FAILED);
  CHECK_EQ(is_old("file"), !moves);
  munmap(memory, PAGE);
  close(fd);
}

static void check_mappings(void) {
  check_mapping(PROT_READ, MAP_SHARED, true, 0);
  check_mapping(PROT_READ | PROT_WRITE, MAP_SHARED, true, 0);
  check_mapping(PROT_READ, MAP_PRIVATE, true, 0);
  check_mapping(PROT_NONE, MAP_PRIVATE, true, 0);
  check_mapping(PROT_READ, MAP_PRIVATE, false, O_NOATIME);
}

// Directories' times move when they are listed.
static void check_listing(void) {
  static char buffer[4096];
  make_old("dir");
  int fd = open("dir", O_RDONLY | O_DIRECTORY);
  REQUIRE(fd >= 0);
  CHECK(is_old("dir"));
  CHECK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0);
  CHECK(!is_old("dir"));
  close(fd);
}

static void check_pipe(void) {
  int fds[2];
  struct stat status, other;
  REQUIRE(pipe(fds) == 0);
  CHECK_EQ(fstat(fds[0], &status), 0);
  CHECK_EQ(status.st_uid, geteuid());
  CHECK_EQ(status.st_gid, getegid());
  CHECK_EQ(status.st_mode, S_IFIFO | 0600);
  CHECK_EQ(fchmod(fds[0], 0640), 0);
  CHECK_EQ(fchown(fds[1], (uid_t)-1, (gid_t)-1), 0);
  CHECK_EQ(fchown(fds[1], geteuid(), getegid()), 0);
  if (is_root()) {
    CHECK_EQ(fchown(fds[0], 1234, 5678), 0);
    CHECK_EQ(fstat(fds[1], &other), 0);
    CHECK_EQ(other.st_uid, 1234);
    CHECK_EQ(other.st_gid, 5678);
    CHECK_EQ(other.st_mode, S_IFIFO | 0640);
  }
  struct timespec times[2] = {{.tv_sec = OLD}, {.tv_sec = OLD + 1}};
  CHECK_EQ(futimens(fds[0], times), 0);
  CHECK_EQ(fstat(fds[1], &other), 0);
  CHECK_EQ(other.st_atim.tv_sec, OLD);
  CHECK_EQ(other.st_mtim.tv_sec, OLD + 1);
  close(fds[0]), close(fds[1]);
}

static uint64_t mount_of(int dir, const char *path, int flags) {
  struct statx status;
  memset(&status, 0, sizeof(status));
  CHECK_EQ(statx(dir, path, flags, STATX_MNT_ID, &status), 0);
  CHECK((status.stx_mask & STATX_MNT_ID) != 0);
  return status.stx_mnt_id;
}

// In mountinfo it is first on its line, in fdinfo it has its name.
static void check_mount_id(void) {
  static char text[65536];
  char path[64], line[64];
  struct statx status;
  CHECK(mount_of(AT_FDCWD, "/proc", 0) != mount_of(AT_FDCWD, "/", 0));
  CHECK(mount_of(AT_FDCWD, "file", 0) == mount_of(AT_FDCWD, ".", 0));
  CHECK_EQ(statx(AT_FDCWD, "/proc", 0, 0, &status), 0);
  CHECK((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0);
  CHECK_EQ(statx(AT_FDCWD, "/proc/self/status", 0, 0, &status), 0);
  CHECK((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0);
  CHECK((status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0);

  CHECK(read_file("/proc/self/mountinfo", text, sizeof(text)) > 0);
  snprintf(line, sizeof(line), "%llu ", (unsigned long long)mount_of(AT_FDCWD, "/proc", 0));
  bool found = false;
  for (char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
    if (strncmp(at, line, strlen(line)) == 0) found = strstr(at, " /proc ") != NULL;
  }
  CHECK(found);

  int fd = open("file", O_RDONLY), event = eventfd(0, 0);
  CHECK(mount_of(fd, "", AT_EMPTY_PATH) == mount_of(AT_FDCWD, "file", 0));
  CHECK(mount_of(event, "", AT_EMPTY_PATH) != mount_of(AT_FDCWD, "file", 0));
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  snprintf(line, sizeof(line), "\nmnt_id:\t%llu\n", (unsigned long long)mount_of(AT_FDCWD, "file", 0));
  CHECK(strstr(text, line) != NULL);
  close(fd), close(event);
}

static void check_fdinfo(void) {
  static char text[4096];
  char path[64], line[128];
  struct stat status;
  int flags[] = {O_RDONLY, O_RDONLY | O_CLOEXEC, O_RDWR | O_APPEND, O_RDWR | O_CLOEXEC | O_NONBLOCK, O_PATH | O_CLOEXEC};
  for (size_t i = 0; i < COUNT(flags); i++) {
    int fd = open("file", flags[i]);
    REQUIRE(fd >= 0);
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    CHECK(read_file(path, text, sizeof(text)) > 0);
    char *at = strstr(text, "flags:\t0");
    REQUIRE(at);
    unsigned long shown = strtoul(at + 7, NULL, 8);
    CHECK_EQ(shown & O_CLOEXEC, flags[i] & O_CLOEXEC);
    CHECK_EQ(shown & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_PATH), flags[i] & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_PATH));
    CHECK_EQ(fstat(fd, &status), 0);
    snprintf(line, sizeof(line), "\nino:\t%llu\n", (unsigned long long)status.st_ino);
    CHECK(strstr(text, line) != NULL);
    // The descriptor's flag, not the description's.
    int copy = dup(fd);
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", copy);
    CHECK(read_file(path, text, sizeof(text)) > 0);
    CHECK_EQ(strtoul(strstr(text, "flags:\t0") + 7, NULL, 8) & O_CLOEXEC, 0);
    close(fd), close(copy);
  }
  int fd = open("file", O_RDONLY);
  CHECK_EQ(lseek(fd, 7, SEEK_SET), 7);
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  CHECK(strncmp(text, "pos:\t7\nflags:\t0", 15) == 0);
  close(fd);

  int event = eventfd(5, EFD_SEMAPHORE);
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", event);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  CHECK(strstr(text, "eventfd-count:                5\n") != NULL);
  close(event);

  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  int signals = signalfd(-1, &set, 0);
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", signals);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  CHECK(strstr(text, "\nsigmask:\t0000000000000200\n") != NULL);

  struct itimerspec setting = {{3, 500}, {100, 0}};
  int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  CHECK_EQ(timerfd_settime(timer, 0, &setting, NULL), 0);
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", timer);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  CHECK(strstr(text, "\nclockid: 1\nticks: 0\nsettime flags: 00\nit_value: (") != NULL);
  CHECK(strstr(text, "\nit_interval: (3, 500)\n") != NULL);

  int epoll = epoll_create1(0);
  struct epoll_event interest = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0};
  CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &interest), 0);
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epoll);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  snprintf(line, sizeof(line), "\ntfd: %8d events: %8x data: 123456789abcdef0  pos:0 ino:", timer, EPOLLIN | EPOLLERR | EPOLLHUP);
  CHECK(strstr(text, line) != NULL);
  close(signals), close(timer), close(epoll);
}

int main(void) {
  enter_scratch();
  check_links();
  check_mappings();
  check_listing();
  check_pipe();
  check_mount_id();
  check_fdinfo();
  return finish();
}
