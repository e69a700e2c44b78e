// link-rights: which descriptors may get a name again, and which files of others a further one. man 2 linkat, proc_sys_fs.
#include "processes.h"

static int link_empty(int fd, const char *name) {
  return linkat(fd, "", AT_FDCWD, name, AT_EMPTY_PATH);
}

// A descriptor becomes a name again for the credentials that opened it (Linux 6.10), and for CAP_DAC_READ_SEARCH.
static void check_descriptors(void) {
  struct stat status;
  REQUIRE(chmod(".", 0777) == 0);
  write_file("readable", "", 0);
  int before = open("readable", O_RDONLY), pipes[2];
  REQUIRE(pipe(pipes) == 0);
  CHECK_IN_CHILD {
    if (is_root()) become_lone_user();
    CHECK_ERRNO(link_empty(before, "handed-over"), ENOENT);
    if (!is_since(6, 10)) _exit(finish());
    int own = open("own", O_CREAT | O_RDWR, 0600), path = open("own", O_PATH),
        unnamed = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK_EQ(link_empty(own, "own-2"), 0);
    CHECK_EQ(link_empty(path, "own-3"), 0);
    CHECK_EQ(fstat(own, &status), 0);
    CHECK_EQ(status.st_nlink, 3);
    // Not every file system has files without a name.
    if (unnamed >= 0) CHECK_EQ(link_empty(unnamed, "named"), 0);
    CHECK_ERRNO(link_empty(AT_FDCWD, "directory"), EPERM);
    CHECK_ERRNO(link_empty(-1, "nothing"), EBADF);
    REQUIRE(pipe(pipes) == 0);
    CHECK_ERRNO(link_empty(pipes[0], "pipe"), EXDEV);
    // A child has equal ones, and not the same; and the same user may have other ones.
    pid_t child;
    IN_CHILD(child) CHECK_ERRNO(link_empty(own, "child"), ENOENT);
    CHECK_EQ(ended(child), 0);
    REQUIRE(setgid(getgid()) == 0);
    CHECK_ERRNO(link_empty(own, "later"), ENOENT);
  }
  close(before);
}

// fs.protected_hardlinks: others' files only if they can be read and written, and run as nobody else (man 5 proc_sys_fs).
static void check_protected(void) {
  static const struct {
    const char *name;
    mode_t mode;
    int error;
  } files[] = {{"private", 0600, EPERM},    {"read-only", 0644, EPERM},
               {"shared", 0666, 0},         {"set-user", 04777, EPERM},
               {"set-group", 02777, EPERM}, {"mandatory-lock", 02666, 0}};
  char setting[4] = "", name[32];
  if (read_file("/proc/sys/fs/protected_hardlinks", setting, sizeof(setting)) <= 0 ||
      setting[0] != '1' || !is_root())
    return;
  for (size_t i = 0; i < COUNT(files); i++) {
    write_file(files[i].name, "", 0);
    REQUIRE(chmod(files[i].name, files[i].mode) == 0);
  }
  REQUIRE(mkfifo("shared-fifo", 0600) == 0 && chmod("shared-fifo", 0666) == 0 &&
          symlink("shared", "to-shared") == 0);
  CHECK_IN_CHILD {
    become_lone_user();
    for (size_t i = 0; i < COUNT(files); i++) {
      snprintf(name, sizeof(name), "%s-2", files[i].name);
      if (files[i].error == 0)
        CHECK_EQ(link(files[i].name, name), 0);
      else
        CHECK_ERRNO(link(files[i].name, name), files[i].error);
    }
    CHECK_ERRNO(link("shared-fifo", "fifo-2"), EPERM);
    CHECK_ERRNO(link("to-shared", "link-2"), EPERM);
    write_file("mine", "", 0);
    CHECK_EQ(chmod("mine", 04600), 0);
    CHECK_EQ(link("mine", "mine-2"), 0);
  }
}

int main(void) {
  limit_time();
  enter_scratch();
  check_descriptors();
  check_protected();
  return finish();
}
