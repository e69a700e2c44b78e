// chown: owners: root gives away, others keep; set-id bits go. man 2 chown, man 2 fchownat.
#include "check.h"

static void check_root(void) {
  struct stat status;
  CHECK_EQ(chown("file", 1234, 5678), 0);
  CHECK_EQ(stat("file", &status), 0);
  CHECK(status.st_uid == 1234 && status.st_gid == 5678);
  CHECK_EQ(chown("file", (uid_t)-1, 99), 0);
  CHECK_EQ(stat("file", &status), 0);
  CHECK(status.st_uid == 1234 && status.st_gid == 99);
  CHECK_EQ(chmod("file", 06755), 0);
  CHECK_EQ(chown("file", 1, 1), 0);
  CHECK_EQ(stat("file", &status), 0);
  CHECK_EQ(status.st_mode & 07777, 0755);

  // lchown changes the link itself; chown follows it.
  CHECK_EQ(lchown("link", 7, 8), 0);
  CHECK_EQ(lstat("link", &status), 0);
  CHECK(status.st_uid == 7 && status.st_gid == 8);
  CHECK_EQ(chown("link", 9, 10), 0);
  CHECK_EQ(stat("file", &status), 0);
  CHECK(status.st_uid == 9 && status.st_gid == 10);
  int fd = open("file", O_RDONLY);
  CHECK_EQ(fchown(fd, 0, 0), 0);
  CHECK_EQ(fchownat(fd, "", 3, 4, AT_EMPTY_PATH), 0);
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK(status.st_uid == 3 && status.st_gid == 4);
  close(fd);
}

static void check_user(void) {
  struct stat status;
  CHECK_ERRNO(chown("file", 0, (gid_t)-1), EPERM);
  CHECK_ERRNO(chown("file", geteuid() + 1, (gid_t)-1), EPERM);
  CHECK_EQ(chown("file", geteuid(), getegid()), 0);
  CHECK_EQ(stat("file", &status), 0);
  CHECK(status.st_uid == geteuid() && status.st_gid == getegid());
}

int main(void) {
  enter_scratch();
  write_file("file", "", 0);
  REQUIRE(symlink("file", "link") == 0);
  CHECK_EQ(chown("file", (uid_t)-1, (gid_t)-1), 0);
  if (is_root()) {
    check_root();
  } else {
    check_user();
  }
  CHECK_ERRNO(chown("missing", 0, 0), ENOENT);
  CHECK_ERRNO(fchown(-1, 0, 0), EBADF);
  CHECK_ERRNO(chown((char *)8, 0, 0), EFAULT);
  CHECK_ERRNO(fchownat(AT_FDCWD, "file", 0, 0, 0x40), EINVAL);
  return finish();
}
