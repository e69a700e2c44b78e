// text-busy: a file open for writing is not executed, and an executed file is not written: ETXTBSY. man 2 execve, open, truncate.
// not in CI's beds: emulation makes it slow
#include <linux/limits.h>

#include "processes.h"

static char self[PATH_MAX];
static struct stat whole;

#define CHECK_BUSY(path) CHECK_ERRNO(execve(path, (char *[]){"name", 0}, (char *[]){"MODE=0", 0}), ETXTBSY)

static int status_of(const char *path) { return ended(CHILD(CHECK_EQ(execl(path, "name", NULL), 0))); }

static void copy_self(const char *path) {
  char buffer[1 << 16];
  int from = open(self, O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  REQUIRE(from >= 0 && to >= 0);
  for (ssize_t n; (n = read(from, buffer, sizeof(buffer))) > 0;) REQUIRE(write(to, buffer, n) == n);
  close(from), close(to);
}

// Starts the program `path`, which runs until the gate opens, and waits until it says that it runs.
static pid_t start_program(const char *path, struct gate begun, struct gate end) {
  char words[2][16];
  snprintf(words[0], sizeof(words[0]), "%d", begun.fds[1]);
  snprintf(words[1], sizeof(words[1]), "%d", end.fds[0]);
  pid_t pid = start_child();
  if (pid == 0) {
    close(end.fds[1]);
    execl(path, "wait", words[0], words[1], NULL);
    _exit(99);
  }
  pass_gate(begun);
  return pid;
}

static int wait_for_gate(char **argv) {
  char byte;
  limit_time();
  if (write(atoi(argv[1]), "", 1) != 1) return 1;
  return read(atoi(argv[2]), &byte, 1) == 1 ? 0 : 2;
}

static void check_written(void) {
  copy_self("program");
  CHECK_EQ(status_of("./program"), 0);
  int flags[] = {O_WRONLY, O_RDWR, O_WRONLY | O_APPEND};
  for (size_t i = 0; i < COUNT(flags); i++) {
    int fd = open("program", flags[i]), other = dup(fd);
    CHECK_BUSY("./program");
    close(fd);
    CHECK_BUSY("./program");
    close(other);
    CHECK_EQ(status_of("./program"), 0);
  }
  // Reading and naming are not writing.
  int fd = open("program", O_RDONLY), name = open("program", O_PATH);
  CHECK_EQ(status_of("./program"), 0);
  close(fd), close(name);
  // Another name of the file; another file.
  CHECK_EQ(link("program", "second"), 0);
  copy_self("another");
  fd = open("second", O_WRONLY);
  CHECK_BUSY("./program");
  CHECK_EQ(status_of("./another"), 0);
  CHECK_ERRNO(execveat(open(".", O_PATH | O_CLOEXEC), "program", (char *[]){"x", 0}, environ, 0), ETXTBSY);
  close(fd);
  // Permissions are checked first.
  fd = open("second", O_WRONLY);
  CHECK_EQ(fchmod(fd, 0644), 0);
  CHECK_ERRNO(execl("./program", "x", NULL), EACCES);
  CHECK_EQ(fchmod(fd, 0755), 0);
  close(fd);
}

// A mapping through which a file can be written keeps it open; a child's descriptors count.
static void check_kept_open(void) {
  int fd = open("program", O_RDWR);
  void *page = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(page != MAP_FAILED);
  close(fd);
  CHECK_BUSY("./program");
  CHECK_EQ(munmap(page, PAGE), 0);
  CHECK_EQ(status_of("./program"), 0);

  struct gate end = new_gate();
  fd = open("program", O_WRONLY);
  pid_t child;
  IN_CHILD(child) pass_gate(end);
  close(fd);
  CHECK_BUSY("./program");
  open_gate(end);
  CHECK_EQ(ended(child), 0);
  CHECK_EQ(status_of("./program"), 0);
  remove_gate(end);
}

static void check_cannot_write(const char *path) {
  struct stat now;
  CHECK_ERRNO(open(path, O_WRONLY), ETXTBSY);
  CHECK_ERRNO(open(path, O_RDWR | O_APPEND), ETXTBSY);
  CHECK_ERRNO(open(path, O_WRONLY | O_TRUNC), ETXTBSY);
  CHECK_ERRNO(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755), ETXTBSY);
  CHECK_ERRNO(truncate(path, 0), ETXTBSY);
  CHECK(stat(path, &now) == 0 && now.st_size == whole.st_size);
  int fd = open(path, O_RDONLY);
  CHECK(fd >= 0);
  close(fd);
}

static void check_executed(void) {
  struct gate begun = new_gate(), end = new_gate(), last = new_gate();
  pid_t first = start_program("./program", begun, end);
  check_cannot_write("program");
  check_cannot_write("second");
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/exe", first);
  CHECK_ERRNO(open(path, O_WRONLY), ETXTBSY);
  CHECK_EQ(chmod("program", 0700), 0);
  CHECK_EQ(rename("program", "renamed"), 0);
  check_cannot_write("renamed");
  pid_t other = start_program("./renamed", begun, last);
  open_gate(end);
  CHECK_EQ(ended(first), 0);
  check_cannot_write("renamed");
  open_gate(last);
  CHECK_EQ(ended(other), 0);
  int fd = open("renamed", O_WRONLY);
  CHECK(fd >= 0);
  close(fd);
  CHECK_EQ(rename("renamed", "program"), 0);
  remove_gate(begun), remove_gate(end), remove_gate(last);
}

// A forked process runs its parent's program, until it executes another.
static void check_forked(void) {
  CHECK_IN_CHILD {
    struct gate begun = new_gate(), end = new_gate();
    CHECK_EQ(unlink("another"), 0);
    copy_self("another");
    char words[2][16];
    snprintf(words[0], sizeof(words[0]), "%d", begun.fds[1]);
    snprintf(words[1], sizeof(words[1]), "%d", end.fds[0]);
    pid_t pid = start_child();
    if (pid == 0) execl("./another", "fork", words[0], words[1], NULL), _exit(99);
    // Its child still runs the program; it itself has ended.
    pass_gate(begun);
    CHECK_EQ(ended(pid), 0);
    CHECK_ERRNO(open("another", O_WRONLY), ETXTBSY);
    open_gate(end);
    int fd = -1;
    CHECK(EVENTUALLY((fd = open("another", O_WRONLY)) >= 0));
    close(fd);
  }
}

static int fork_and_end(char **argv) { return fork() == 0 ? wait_for_gate(argv) : 0; }

// For a script, the interpreter is what runs: the script is checked like any program, and is free afterwards.
static void check_script(void) {
  char text[PATH_MAX + 16];
  snprintf(text, sizeof(text), "#!%s\n", self);
  write_file("script", text, strlen(text));
  CHECK_EQ(chmod("script", 0755), 0);
  int fd = open("script", O_WRONLY);
  CHECK_BUSY("./script");
  close(fd);
  CHECK_EQ(status_of("./script"), 0);
  snprintf(text, sizeof(text), "#!program\n");
  write_file("script", text, strlen(text));
  fd = open("program", O_WRONLY);
  CHECK_BUSY("./script");
  close(fd);
}

static void check_memfd(void) {
  int fd = memfd_create("program", MFD_CLOEXEC), from = open(self, O_RDONLY);
  char buffer[1 << 16], path[32], *words[] = {"name", 0};
  for (ssize_t n; (n = read(from, buffer, sizeof(buffer))) > 0;) REQUIRE(write(fd, buffer, n) == n);
  // What memfd_create opened does not count as open for writing; what open(2) opened does.
  CHECK_EQ(ended(CHILD(fexecve(fd, words, (char *[]){"MODE=7", 0}))), 7);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  CHECK_EQ(ended(CHILD(execve(path, words, (char *[]){"MODE=7", 0}))), 7);
  int reader = open(path, O_RDONLY | O_CLOEXEC), writer = open(path, O_RDWR | O_CLOEXEC);
  CHECK_ERRNO(fexecve(fd, words, environ), ETXTBSY);
  CHECK_ERRNO(fexecve(reader, words, environ), ETXTBSY);
  close(fd), close(writer);
  CHECK_IN_CHILD CHECK_EQ(fexecve(reader, words, environ), 0);
  close(reader), close(from);
}

int main(int argc, char **argv) {
  if (argc == 3) return strcmp(argv[0], "fork") == 0 ? fork_and_end(argv) : wait_for_gate(argv);
  if (getenv("MODE")) return atoi(getenv("MODE"));
  limit_time();
  setenv("MODE", "0", 1);
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  REQUIRE(stat(self, &whole) == 0);
  enter_scratch();
  check_written();
  check_kept_open();
  check_executed();
  check_forked();
  check_script();
  check_memfd();
  return finish();
}
