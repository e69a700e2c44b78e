// xattr: extended attributes: names, values, flags, lists, who may read and change which. man 7 xattr, man 2 setxattr.
#include <linux/limits.h>
#include <sys/inotify.h>
#include <sys/xattr.h>

#include "processes.h"

#define NOBODY 65534

static char buffer[XATTR_LIST_MAX + 1];

static int has(const char *path, const char *name, const char *value) {
  memset(buffer, 0, sizeof(buffer));
  ssize_t length = getxattr(path, name, buffer, sizeof(buffer));
  return length == (ssize_t)strlen(value) && memcmp(buffer, value, (size_t)length) == 0;
}

// Whether the list of a file has that name.
static int lists(const char *path, const char *name) {
  ssize_t length = listxattr(path, buffer, sizeof(buffer));
  for (ssize_t at = 0; at < length; at += (ssize_t)strlen(buffer + at) + 1)
    if (strcmp(buffer + at, name) == 0) return 1;
  return 0;
}

static void values(void) {
  write_file("file", "text", 4);
  CHECK_ERRNO(getxattr("file", "user.a", buffer, 8), ENODATA);
  CHECK_EQ(setxattr("file", "user.a", "one", 3, 0), 0);
  CHECK(has("file", "user.a", "one"));
  CHECK_EQ(getxattr("file", "user.a", 0, 0), 3);
  CHECK_EQ(getxattr("file", "user.a", buffer, 3), 3);
  CHECK_ERRNO(getxattr("file", "user.a", buffer, 2), ERANGE);
  CHECK_ERRNO(getxattr("file", "user.a", bad_pointers[3], 3), EFAULT);
  CHECK_ERRNO(setxattr("file", "user.a", "two", 3, XATTR_CREATE), EEXIST);
  CHECK_ERRNO(setxattr("file", "user.b", "two", 3, XATTR_REPLACE), ENODATA);
  CHECK_EQ(setxattr("file", "user.a", "other", 5, XATTR_REPLACE), 0);
  CHECK_EQ(setxattr("file", "user.b", "", 0, XATTR_CREATE), 0);
  CHECK(has("file", "user.a", "other") && has("file", "user.b", ""));
  CHECK_EQ(setxattr("file", "user.b", 0, 0, 0), 0);
  CHECK(lists("file", "user.a") && lists("file", "user.b"));
  ssize_t length = listxattr("file", 0, 0);
  CHECK_EQ(listxattr("file", buffer, (size_t)length), length);
  CHECK_ERRNO(listxattr("file", buffer, (size_t)length - 1), ERANGE);
  CHECK_EQ(removexattr("file", "user.b"), 0);
  CHECK_ERRNO(removexattr("file", "user.b"), ENODATA);
  CHECK(!lists("file", "user.b"));
}

static void bad_arguments(void) {
  static char name[XATTR_NAME_MAX + 2];
  memset(name, 'x', sizeof(name) - 1);
  memcpy(name, "user.", 5);
  CHECK_ERRNO(setxattr("file", name, "v", 1, 0), ERANGE);
  CHECK_ERRNO(setxattr("file", "", "v", 1, 0), ERANGE);
  CHECK_ERRNO(getxattr("file", "", buffer, 1), ERANGE);
  CHECK_ERRNO(setxattr("file", bad_pointers[2], "v", 1, 0), EFAULT);
  CHECK_ERRNO(setxattr("file", "user.a", bad_pointers[3], 1, 0), EFAULT);
  CHECK_ERRNO(setxattr("file", "user.a", buffer, XATTR_SIZE_MAX + 1, 0), E2BIG);
  CHECK_ERRNO(setxattr("file", "user.a", "v", 1, 4), EINVAL);
  CHECK_ERRNO(setxattr("file", "user.", "v", 1, 0), EINVAL);
  CHECK_ERRNO(setxattr("file", "other.a", "v", 1, 0), EOPNOTSUPP);
  CHECK_ERRNO(getxattr("file", "other.a", buffer, 1), EOPNOTSUPP);
  CHECK_ERRNO(setxattr("missing", "user.a", "v", 1, 0), ENOENT);
  CHECK_ERRNO(listxattr("missing", buffer, 1), ENOENT);
  CHECK_ERRNO(fsetxattr(-1, "user.a", "v", 1, 0), EBADF);
  CHECK_ERRNO(getxattr("/proc/self/status", "user.a", buffer, 1), EOPNOTSUPP);
}

// All the calls reach the same, and links, fifos and directories are what they are.
static void kinds(void) {
  REQUIRE(symlink("file", "link") == 0 && mkdir("directory", 0755) == 0 && mkfifo("fifo", 0600) == 0);
  int fd = open("file", O_RDONLY), path = open("file", O_PATH);
  REQUIRE(fd >= 0 && path >= 0);
  CHECK_EQ(setxattr("link", "user.by", "link", 4, 0), 0);
  CHECK_EQ(fgetxattr(fd, "user.by", buffer, 4), 4);
  CHECK_EQ(fsetxattr(fd, "user.by", "fd", 2, 0), 0);
  CHECK(has("file", "user.by", "fd"));
  CHECK_EQ(flistxattr(fd, 0, 0), listxattr("file", 0, 0));
  CHECK_ERRNO(fgetxattr(path, "user.by", buffer, 4), EBADF);
  CHECK_EQ(fremovexattr(fd, "user.by"), 0);
  CHECK_ERRNO(lsetxattr("link", "user.by", "v", 1, 0), EPERM);
  CHECK_ERRNO(lgetxattr("link", "user.by", buffer, 1), ENODATA);
  CHECK_EQ(llistxattr("link", buffer, sizeof(buffer)), 0);
  CHECK_ERRNO(setxattr("fifo", "user.by", "v", 1, 0), EPERM);
  CHECK_EQ(setxattr("directory", "user.by", "directory", 9, 0), 0);
  CHECK(has("directory", "user.by", "directory"));
  // They go with the inode, not with the name.
  CHECK_EQ(link("file", "second"), 0);
  CHECK(has("second", "user.a", "other"));
  CHECK_EQ(rename("file", "renamed"), 0);
  CHECK(has("renamed", "user.a", "other"));
  CHECK_EQ(unlink("renamed"), 0);
  CHECK_EQ(fgetxattr(fd, "user.a", buffer, 5), 5);
  CHECK_EQ(rename("second", "file"), 0);
  CHECK_EQ(unlink("file"), 0);
  CHECK_EQ(fgetxattr(fd, "user.a", buffer, 5), 5);
  close(fd), close(path);
}

static void change_times(void) {
  struct stat before, after;
  write_file("file", "text", 4);
  int watch = inotify_init1(IN_NONBLOCK);
  REQUIRE(watch >= 0 && inotify_add_watch(watch, "file", IN_ATTRIB) >= 0);
  REQUIRE(stat("file", &before) == 0);
  sleep_ms(20);
  CHECK_EQ(setxattr("file", "user.a", "v", 1, 0), 0);
  REQUIRE(stat("file", &after) == 0);
  CHECK(after.st_ctim.tv_sec > before.st_ctim.tv_sec || after.st_ctim.tv_nsec > before.st_ctim.tv_nsec);
  CHECK_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  char event[512];
  CHECK_EQ(read(watch, event, sizeof(event)), sizeof(struct inotify_event));
  CHECK_ERRNO(read(watch, event, sizeof(event)), EAGAIN);
  CHECK_EQ(removexattr("file", "user.a"), 0);
  CHECK_EQ(read(watch, event, sizeof(event)), sizeof(struct inotify_event));
  close(watch);
}

// As root: what others may do.
static void rights(void) {
  write_file("file", "text", 4);
  CHECK_EQ(setxattr("file", "user.a", "v", 1, 0), 0);
  CHECK_EQ(setxattr("file", "trusted.a", "v", 1, 0), 0);
  CHECK_EQ(setxattr("file", "security.a", "v", 1, 0), 0);
  CHECK(lists("file", "trusted.a") && lists("file", "security.a"));
  REQUIRE(mkdir("sticky", 0777) == 0 && chmod("sticky", 01777) == 0 && chmod(".", 0755) == 0);
  CHECK_IN_CHILD {
    REQUIRE(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
    CHECK(has("file", "user.a", "v") && has("file", "security.a", "v"));
    CHECK_ERRNO(getxattr("file", "trusted.a", buffer, 1), ENODATA);
    CHECK(lists("file", "user.a") && lists("file", "security.a") && !lists("file", "trusted.a"));
    CHECK_ERRNO(setxattr("file", "user.a", "w", 1, 0), EACCES);
    CHECK_ERRNO(removexattr("file", "user.a"), EACCES);
    CHECK_ERRNO(setxattr("file", "trusted.a", "w", 1, 0), EPERM);
    CHECK_ERRNO(setxattr("file", "security.a", "w", 1, 0), EPERM);
    CHECK_ERRNO(removexattr("file", "security.a"), EPERM);
    CHECK_ERRNO(setxattr("sticky", "user.a", "w", 1, 0), EPERM);
  }
  REQUIRE(chmod("file", 0606) == 0 && chmod("sticky", 0777) == 0);
  CHECK_IN_CHILD {
    REQUIRE(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
    CHECK_EQ(setxattr("file", "user.a", "w", 1, 0), 0);
    CHECK_EQ(setxattr("sticky", "user.a", "w", 1, 0), 0);
  }
  REQUIRE(chmod("file", 0) == 0);
  CHECK_IN_CHILD {
    REQUIRE(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
    CHECK_ERRNO(getxattr("file", "user.a", buffer, 1), EACCES);
    CHECK(has("file", "security.a", "v"));
    CHECK(lists("file", "user.a"));
  }
}

// Whether its file system keeps them at all.
static bool are_kept(void) {
  write_file("probe", "", 0);
  return setxattr("probe", "user.a", "v", 1, 0) == 0 || errno != EOPNOTSUPP;
}

int main(void) {
  limit_time();
  enter_scratch();
  if (!are_kept()) return finish();
  values();
  bad_arguments();
  kinds();
  change_times();
  if (is_root()) rights();
  return finish();
}
