// links: hard links share the inode, symbolic links hold a path; both have limits. man 2 link, symlink, readlink, unlink.
#include "check.h"

static void check_hard(void) {
  struct stat a, b;
  write_file("file", "content", 7);
  CHECK_EQ(link("file", "hard"), 0);
  CHECK(stat("file", &a) == 0 && stat("hard", &b) == 0);
  CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);
  int fd = open("hard", O_RDWR);
  CHECK_EQ(unlink("file"), 0);
  CHECK_EQ(fstat(fd, &a), 0);
  CHECK_EQ(a.st_nlink, 1);
  // Without a name the file lives as long as its descriptor.
  CHECK_EQ(unlink("hard"), 0);
  CHECK_EQ(fstat(fd, &a), 0);
  CHECK_EQ(a.st_nlink, 0);
  CHECK_EQ(write(fd, "CON", 3), 3);
  char text[8] = "";
  CHECK_EQ(pread(fd, text, 8, 0), 7);
  CHECK(strcmp(text, "CONtent") == 0);
  close(fd);
  CHECK_ERRNO(link("missing", "x"), ENOENT);
  CHECK_ERRNO(unlink("missing"), ENOENT);
  CHECK_ERRNO(unlink(""), ENOENT);
  write_file("file", "", 0);
  CHECK_ERRNO(link("file", "file"), EEXIST);
  CHECK_ERRNO(link("file", "file/x"), ENOTDIR);
  CHECK_ERRNO(link(".", "dir-link"), EPERM);
  CHECK_ERRNO(unlink("file/"), ENOTDIR);
  CHECK_ERRNO(linkat(AT_FDCWD, "file", AT_FDCWD, "x", 0x40), EINVAL);
}

static void check_symbolic(void) {
  char text[32];
  struct stat status;
  memset(text, '#', sizeof(text));
  CHECK_EQ(symlink("some/where", "link"), 0);
  CHECK_EQ(readlink("link", text, 32), 10);
  CHECK(memcmp(text, "some/where#", 11) == 0);
  memset(text, '#', sizeof(text));
  CHECK_EQ(readlink("link", text, 4), 4);
  CHECK(memcmp(text, "some#", 5) == 0);
  CHECK_ERRNO(readlink("link", text, 0), EINVAL);
  CHECK_ERRNO(readlink("file", text, 32), EINVAL);
  CHECK_ERRNO(readlink("missing", text, 32), ENOENT);
  CHECK_ERRNO(readlink("link", (char *)8, 32), EFAULT);
  CHECK_ERRNO(symlink("x", "link"), EEXIST);
  CHECK_ERRNO(symlink("", "empty"), ENOENT);
  int fd = open("link", O_PATH | O_NOFOLLOW);
  CHECK_EQ(readlinkat(fd, "", text, 32), 10);
  close(fd);

  // A hard link to a symbolic link is to the link itself, unless told to follow.
  CHECK_EQ(link("link", "same"), 0);
  CHECK_EQ(lstat("same", &status), 0);
  CHECK_EQ(status.st_mode & S_IFMT, S_IFLNK);
  CHECK_EQ(symlink("file", "to-file"), 0);
  CHECK_EQ(linkat(AT_FDCWD, "to-file", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW), 0);
  CHECK_EQ(lstat("followed", &status), 0);
  CHECK_EQ(status.st_mode & S_IFMT, S_IFREG);
  CHECK_EQ(unlink("to-file"), 0);
  CHECK_EQ(lstat("file", &status), 0);
}

// Relative targets start from the link's directory; chains are followed 40 deep and no deeper.
static void check_following(void) {
  struct stat status;
  char from[16], to[16];
  REQUIRE(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0);
  CHECK_EQ(symlink("../../file", "a/b/up"), 0);
  CHECK_EQ(stat("a/b/up", &status), 0);
  CHECK_EQ(symlink("a/b", "short"), 0);
  CHECK_EQ(stat("short/../b/up", &status), 0);
  CHECK_EQ(stat("short/", &status), 0);
  CHECK_EQ(symlink("file", "chain0"), 0);
  for (int i = 1; i <= 40; i++) {
    snprintf(from, 16, "chain%d", i - 1);
    snprintf(to, 16, "chain%d", i);
    CHECK_EQ(symlink(from, to), 0);
  }
  CHECK_EQ(stat("chain39", &status), 0);
  CHECK_ERRNO(stat("chain40", &status), ELOOP);
}

int main(void) {
  enter_scratch();
  check_hard();
  check_symbolic();
  check_following();
  return finish();
}
