// getdents: every entry once, with its type, whatever the buffer's size and what is removed meanwhile. man 2 getdents64.
// not in CI's beds: emulation makes it slow
#include <dirent.h>

#include "check.h"

#define FILES 500

struct record {
  uint64_t inode;
  int64_t next;
  unsigned short length;
  unsigned char type;
  char name[];
};

static unsigned char seen[FILES];

// Lists the directory through a buffer of that size; returns the number of entries apart from . and ..
static int list(size_t size, bool removes) {
  char buffer[8192], path[300];
  int fd = open("dir", O_RDONLY | O_DIRECTORY), entries = 0, dots = 0;
  long n;
  REQUIRE(fd >= 0);
  memset(seen, 0, sizeof(seen));
  while ((n = syscall(SYS_getdents64, fd, buffer, size)) > 0) {
    for (long at = 0; at < n;) {
      struct record *entry = (struct record *)(buffer + at);
      REQUIRE(entry->length >= 24 && entry->length % 8 == 0 && at + entry->length <= n);
      at += entry->length;
      if (entry->name[0] == '.') {
        CHECK(entry->type == DT_DIR);
        dots++;
        continue;
      }
      int number = atoi(entry->name + 1);
      REQUIRE(number >= 0 && number < FILES);
      if (seen[number]++) fail(__FILE__, __LINE__, "an entry is listed once", number, 0);
      if (entry->type != DT_REG) fail(__FILE__, __LINE__, "type", entry->type, 0);
      entries++;
      snprintf(path, sizeof(path), "dir/%s", entry->name);
      if (removes) CHECK_EQ(unlink(path), 0);
    }
  }
  CHECK_EQ(n, 0);
  CHECK_EQ(dots, 2);
  close(fd);
  return entries;
}

int main(void) {
  char path[300], buffer[1024];
  enter_scratch();
  REQUIRE(mkdir("dir", 0755) == 0);
  for (int i = 0; i < FILES; i++) {
    snprintf(path, sizeof(path), "dir/f%d-%0*d", i, i % 100 + 1, i);
    write_file(path, "", 0);
  }
  CHECK_EQ(list(8192, false), FILES);
  CHECK_EQ(list(600, false), FILES);
  CHECK_EQ(list(160, false), FILES);

  // Types and inode numbers agree with lstat.
  struct stat status;
  REQUIRE(mkdir("kinds", 0755) == 0 && symlink("x", "kinds/link") == 0 && mkfifo("kinds/fifo", 0600) == 0);
  DIR *dir = opendir("kinds");
  REQUIRE(dir);
  for (struct dirent *entry; (entry = readdir(dir));) {
    REQUIRE(fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0);
    if (entry->d_type != DT_UNKNOWN) CHECK_EQ(entry->d_type, IFTODT(status.st_mode));
    if (strcmp(entry->d_name, "..") != 0) CHECK_EQ(entry->d_ino, status.st_ino);
  }
  // Entries added afterwards show after a rewind.
  write_file("kinds/late", "", 0);
  rewinddir(dir);
  bool late = false;
  for (struct dirent *entry; (entry = readdir(dir));) late |= strcmp(entry->d_name, "late") == 0;
  CHECK(late);
  closedir(dir);

  int fd = open("dir", O_RDONLY);
  CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, 8), EINVAL);
  CHECK_ERRNO(syscall(SYS_getdents64, fd, (void *)8, 1024), EFAULT);
  int file = open("kinds/late", O_RDONLY);
  CHECK_ERRNO(syscall(SYS_getdents64, file, buffer, 1024), ENOTDIR);
  CHECK_ERRNO(syscall(SYS_getdents64, -1, buffer, 1024), EBADF);
  CHECK_ERRNO(read(fd, buffer, 10), EISDIR);

  // As rm -r does it: removing while listing skips nothing.
  CHECK_EQ(list(700, true), FILES);
  CHECK_EQ(rmdir("dir"), 0);
  return finish();
}
