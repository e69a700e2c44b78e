// directories: mkdir, rmdir, chdir, fchdir, getcwd. man 2 mkdir, man 2 rmdir, man 2 chdir, man 2 getcwd.
#include <limits.h>

#include "check.h"

static void check_making(void) {
  struct stat status;
  CHECK_EQ(mkdir("d", 0755), 0);
  CHECK_EQ(mkdir("d/e/", 0700), 0);
  CHECK_ERRNO(mkdir("d", 0755), EEXIST);
  CHECK_ERRNO(mkdir("missing/x", 0755), ENOENT);
  CHECK_ERRNO(mkdir("", 0755), ENOENT);
  write_file("file", "", 0);
  CHECK_ERRNO(mkdir("file/x", 0755), ENOTDIR);
  CHECK_ERRNO(mkdir("file", 0755), EEXIST);
  REQUIRE(symlink("nowhere", "dangling") == 0);
  CHECK_ERRNO(mkdir("dangling", 0755), EEXIST);
  CHECK_EQ(stat("d", &status), 0);
  CHECK_EQ(status.st_nlink, 3);

  CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
  CHECK_ERRNO(rmdir("d/e/."), EINVAL);
  CHECK(rmdir("d/e/..") == -1 && errno == ENOTEMPTY);
  CHECK_ERRNO(rmdir("file"), ENOTDIR);
  CHECK_ERRNO(rmdir("missing"), ENOENT);
  CHECK_ERRNO(unlink("d"), EISDIR);
  CHECK_EQ(rmdir("d/e"), 0);
  CHECK_EQ(stat("d", &status), 0);
  CHECK_EQ(status.st_nlink, 2);
}

static void check_moving(void) {
  char here[PATH_MAX], buffer[PATH_MAX], expected[PATH_MAX + 8];
  struct stat status;
  REQUIRE(getcwd(here, sizeof(here)));
  REQUIRE(mkdir("d/inner", 0755) == 0 && symlink("d/inner", "jump") == 0);
  CHECK_EQ(chdir("jump"), 0);
  snprintf(expected, sizeof(expected), "%s/d/inner", here);
  // The call's count includes the zero byte; it returns the physical path.
  CHECK_EQ(syscall(SYS_getcwd, buffer, sizeof(buffer)), strlen(expected) + 1);
  CHECK(strcmp(buffer, expected) == 0);
  CHECK_ERRNO(syscall(SYS_getcwd, buffer, strlen(expected)), ERANGE);
  CHECK_EQ(syscall(SYS_getcwd, buffer, strlen(expected) + 1), strlen(expected) + 1);
  CHECK_EQ(chdir(".."), 0);
  int fd = open("inner", O_RDONLY | O_DIRECTORY);
  CHECK_EQ(chdir(here), 0);
  CHECK_EQ(fchdir(fd), 0);
  CHECK(getcwd(buffer, sizeof(buffer)) && strcmp(buffer, expected) == 0);

  // The name follows a rename; a removed directory has none.
  CHECK_EQ(rename("../inner", "../other"), 0);
  snprintf(expected, sizeof(expected), "%s/d/other", here);
  CHECK(getcwd(buffer, sizeof(buffer)) && strcmp(buffer, expected) == 0);
  snprintf(expected, sizeof(expected), "%s/d/other", here);
  CHECK_EQ(rmdir(expected), 0);
  CHECK_ERRNO(syscall(SYS_getcwd, buffer, sizeof(buffer)), ENOENT);
  CHECK_EQ(stat(".", &status), 0);
  CHECK_ERRNO(open("new", O_CREAT | O_WRONLY, 0644), ENOENT);
  CHECK_ERRNO(mkdir("new", 0755), ENOENT);
  CHECK_EQ(chdir(here), 0);

  CHECK_ERRNO(chdir("file"), ENOTDIR);
  CHECK_ERRNO(chdir("missing"), ENOENT);
  CHECK_ERRNO(fchdir(-1), EBADF);
  int file = open("file", O_RDONLY);
  CHECK_ERRNO(fchdir(file), ENOTDIR);
  CHECK_EQ(chdir("/"), 0);
  CHECK_EQ(syscall(SYS_getcwd, buffer, sizeof(buffer)), 2);
  CHECK_EQ(chdir("../../.."), 0);
  CHECK(getcwd(buffer, sizeof(buffer)) && strcmp(buffer, "/") == 0);
  CHECK_EQ(chdir(here), 0);
  if (is_root()) return;
  REQUIRE(mkdir("closed", 0) == 0);
  CHECK_ERRNO(chdir("closed"), EACCES);
}

int main(void) {
  enter_scratch();
  check_making();
  check_moving();
  return finish();
}
