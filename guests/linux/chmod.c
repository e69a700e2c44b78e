// chmod: permission bits of files and directories, umask, and who may change them. man 2 chmod, man 2 umask.
#include "check.h"

static int mode_of(const char *path) {
  struct stat status;
  return lstat(path, &status) ? -1 : (int)(status.st_mode & 07777);
}

int main(void) {
  enter_scratch();
  write_file("file", "", 0);
  CHECK_EQ(chmod("file", 0640), 0);
  CHECK_EQ(mode_of("file"), 0640);
  CHECK_EQ(chmod("file", 04755), 0);
  CHECK_EQ(mode_of("file"), 04755);
  CHECK_EQ(chmod("file", 0170000 | 0600), 0);
  CHECK_EQ(mode_of("file"), 0600);
  int fd = open("file", O_RDWR);
  CHECK_EQ(fchmod(fd, 0444), 0);
  CHECK_EQ(mode_of("file"), 0444);
  // A descriptor keeps what it was opened for.
  CHECK_EQ(write(fd, "x", 1), 1);
  CHECK_EQ(chmod("file", 06644), 0);
  close(fd);

  // Writing takes set-user-id away from a file of an ordinary user.
  CHECK_EQ(chmod("file", 04755), 0);
  fd = open("file", O_WRONLY);
  CHECK_EQ(write(fd, "y", 1), 1);
  close(fd);
  CHECK_EQ(mode_of("file"), is_root() ? 04755 : 0755);

  REQUIRE(mkdir("dir", 0777) == 0 && symlink("file", "link") == 0);
  CHECK_EQ(mode_of("dir"), 0755);
  CHECK_EQ(chmod("dir", 01700), 0);
  CHECK_EQ(mode_of("dir"), 01700);
  CHECK_EQ(chmod("link", 0611), 0);
  CHECK_EQ(mode_of("file"), 0611);
  CHECK_EQ(mode_of("link"), 0777);
  CHECK_EQ(fchmodat(AT_FDCWD, "file", 0622, 0), 0);
  CHECK_EQ(mode_of("file"), 0622);

  // umask applies to what is created, not to chmod; it returns the old one, of nine bits.
  CHECK_EQ(umask(077), 022);
  CHECK_EQ(umask(01777), 077);
  CHECK_EQ(umask(027), 0777);
  close(open("masked", O_CREAT | O_WRONLY, 0666));
  CHECK_EQ(mode_of("masked"), 0640);
  CHECK_EQ(mkdir("masked-dir", 0777), 0);
  CHECK_EQ(mode_of("masked-dir"), 0750);
  CHECK_EQ(mkfifo("masked-fifo", 0666), 0);
  CHECK_EQ(mode_of("masked-fifo"), 0640);
  CHECK_EQ(chmod("masked", 0666), 0);
  CHECK_EQ(mode_of("masked"), 0666);

  CHECK_ERRNO(chmod("missing", 0644), ENOENT);
  CHECK_ERRNO(chmod("file/x", 0644), ENOTDIR);
  CHECK_ERRNO(fchmod(-1, 0644), EBADF);
  CHECK_ERRNO(chmod((char *)8, 0644), EFAULT);
  if (!is_root()) CHECK(chmod("/", 0777) == -1 && (errno == EPERM || errno == EROFS));
  return finish();
}
