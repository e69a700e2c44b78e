// rename: replaces in one step, keeps the inode, refuses loops; renameat2's flags. man 2 rename.
#include "check.h"

static bool holds(const char *path, const char *text) {
  char buffer[64];
  return read_file(path, buffer, sizeof(buffer)) >= 0 && strcmp(buffer, text) == 0;
}

static int rename2(const char *from, const char *to, unsigned flags) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void check_files(void) {
  struct stat before, after;
  write_file("a", "A", 1);
  write_file("b", "B", 1);
  CHECK_EQ(stat("a", &before), 0);
  int replaced = open("b", O_RDONLY);
  CHECK_EQ(rename("a", "b"), 0);
  CHECK_EQ(stat("b", &after), 0);
  CHECK_EQ(before.st_ino, after.st_ino);
  CHECK_ERRNO(stat("a", &after), ENOENT);
  CHECK(holds("b", "A"));
  char byte;
  CHECK_EQ(read(replaced, &byte, 1), 1);
  CHECK_EQ(byte, 'B');
  close(replaced);
  CHECK_EQ(rename("b", "b"), 0);
  CHECK(holds("b", "A"));
  // Two names of one inode: rename does nothing and reports success.
  CHECK_EQ(link("b", "b2"), 0);
  CHECK_EQ(rename("b", "b2"), 0);
  CHECK(holds("b", "A") && holds("b2", "A"));
  // A link is renamed, not followed.
  CHECK_EQ(symlink("b", "link"), 0);
  CHECK_EQ(rename("link", "link2"), 0);
  CHECK_EQ(lstat("link2", &after), 0);
  CHECK_EQ(after.st_mode & S_IFMT, S_IFLNK);
}

static void check_directories(void) {
  struct stat status;
  REQUIRE(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && mkdir("empty", 0755) == 0 && mkdir("full", 0755) == 0);
  write_file("d/e/file", "deep", 4);
  write_file("full/file", "x", 1);
  CHECK_ERRNO(rename("d", "d/e/inside"), EINVAL);
  CHECK_ERRNO(rename("d", "full"), ENOTEMPTY);
  CHECK_ERRNO(rename("d", "b"), ENOTDIR);
  CHECK_ERRNO(rename("b", "d"), EISDIR);
  CHECK_EQ(rename("d", "empty"), 0);
  CHECK(holds("empty/e/file", "deep"));
  CHECK_EQ(rename("empty/e", "full/e"), 0);
  CHECK_EQ(stat("empty", &status), 0);
  CHECK_EQ(status.st_nlink, 2);
  CHECK_EQ(stat("full", &status), 0);
  CHECK_EQ(status.st_nlink, 3);
  // Inside a directory that moved, .. is the new parent.
  CHECK(holds("full/e/../file", "x"));
  CHECK(rename("full/.", "x") == -1 && (errno == EBUSY || errno == EINVAL));
  CHECK(rename("full/..", "x") == -1 && (errno == EBUSY || errno == EINVAL));
}

static void check_flags(void) {
  write_file("p", "P", 1);
  write_file("q", "Q", 1);
  if (rename2("p", "q", RENAME_EXCHANGE) == -1 && (errno == ENOSYS || errno == EINVAL)) return;
  CHECK(holds("p", "Q") && holds("q", "P"));
  CHECK_ERRNO(rename2("p", "q", RENAME_NOREPLACE), EEXIST);
  CHECK_EQ(rename2("p", "r", RENAME_NOREPLACE), 0);
  CHECK(holds("r", "Q"));
  CHECK_ERRNO(rename2("r", "missing", RENAME_EXCHANGE), ENOENT);
  CHECK_ERRNO(rename2("r", "q", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
  CHECK_ERRNO(rename2("r", "q", 0x100), EINVAL);
}

int main(void) {
  enter_scratch();
  check_files();
  check_directories();
  check_flags();
  CHECK_ERRNO(rename("missing", "x"), ENOENT);
  CHECK_ERRNO(rename("b", "missing/x"), ENOENT);
  CHECK_ERRNO(rename("b/x", "y"), ENOTDIR);
  CHECK_ERRNO(rename("", "y"), ENOENT);
  CHECK_ERRNO(rename("b", (char *)8), EFAULT);
  return finish();
}
