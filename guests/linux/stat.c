// stat: what stat, lstat, fstat, newfstatat and statx report for each kind of file. man 2 stat, man 2 statx.
#include <sys/sysmacros.h>

#include "check.h"

static void check_regular(void) {
  struct stat a, b, c;
  write_file("file", "0123456789", 10);
  CHECK_EQ(stat("file", &a), 0);
  CHECK_EQ(a.st_mode, S_IFREG | 0644);
  CHECK_EQ(a.st_size, 10);
  CHECK_EQ(a.st_nlink, 1);
  CHECK_EQ(a.st_uid, geteuid());
  CHECK(a.st_ino != 0 && a.st_blksize > 0 && a.st_blocks >= 0);
  int fd = open("file", O_RDONLY);
  CHECK_EQ(fstat(fd, &b), 0);
  CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec);
  CHECK_EQ(fstatat(fd, "", &c, AT_EMPTY_PATH), 0);
  CHECK_EQ(c.st_ino, a.st_ino);
  CHECK_ERRNO(fstatat(fd, "", &c, 0), ENOENT);
  CHECK_ERRNO(fstatat(fd, "x", &c, 0), ENOTDIR);
  close(fd);
  CHECK_ERRNO(fstat(fd, &b), EBADF);

  write_file("other", "", 0);
  CHECK_EQ(stat("other", &b), 0);
  CHECK(a.st_ino != b.st_ino && a.st_dev == b.st_dev);
}

static void check_kinds(void) {
  struct stat s;
  REQUIRE(mkdir("dir", 0755) == 0 && mkdir("dir/sub", 0755) == 0 && symlink("file", "link") == 0);
  CHECK_EQ(stat("dir", &s), 0);
  CHECK_EQ(s.st_mode, S_IFDIR | 0755);
  CHECK_EQ(s.st_nlink, 3);
  CHECK_EQ(lstat("link", &s), 0);
  CHECK_EQ(s.st_mode, S_IFLNK | 0777);
  CHECK_EQ(s.st_size, 4);
  CHECK_EQ(stat("link", &s), 0);
  CHECK_EQ(s.st_mode & S_IFMT, S_IFREG);
  CHECK_EQ(fstatat(AT_FDCWD, "link", &s, AT_SYMLINK_NOFOLLOW), 0);
  CHECK_EQ(s.st_mode & S_IFMT, S_IFLNK);
  CHECK_EQ(stat("/dev/null", &s), 0);
  CHECK_EQ(s.st_mode & S_IFMT, S_IFCHR);
  CHECK(major(s.st_rdev) == 1 && minor(s.st_rdev) == 3);
  CHECK_EQ(stat("/dev/zero", &s), 0);
  CHECK(major(s.st_rdev) == 1 && minor(s.st_rdev) == 5);
  CHECK_EQ(stat("/", &s), 0);
  CHECK_EQ(s.st_mode & S_IFMT, S_IFDIR);
  CHECK_EQ(stat("dir/..//dir/./sub/", &s), 0);
}

static void check_statx(void) {
  struct statx x;
  struct stat s;
  memset(&x, 0xff, sizeof(x));
  CHECK_EQ(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &x), 0);
  CHECK_EQ(stat("file", &s), 0);
  CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
  CHECK_EQ(x.stx_mode, s.st_mode);
  CHECK_EQ(x.stx_size, s.st_size);
  CHECK_EQ(x.stx_ino, s.st_ino);
  CHECK_EQ(x.stx_nlink, s.st_nlink);
  CHECK_EQ(x.stx_uid, s.st_uid);
  CHECK_EQ(x.stx_blocks, s.st_blocks);
  CHECK_EQ(makedev(x.stx_dev_major, x.stx_dev_minor), s.st_dev);
  CHECK_EQ(x.stx_mtime.tv_sec, s.st_mtim.tv_sec);
  CHECK_EQ(x.stx_mtime.tv_nsec, s.st_mtim.tv_nsec);
  CHECK_EQ(statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x), 0);
  CHECK_EQ(x.stx_mode & S_IFMT, S_IFLNK);
  int fd = open("file", O_RDONLY);
  CHECK_EQ(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x), 0);
  CHECK_EQ(x.stx_ino, s.st_ino);
  close(fd);
  CHECK_ERRNO(statx(AT_FDCWD, "file", 0x800000, STATX_BASIC_STATS, &x), EINVAL);
  CHECK_ERRNO(statx(AT_FDCWD, "file", 0, 0x80000000u, &x), EINVAL);
  CHECK_ERRNO(statx(AT_FDCWD, "missing", 0, STATX_BASIC_STATS, &x), ENOENT);
}

static void check_errors(void) {
  struct stat s;
  CHECK_ERRNO(stat("missing", &s), ENOENT);
  CHECK_ERRNO(stat("", &s), ENOENT);
  CHECK_ERRNO(stat("file/x", &s), ENOTDIR);
  CHECK_ERRNO(stat("file/", &s), ENOTDIR);
  CHECK_ERRNO(fstatat(-7, "file", &s, 0), EBADF);
  CHECK_ERRNO(fstatat(AT_FDCWD, "file", &s, 0x40000000), EINVAL);
  for (BAD_POINTER(p)) {
    CHECK_ERRNO(syscall(SYS_newfstatat, AT_FDCWD, "file", *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_newfstatat, AT_FDCWD, *p, &s, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_fstat, 0, *p), EFAULT);
  }
  CHECK_ERRNO(syscall(SYS_fstat, 0, at_page_end(sizeof(s), 1)), EFAULT);
  CHECK_EQ(syscall(SYS_fstat, 0, at_page_end(sizeof(s), 0)), 0);
}

int main(void) {
  enter_scratch();
  check_regular();
  check_kinds();
  check_statx();
  check_errors();
  return finish();
}
