// pledge: with `error`, what a process promises to do without is ENOSYS; promises can only shrink. OpenBSD's man 2 pledge.
#include "pledge.h"

#include <sys/file.h>
#include <sys/ioctl.h>

static char directory[] = "/tmp/pledge-XXXXXX";
static char file[64], outside[64];

static void check_arguments(void) {
  CHECK_EQ(pledge(NULL, NULL), 0);
  CHECK_ERRNO(pledge("stdio no-such-promise", NULL), EINVAL);
  CHECK_ERRNO(pledge(NULL, "no-such-promise"), EINVAL);
  for (BAD_POINTER(p)) {
    if (*p) CHECK_ERRNO(pledge(*p, NULL), EFAULT);
  }
}

static void make_files(void) {
  REQUIRE(mkdtemp(directory));
  snprintf(file, sizeof(file), "%s/file", directory);
  snprintf(outside, sizeof(outside), "%s/outside", directory);
  write_file(file, "text", 4);
  REQUIRE(symlink("/proc/self/status", outside) == 0);
}

// Under "stdio rpath wpath cpath error".
static void check_files(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  CHECK_EQ(access(file, R_OK), 0);
  CHECK_ERRNO(chmod(file, 0600), ENOSYS);
  CHECK_ERRNO(fchmod(fd, 0600), ENOSYS);
  CHECK_ERRNO(futimens(fd, NULL), ENOSYS);
  CHECK_ERRNO(fchown(fd, -1, -1), ENOSYS);
  CHECK_ERRNO(mkfifo(outside, 0600), ENOSYS);
  CHECK_ERRNO(flock(fd, LOCK_EX), ENOSYS);
  CHECK_ERRNO(fcntl(fd, F_SETLK, &lock), ENOSYS);
  CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
}

static void check_memory(void) {
  CHECK(mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
        errno == ENOSYS);
  void *page = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  CHECK_ERRNO(mprotect(page, PAGE, PROT_READ | PROT_EXEC), ENOSYS);
  CHECK_EQ(mprotect(page, PAGE, PROT_READ), 0);
  // Code from a file, as a loader maps it; not if it can also be written.
  int self = open("/proc/self/exe", O_RDONLY);
  REQUIRE(self >= 0);
  CHECK(mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, self, 0) != MAP_FAILED);
  CHECK(mmap(0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, self, 0) == MAP_FAILED &&
        errno == ENOSYS);
  int memory = memfd_create("code", 0);
  REQUIRE(memory >= 0);
  CHECK_EQ(ftruncate(memory, PAGE), 0);
  CHECK(mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, memory, 0) == MAP_FAILED &&
        errno == ENOSYS);
}

static void check_process(void) {
  CHECK_EQ(kill(getpid(), 0), 0);
  CHECK_EQ(kill(0, 0), 0);
  CHECK_ERRNO(kill(1, 0), ENOSYS);
  CHECK_ERRNO(setsid(), ENOSYS);
  CHECK_ERRNO(setuid(getuid()), ENOSYS);
  CHECK_ERRNO(unveil("/", "r"), ENOSYS);
  CHECK_ERRNO(ioctl(0, TIOCSCTTY, 0), ENOSYS);
}

// Under "stdio tmppath error": what counts is where a path leads, not how it is written.
static void check_tmppath(void) {
  char target[64];
  CHECK(open("/proc/self/status", O_RDONLY) < 0 && errno == ENOSYS);
  CHECK(open("/tmp/../proc/self/status", O_RDONLY) < 0 && errno == ENOSYS);
  CHECK(open("/no-such-directory/file", O_RDONLY) < 0 && errno == ENOSYS);
  CHECK(open(outside, O_RDONLY) < 0 && errno == ENOSYS);
  CHECK_ERRNO(access("/", F_OK), ENOSYS);
  CHECK_ERRNO(chdir("/"), ENOSYS);
  CHECK(readlink("/proc/self/exe", target, sizeof(target)) > 0);
  CHECK(open("/proc/self/exe", O_RDONLY) < 0 && errno == ENOSYS);
  CHECK(open("/dev/null", O_RDWR) >= 0);
  CHECK_ERRNO(open("/etc/localtime/none", O_RDONLY), ENOSYS);
  int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0);
  CHECK_EQ(close(fd), 0);
  CHECK_EQ(unlink(file), 0);
  CHECK_EQ(unlink(outside), 0);
  CHECK_EQ(rmdir(directory), 0);
}

int main(void) {
  if (!is_hv()) {
    CHECK_ERRNO(pledge("stdio", NULL), ENOSYS);
    return finish();
  }
  check_arguments();
  // This locks, but hides nothing: nothing was unveiled.
  CHECK_EQ(unveil(NULL, NULL), 0);
  make_files();
  int fd = open(file, O_RDWR);
  REQUIRE(fd >= 0);

  CHECK_EQ(pledge("stdio rpath wpath cpath tmppath error", "stdio rpath"), 0);
  check_files(fd);
  check_memory();
  check_process();
  // With `error`, asking for more is not refused, but cut to what is left.
  CHECK_EQ(pledge("stdio rpath tmppath fattr error", NULL), 0);
  CHECK_ERRNO(chmod(file, 0600), ENOSYS);
  CHECK_ERRNO(mkdir("/new", 0700), ENOSYS);

  CHECK_EQ(pledge("stdio tmppath error", NULL), 0);
  check_tmppath();
  CHECK_EQ(pledge("stdio", NULL), 0);
  CHECK_ERRNO(pledge("stdio rpath", NULL), EPERM);
  CHECK_ERRNO(pledge("stdio error", NULL), EPERM);
  CHECK_EQ(pledge(NULL, "stdio"), 0);
  CHECK_ERRNO(pledge(NULL, "stdio rpath"), EPERM);
  // Files that were open before stay open.
  CHECK_EQ(write(fd, "more", 4), 4);
  return finish();
}
