// at-calls: the *at family starts from a directory descriptor, AT_FDCWD, or an absolute path. man 2 openat, openat2.
#include <linux/openat2.h>

#include "check.h"

static int open2(int dir, const char *path, uint64_t flags, uint64_t resolve) {
  struct open_how how = {.flags = flags, .resolve = resolve};
  return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

static void check_family(int dir) {
  struct stat status;
  char text[16] = "";
  int fd = openat(dir, "file", O_CREAT | O_RDWR, 0644);
  REQUIRE(fd >= 0);
  close(fd);
  CHECK_EQ(stat("dir/file", &status), 0);
  CHECK_EQ(mkdirat(dir, "sub", 0755), 0);
  CHECK_EQ(symlinkat("file", dir, "link"), 0);
  CHECK_EQ(readlinkat(dir, "link", text, 16), 4);
  CHECK_EQ(linkat(dir, "file", AT_FDCWD, "hard", 0), 0);
  CHECK_EQ(stat("hard", &status), 0);
  CHECK_EQ(status.st_nlink, 2);
  CHECK_EQ(renameat(AT_FDCWD, "hard", dir, "sub/renamed"), 0);
  CHECK_EQ(faccessat(dir, "sub/renamed", R_OK, 0), 0);
  CHECK_EQ(fchmodat(dir, "link", 0600, 0), 0);
  CHECK_EQ(fstatat(dir, "file", &status, 0), 0);
  CHECK_EQ(status.st_mode & 0777, 0600);
  CHECK_EQ(fchownat(dir, "file", (uid_t)-1, (gid_t)-1, 0), 0);
  CHECK_EQ(utimensat(dir, "file", 0, 0), 0);
  CHECK_EQ(mknodat(dir, "fifo", S_IFIFO | 0600, 0), 0);
  CHECK_EQ(unlinkat(dir, "sub/renamed", 0), 0);
  CHECK_ERRNO(unlinkat(dir, "sub", 0), EISDIR);
  CHECK_EQ(unlinkat(dir, "sub", AT_REMOVEDIR), 0);
  CHECK_ERRNO(unlinkat(dir, "file", AT_REMOVEDIR), ENOTDIR);
  CHECK_ERRNO(unlinkat(dir, "file", 0x4000000), EINVAL);
}

static void check_starting_points(int dir) {
  struct stat status;
  char absolute[4200];
  snprintf(absolute, sizeof(absolute), "%s/dir/file", scratch_path);
  // With an absolute path the descriptor does not matter.
  CHECK_EQ(fstatat(-5, absolute, &status, 0), 0);
  CHECK_ERRNO(fstatat(-5, "file", &status, 0), EBADF);
  CHECK_ERRNO(openat(12345, "file", O_RDONLY), EBADF);
  int file = openat(dir, "file", O_RDONLY);
  CHECK_ERRNO(openat(file, "x", O_RDONLY), ENOTDIR);
  CHECK_ERRNO(mkdirat(file, "x", 0755), ENOTDIR);
  close(file);
  // The directory stays open under another name, and after it is removed.
  CHECK_EQ(rename("dir", "moved"), 0);
  CHECK_EQ(fstatat(dir, "file", &status, 0), 0);
  CHECK_EQ(fstatat(dir, "../moved", &status, 0), 0);
  CHECK_EQ(unlinkat(dir, "file", 0), 0);
  CHECK_EQ(unlinkat(dir, "link", 0), 0);
  CHECK_EQ(unlinkat(dir, "fifo", 0), 0);
  CHECK_EQ(rmdir("moved"), 0);
  CHECK_ERRNO(openat(dir, "file", O_CREAT | O_RDWR, 0644), ENOENT);
  CHECK_EQ(fstat(dir, &status), 0);
  CHECK_EQ(status.st_nlink, 0);
}

static void check_openat2(void) {
  REQUIRE(mkdir("jail", 0755) == 0 && symlink("../outside", "jail/out") == 0 && symlink("/", "jail/root") == 0);
  write_file("outside", "o", 1);
  write_file("jail/inside", "i", 1);
  int jail = open("jail", O_RDONLY | O_DIRECTORY), fd = open2(jail, "inside", O_RDONLY, 0);
  if (fd < 0 && errno == ENOSYS) return;
  CHECK(fd >= 0);
  CHECK_EQ(close(fd), 0);
  CHECK_ERRNO(open2(jail, "../outside", O_RDONLY, RESOLVE_BENEATH), EXDEV);
  CHECK_ERRNO(open2(jail, "out", O_RDONLY, RESOLVE_BENEATH), EXDEV);
  CHECK_ERRNO(open2(jail, "out", O_RDONLY, RESOLVE_NO_SYMLINKS), ELOOP);
  CHECK_ERRNO(open2(jail, "inside", O_RDONLY, 1u << 30), EINVAL);
  CHECK_ERRNO(open2(jail, "inside", 1ull << 40, 0), EINVAL);
  fd = open2(jail, "root/inside", O_RDONLY, RESOLVE_IN_ROOT);
  CHECK(fd >= 0);
  close(fd);
}

int main(void) {
  enter_scratch();
  REQUIRE(mkdir("dir", 0755) == 0);
  int dir = open("dir", O_RDONLY | O_DIRECTORY);
  REQUIRE(dir >= 0);
  check_family(dir);
  check_starting_points(dir);
  check_openat2();
  return finish();
}
