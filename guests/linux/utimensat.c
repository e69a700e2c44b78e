// utimensat: times are set to the nanosecond, set to now, or left; and which calls change them. man 2 utimensat, man 7 inode.
// not in CI's beds: emulation makes it slow
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#include "check.h"

static struct stat of(const char *path) {
  struct stat status;
  REQUIRE(lstat(path, &status) == 0);
  return status;
}

static bool is(struct timespec t, long long seconds, long nanoseconds) {
  return t.tv_sec == seconds && t.tv_nsec == nanoseconds;
}

static bool is_now(struct timespec t) {
  time_t now = time(0);
  return t.tv_sec >= now - 5 && t.tv_sec <= now + 1;
}

static void check_setting(void) {
  const struct timespec both[] = {{1000000000, 123456789}, {2000000000, 987654321}};
  const struct timespec omit_and_now[] = {{5, UTIME_OMIT}, {5, UTIME_NOW}}, omit[] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
  const struct timespec old[] = {{-86400, 5}, {0, 0}}, bad[] = {{0, 1000000000}, {0, 0}}, link_times[] = {{7, 8}, {9, 10}};
  CHECK(is_now(of("file").st_mtim) && is_now(of("file").st_atim) && is_now(of("file").st_ctim));
  CHECK_EQ(utimensat(AT_FDCWD, "file", both, 0), 0);
  CHECK(is(of("file").st_atim, 1000000000, 123456789) && is(of("file").st_mtim, 2000000000, 987654321));
  CHECK(is_now(of("file").st_ctim));
  CHECK_EQ(utimensat(AT_FDCWD, "file", omit_and_now, 0), 0);
  CHECK(is(of("file").st_atim, 1000000000, 123456789) && is_now(of("file").st_mtim));
  CHECK_EQ(utimensat(AT_FDCWD, "file", omit, 0), 0);
  CHECK(is(of("file").st_atim, 1000000000, 123456789));
  CHECK_EQ(utimensat(AT_FDCWD, "file", old, 0), 0);
  CHECK(is(of("file").st_atim, -86400, 5));
  CHECK_EQ(utimensat(AT_FDCWD, "link", link_times, AT_SYMLINK_NOFOLLOW), 0);
  CHECK(is(of("link").st_mtim, 9, 10) && is(of("file").st_atim, -86400, 5));
  int fd = open("file", O_RDONLY);
  CHECK_EQ(futimens(fd, both), 0);
  CHECK(is(of("file").st_mtim, 2000000000, 987654321));
  close(fd);

  const struct timeval micro[] = {{11, 12}, {13, 14}};
  const struct utimbuf whole = {21, 22};
  CHECK_EQ(utimes("file", micro), 0);
  CHECK(is(of("file").st_atim, 11, 12000) && is(of("file").st_mtim, 13, 14000));
  CHECK_EQ(utime("file", &whole), 0);
  CHECK(is(of("file").st_atim, 21, 0) && is(of("file").st_mtim, 22, 0));
  CHECK_ERRNO(utimensat(AT_FDCWD, "file", bad, 0), EINVAL);
  CHECK_ERRNO(utimensat(AT_FDCWD, "missing", both, 0), ENOENT);
  CHECK_ERRNO(utimensat(AT_FDCWD, "file", both, 0x80), EINVAL);
  CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, "file", (void *)8, 0), EFAULT);
}

// Writing changes the file's times, creating and removing the directory's.
static void check_automatic(void) {
  const struct timespec past[] = {{100, 0}, {100, 0}};
  int fd = open("file", O_RDWR);
  CHECK_EQ(futimens(fd, past), 0);
  CHECK_EQ(write(fd, "x", 1), 1);
  CHECK(is_now(of("file").st_mtim));
  CHECK_EQ(futimens(fd, past), 0);
  CHECK_EQ(ftruncate(fd, 100), 0);
  CHECK(is_now(of("file").st_mtim));
  CHECK_EQ(futimens(fd, past), 0);
  CHECK_EQ(fchmod(fd, 0600), 0);
  CHECK(is(of("file").st_mtim, 100, 0));
  close(fd);

  REQUIRE(mkdir("dir", 0755) == 0);
  CHECK_EQ(utimensat(AT_FDCWD, "dir", past, 0), 0);
  write_file("dir/new", "", 0);
  CHECK(is_now(of("dir").st_mtim));
  CHECK_EQ(utimensat(AT_FDCWD, "dir", past, 0), 0);
  CHECK_EQ(unlink("dir/new"), 0);
  CHECK(is_now(of("dir").st_mtim));
}

int main(void) {
  enter_scratch();
  write_file("file", "", 0);
  REQUIRE(symlink("file", "link") == 0);
  check_setting();
  check_automatic();
  return finish();
}
