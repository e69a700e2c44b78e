// getdents-edges: buffers that end early, counts beyond int, the end of a directory. man 2 getdents64.
// not in CI's beds: emulation makes it slow
#include <dirent.h>

#include "check.h"

#define FILES 40

struct record {
  uint64_t inode;
  int64_t next;
  unsigned short length;
  unsigned char type;
  char name[];
};

static int seen[FILES];

// Counts the entries of a filled buffer; every one is whole and new.
static int count(const char *buffer, long filled) {
  int entries = 0;
  for (long at = 0; at < filled; entries++) {
    const struct record *entry = (const struct record *)(buffer + at);
    REQUIRE(entry->length >= 24 && at + entry->length <= filled);
    at += entry->length;
    if (entry->name[0] != 'f') continue;
    int number = atoi(entry->name + 1);
    REQUIRE(number >= 0 && number < FILES);
    CHECK_EQ(seen[number]++, 0);
  }
  return entries;
}

static long entries_of(int fd, void *buffer, size_t size) { return syscall(SYS_getdents64, fd, buffer, size); }

int main(void) {
  char name[32];
  static char rest[65536];
  enter_scratch();
  REQUIRE(mkdir("dir", 0755) == 0);
  for (int i = 0; i < FILES; i++) {
    snprintf(name, sizeof(name), "dir/f%d", i);
    write_file(name, "", 0);
  }
  int fd = open("dir", O_RDONLY | O_DIRECTORY);
  REQUIRE(fd >= 0);

  // The tail of the buffer is not mapped: the entries that fit before it are returned, and the rest come next.
  char *end = at_page_end(300, 0);
  long filled = entries_of(fd, end, 8192);
  CHECK(filled > 100 && filled <= 300);
  int entries = count(end, filled);
  // The first record does not fit before it.
  CHECK_ERRNO(entries_of(fd, at_page_end(10, 0), 8192), EFAULT);
  filled = entries_of(fd, rest, sizeof(rest));
  CHECK(filled > 0);
  entries += count(rest, filled);
  CHECK_EQ(entries, FILES + 2);
  CHECK_EQ(entries_of(fd, rest, sizeof(rest)), 0);

  // When nothing is left, the buffer is not touched.
  CHECK_EQ(entries_of(fd, NULL, 8192), 0);
  CHECK_EQ(entries_of(fd, rest, 0), 0);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  CHECK_ERRNO(entries_of(fd, NULL, 8192), EFAULT);
  CHECK_ERRNO(entries_of(fd, read_only_page(), 4096), EFAULT);
  CHECK_ERRNO(entries_of(fd, rest, 0), EINVAL);
  CHECK_ERRNO(entries_of(fd, rest, 23), EINVAL);
  CHECK_ERRNO(entries_of(fd, NULL, 0), EINVAL);
  CHECK_EQ(entries_of(fd, rest, 24), 24);

  // The count is an unsigned int; above INT_MAX it counts as no room.
  memset(seen, 0, sizeof(seen));
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  CHECK_ERRNO(entries_of(fd, rest, 0x80000000u), EINVAL);
  CHECK_ERRNO(entries_of(fd, rest, 0xffffffffu), EINVAL);
  CHECK_ERRNO(entries_of(fd, rest, (size_t)1 << 40), EINVAL);
  filled = entries_of(fd, rest, 0x7fffffffu);
  CHECK(filled > 0 && count(rest, filled) > 0);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  memset(seen, 0, sizeof(seen));
  filled = entries_of(fd, rest, ((size_t)1 << 40) + 8192);
  CHECK(filled > 0 && count(rest, filled) > 0);

  // Where the file system knows an end, nothing comes after it.
  if (lseek(fd, 0, SEEK_END) >= 0) CHECK_EQ(entries_of(fd, rest, sizeof(rest)), 0);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  int proc = open("/proc/self", O_RDONLY | O_DIRECTORY);
  CHECK_EQ(lseek(proc, 0, SEEK_END), 0);
  CHECK_ERRNO(lseek(proc, -1, SEEK_END), EINVAL);
  CHECK(entries_of(proc, rest, sizeof(rest)) > 0);
  close(proc);
  CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);

  // A directory that was removed.
  REQUIRE(mkdir("gone", 0755) == 0);
  int gone = open("gone", O_RDONLY | O_DIRECTORY);
  REQUIRE(rmdir("gone") == 0);
  CHECK_ERRNO(entries_of(gone, rest, sizeof(rest)), ENOENT);
  CHECK_ERRNO(entries_of(gone, NULL, 0), ENOENT);
  close(gone), close(fd);
  return finish();
}
