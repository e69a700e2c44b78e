// open: flags, modes, errors, and which descriptor is given. man 2 open, man 2 creat, man 2 close.
#include "check.h"

static void check_creation(void) {
  struct stat status;
  int fd = open("new", O_RDWR | O_CREAT | O_EXCL, 0666);
  REQUIRE(fd >= 0);
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(status.st_mode, S_IFREG | 0644);
  CHECK_EQ(status.st_size, 0);
  CHECK_EQ(write(fd, "hello", 5), 5);
  CHECK_EQ(close(fd), 0);
  CHECK_ERRNO(close(fd), EBADF);
  CHECK_ERRNO(open("new", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);

  fd = open("new", O_RDWR | O_CREAT, 0600);
  CHECK_EQ(lseek(fd, 0, SEEK_END), 5);
  CHECK_EQ(close(fd), 0);
  fd = open("new", O_WRONLY | O_TRUNC);
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(status.st_size, 0);
  CHECK_EQ(status.st_mode, S_IFREG | 0644);
  CHECK_EQ(close(fd), 0);

  // A mode that forbids writing does not apply to the descriptor that created the file.
  fd = open("locked", O_WRONLY | O_CREAT, 0444);
  CHECK_EQ(write(fd, "x", 1), 1);
  CHECK_EQ(close(fd), 0);
  if (!is_root()) CHECK_ERRNO(open("locked", O_WRONLY), EACCES);

  fd = creat("created", 0640);
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(status.st_mode, S_IFREG | 0640);
  char byte;
  CHECK_ERRNO(read(fd, &byte, 1), EBADF);
  CHECK_EQ(close(fd), 0);
}

static void check_access_modes(void) {
  char byte;
  int fd = open("new", O_RDONLY);
  CHECK_ERRNO(write(fd, "x", 1), EBADF);
  CHECK_EQ(read(fd, &byte, 1), 0);
  CHECK_EQ(close(fd), 0);

  fd = open("new", O_RDWR | O_APPEND);
  CHECK_EQ(write(fd, "ab", 2), 2);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  CHECK_EQ(write(fd, "cd", 2), 2);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
  char text[8] = "";
  CHECK_EQ(pread(fd, text, 8, 0), 4);
  CHECK(memcmp(text, "abcd", 4) == 0);
  CHECK_EQ(close(fd), 0);
}

static void check_lowest_descriptor(void) {
  int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY), c = open("/dev/null", O_RDONLY);
  REQUIRE(a >= 0 && b > a && c > b);
  CHECK_EQ(close(a), 0);
  CHECK_EQ(open("/dev/null", O_RDONLY), a);
  CHECK_EQ(fcntl(a, F_GETFD), 0);
  CHECK_EQ(close(b), 0);
  CHECK_EQ(open("/dev/null", O_RDONLY | O_CLOEXEC), b);
  CHECK_EQ(fcntl(b, F_GETFD), FD_CLOEXEC);
  close(a), close(b), close(c);
}

static void check_errors(void) {
  char name[5000];
  REQUIRE(mkdir("dir", 0755) == 0);
  REQUIRE(symlink("new", "link") == 0);
  REQUIRE(symlink("loop-b", "loop-a") == 0 && symlink("loop-a", "loop-b") == 0);
  CHECK_ERRNO(open("missing", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("missing/new", O_RDONLY | O_CREAT, 0644), ENOENT);
  CHECK_ERRNO(open("new/x", O_RDONLY), ENOTDIR);
  CHECK_ERRNO(open("new/", O_RDONLY), ENOTDIR);
  CHECK_ERRNO(open("new", O_RDONLY | O_DIRECTORY), ENOTDIR);
  CHECK_ERRNO(open("dir", O_WRONLY), EISDIR);
  CHECK_ERRNO(open("dir", O_RDWR), EISDIR);
  CHECK_ERRNO(open("dir", O_RDONLY | O_CREAT, 0644), EISDIR);
  CHECK_ERRNO(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
  CHECK_ERRNO(open("link", O_RDONLY | O_CREAT | O_EXCL, 0644), EEXIST);
  CHECK_ERRNO(open("loop-a", O_RDONLY), ELOOP);
  memset(name, 'n', sizeof(name));
  name[256] = 0;
  CHECK_ERRNO(open(name, O_RDONLY | O_CREAT, 0644), ENAMETOOLONG);
  name[255] = 0;
  int fd = open(name, O_RDONLY | O_CREAT, 0644);
  CHECK(fd >= 0);
  close(fd);
  memset(name, '/', sizeof(name));
  name[4096] = 0;
  CHECK_ERRNO(open(name, O_RDONLY), ENAMETOOLONG);
  name[4095] = 0;
  fd = open(name, O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  close(fd);
}

// O_CREAT through a dangling link creates its target; O_PATH descriptors only name files.
static void check_links_and_paths(void) {
  struct stat status;
  char byte;
  REQUIRE(symlink("target", "dangling") == 0);
  int fd = open("dangling", O_WRONLY | O_CREAT, 0644);
  CHECK(fd >= 0);
  close(fd);
  CHECK_EQ(stat("target", &status), 0);

  fd = open("target", O_PATH);
  REQUIRE(fd >= 0);
  CHECK_ERRNO(read(fd, &byte, 1), EBADF);
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
  close(fd);
  fd = open("dangling", O_PATH | O_NOFOLLOW);
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(status.st_mode & S_IFMT, S_IFLNK);
  close(fd);
}

int main(void) {
  enter_scratch();
  check_creation();
  check_access_modes();
  check_lowest_descriptor();
  check_errors();
  check_links_and_paths();
  return finish();
}
