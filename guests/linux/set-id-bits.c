// set-id-bits: each change of a file by an ordinary user takes its set-user-ID and set-group-ID away. man 7 inode, man 2 write.
#include <grp.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "check.h"

#define CONTENT "content"
#define LENGTH ((off_t)sizeof(CONTENT))

// From here on without capabilities, as nobody in particular; `group` is the only one.
static void drop_root(gid_t group) {
  if (is_root()) REQUIRE(setegid(group) == 0 && seteuid(65534) == 0);
}

static void regain_root(void) {
  if (getuid() == 0) REQUIRE(seteuid(0) == 0 && setegid(0) == 0);
}

static int fd, source, ends[2];

static long by_write(void) { return write(fd, CONTENT, LENGTH); }
static long by_pwrite(void) { return pwrite(fd, CONTENT, LENGTH, 0); }
static long by_writev(void) {
  struct iovec parts[] = {{CONTENT, 3}, {CONTENT, LENGTH - 3}};
  return writev(fd, parts, 2);
}
static long by_sendfile(void) {
  off_t start = 0;
  return sendfile(fd, source, &start, LENGTH);
}
static long by_copy(void) {
  off_t start = 0;
  return copy_file_range(source, &start, fd, 0, LENGTH, 0);
}
static long by_splice(void) {
  REQUIRE(write(ends[1], CONTENT, LENGTH) == LENGTH);
  return splice(ends[0], 0, fd, 0, LENGTH, 0);
}
static long by_ftruncate(void) { return ftruncate(fd, 3) + LENGTH; }
static long by_truncate(void) { return truncate("file", 3) + LENGTH; }
static long by_fallocate(void) { return fallocate(fd, 0, 0, 3) + LENGTH; }
static long by_open(void) { return close(open("file", O_WRONLY | O_TRUNC)) + LENGTH; }

static long (*const changes[])(void) = {
    by_write,  by_pwrite,    by_writev,   by_sendfile,  by_copy,
    by_splice, by_ftruncate, by_truncate, by_fallocate, by_open,
};

// Sets the bits, makes the change as an ordinary user of that group, and tells what is left of the mode.
static int mode_after(long (*change)(void), int mode, gid_t group) {
  REQUIRE(fchmod(fd, (mode_t)mode) == 0);
  drop_root(group);
  CHECK_EQ(change(), LENGTH);
  regain_root();
  struct stat status;
  REQUIRE(fstat(fd, &status) == 0);
  return (int)(status.st_mode & 07777);
}

static long write_nothing(void) { return write(fd, CONTENT, 0) + LENGTH; }
static long write_nowhere(void) { return write(fd, (void *)8, LENGTH) + LENGTH + 1; }
static long read_back(void) { return pread(fd, (char[LENGTH]){0}, LENGTH, 0); }

int main(void) {
  bool was_root = is_root();
  enter_scratch();
  REQUIRE(chmod(".", 0755) == 0);
  if (was_root) REQUIRE(setgroups(0, 0) == 0);
  write_file("source", CONTENT, LENGTH);
  fd = open("file", O_RDWR | O_CREAT, 0600);
  source = open("source", O_RDONLY);
  REQUIRE(fd >= 0 && source >= 0 && pipe(ends) == 0);

  // Again and again through the same description, whatever it has already taken away.
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < COUNT(changes); i++) {
      CHECK_EQ(mode_after(changes[i], 06777, getgid()), 0777);
      CHECK_EQ(mode_after(changes[i], 04766, getgid()), 0766);
      // Without the group's execute bit it asks for mandatory locks, and is kept for members.
      CHECK_EQ(mode_after(changes[i], 02766, getgid()), 02766);
      if (was_root) CHECK_EQ(mode_after(changes[i], 02766, 65533), 0766);
    }
  }
  CHECK_EQ(mode_after(write_nothing, 06777, getgid()), 06777);
  CHECK_EQ(mode_after(write_nowhere, 06777, getgid()), 0777);
  CHECK_EQ(pwrite(fd, CONTENT, LENGTH, 0), LENGTH);
  CHECK_EQ(mode_after(read_back, 06777, getgid()), 06777);

  // Who has CAP_FSETID changes nothing else.
  if (was_root) {
    REQUIRE(fchmod(fd, 06777) == 0);
    for (size_t i = 0; i < COUNT(changes); i++) CHECK_EQ(changes[i](), LENGTH);
    struct stat status;
    CHECK_EQ(fstat(fd, &status), 0);
    CHECK_EQ(status.st_mode & 07777, 06777);
  }
  return finish();
}
