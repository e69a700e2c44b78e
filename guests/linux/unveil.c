// unveil: a path that is not unveiled does not exist, whichever way leads to it. OpenBSD's man 2 unveil.
#include <dirent.h>
#include <sys/xattr.h>

#include "pledge.h"

static char base[] = "/tmp/unveil-XXXXXX";

static void make_tree(void) {
  REQUIRE(mkdtemp(base) && chdir(base) == 0);
  REQUIRE(mkdir("seen", 0755) == 0 && mkdir("seen/deep", 0755) == 0 && mkdir("hidden", 0755) == 0);
  REQUIRE(mkdir("hidden/room", 0755) == 0);
  write_file("seen/file", "seen", 4);
  write_file("seen/deep/file", "deep", 4);
  write_file("hidden/file", "hidden", 6);
  write_file("plain", "plain", 5);
  REQUIRE(symlink("../hidden/file", "seen/link") == 0);
  REQUIRE(symlink("seen", "way") == 0);
  REQUIRE(symlink("hidden", "away") == 0);
}

static bool opens(const char *path, int flags) {
  int fd = open(path, flags, 0600);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static void check_arguments(void) {
  CHECK_ERRNO(unveil("seen", "rq"), EINVAL);
  CHECK_ERRNO(unveil("none/none", "r"), ENOENT);
  CHECK_ERRNO(unveil((void *)1, "r"), EFAULT);
  CHECK_ERRNO(unveil("seen", NULL), EFAULT);
}

static void check_seen(void) {
  CHECK(opens("seen/file", O_RDONLY));
  CHECK(opens("way/file", O_RDONLY));
  CHECK(opens("seen", O_RDONLY | O_DIRECTORY));
  CHECK_ERRNO(open("seen/file", O_RDWR), EACCES);
  CHECK_ERRNO(open("seen/new", O_RDONLY | O_CREAT, 0600), EACCES);
  CHECK_ERRNO(open("seen/none", O_RDONLY), ENOENT);
  CHECK_ERRNO(mkdir("seen/new", 0700), EACCES);
  CHECK_ERRNO(unlink("seen/file"), EACCES);
  CHECK_ERRNO(chmod("seen/file", 0600), EACCES);
  CHECK_ERRNO(setxattr("seen/file", "user.a", "v", 1, 0), EACCES);
  CHECK_ERRNO(removexattr("seen/file", "user.a"), EACCES);
  CHECK_ERRNO(truncate("seen/file", 0), EACCES);
  // The nearest entry decides.
  CHECK(opens("seen/deep/file", O_RDWR));
  CHECK(opens("seen/deep/new", O_RDWR | O_CREAT));
  CHECK_EQ(unlink("seen/deep/new"), 0);
}

static void check_name(void) {
  CHECK_ERRNO(open("new", O_RDWR), ENOENT);
  for (int i = 0; i < 2; i++) {
    CHECK(opens("new", O_RDWR | O_CREAT | O_EXCL));
    CHECK_EQ(rename("new", "seen/deep/moved"), 0);
    CHECK_EQ(unlink("seen/deep/moved"), 0);
  }
  CHECK_ERRNO(rename("seen/deep/file", "other"), ENOENT);
  CHECK_ERRNO(open("other", O_RDWR | O_CREAT, 0600), ENOENT);
}

static void check_hidden(int directory, int file) {
  struct stat status;
  char byte;
  CHECK_ERRNO(open("hidden/file", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("plain", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("plain/", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("plain/none", O_RDONLY), ENOENT);
  CHECK_ERRNO(stat("hidden", &status), ENOENT);
  CHECK_ERRNO(lstat("hidden/file", &status), ENOENT);
  CHECK_ERRNO(access("hidden/room", F_OK), ENOENT);
  CHECK_ERRNO(chdir("hidden"), ENOENT);
  CHECK_ERRNO(rmdir("hidden/room"), ENOENT);
  CHECK_ERRNO(link("hidden/file", "seen/deep/link"), ENOENT);
  CHECK_ERRNO(rename("hidden", "seen/deep/hidden"), ENOENT);
  // Through links, "..", a descriptor, from inside, and /proc.
  CHECK_ERRNO(open("seen/link", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("away/file", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("seen/../hidden/file", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("seen/deep/../../hidden/file", O_RDONLY), ENOENT);
  CHECK_ERRNO(openat(directory, "file", O_RDONLY), ENOENT);
  CHECK_ERRNO(fstatat(directory, "room", &status, 0), ENOENT);
  CHECK_ERRNO(openat(directory, "../hidden/file", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("/proc/self/exe", O_RDONLY), ENOENT);
  REQUIRE(symlink("../../hidden/file", "seen/deep/made") == 0);
  CHECK_ERRNO(open("seen/deep/made", O_RDONLY), ENOENT);
  // Open files stay usable.
  CHECK_EQ(read(file, &byte, 1), 1);
  CHECK_EQ(fstat(directory, &status), 0);
  REQUIRE(fchdir(directory) == 0);
  CHECK_ERRNO(open("file", O_RDONLY), ENOENT);
  CHECK_ERRNO(stat(".", &status), ENOENT);
}

// The directories on the way to an unveiled path can be looked at: realpath(3) needs that.
static void check_way(void) {
  struct stat status;
  char text[256];
  CHECK_EQ(stat("/", &status), 0);
  CHECK_EQ(stat(base, &status), 0);
  CHECK_ERRNO(readlink("/tmp", text, sizeof(text)), EINVAL);
  CHECK_ERRNO(open(base, O_RDONLY | O_DIRECTORY), ENOENT);
  CHECK(opendir("/") == NULL && errno == ENOENT);
}

static bool opens_fd(int fd, const char *rest) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d%s", fd, rest);
  return opens(path, O_RDONLY);
}

// A descriptor's name in /proc is a way to its file, and so no way to a hidden one.
static void check_proc(int directory, int file) {
  int pipe_fds[2];
  REQUIRE(pipe(pipe_fds) == 0);
  CHECK(!opens_fd(file, "") && errno == ENOENT);
  CHECK(!opens_fd(directory, "/file") && errno == ENOENT);
  CHECK(opens_fd(pipe_fds[0], ""));
  CHECK(!opens("/proc/self/cwd/hidden/file", O_RDONLY) && errno == ENOENT);
  CHECK(!opens("/proc/self/root/tmp", O_RDONLY) && errno == ENOENT);
  CHECK(opens("/proc/self/status", O_RDONLY));
}

int main(void) {
  if (!is_hv()) {
    CHECK_ERRNO(unveil("/tmp", "r"), ENOSYS);
    return finish();
  }
  make_tree();
  int directory = open("hidden", O_RDONLY | O_DIRECTORY);
  int file = open("hidden/file", O_RDONLY);
  int top = open(base, O_RDONLY | O_DIRECTORY);
  REQUIRE(directory >= 0 && file >= 0 && top >= 0);
  check_arguments();

  CHECK_EQ(unveil("seen", "r"), 0);
  CHECK_EQ(unveil("seen/deep", "rwc"), 0);
  CHECK_EQ(unveil("new", "rwc"), 0);
  CHECK_ERRNO(unveil("seen", "rw"), EPERM);
  check_seen();
  check_name();
  check_way();
  check_hidden(directory, file);

  REQUIRE(fchdir(top) == 0);
  CHECK_EQ(unveil("plain", "r"), 0);
  CHECK(opens("plain", O_RDONLY));
  CHECK_EQ(unveil("/proc", "r"), 0);
  check_proc(directory, file);
  CHECK_EQ(unveil(NULL, NULL), 0);
  CHECK_ERRNO(unveil("hidden", "r"), EPERM);
  CHECK_ERRNO(open("hidden/file", O_RDONLY), ENOENT);
  return finish();
}
