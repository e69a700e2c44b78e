// proc-self: the files of /proc that static programs read. man 5 proc.
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "check.h"

static char text[1 << 16];

int main(void) {
  char path[PATH_MAX], expected[64];
  struct stat a, b;
  ssize_t n = readlink("/proc/self", path, sizeof(path));
  REQUIRE(n > 0);
  path[n] = 0;
  CHECK_EQ(atoi(path), getpid());

  // The program's own path opens the program.
  n = readlink("/proc/self/exe", path, sizeof(path) - 1);
  REQUIRE(n > 0);
  path[n] = 0;
  CHECK_EQ(path[0], '/');
  CHECK_EQ(stat("/proc/self/exe", &a), 0);
  CHECK_EQ(stat(path, &b), 0);
  CHECK_EQ(a.st_ino, b.st_ino);
  int exe = open("/proc/self/exe", O_RDONLY);
  CHECK_EQ(read(exe, text, 4), 4);
  CHECK(memcmp(text, "\177ELF", 4) == 0);

  // Mappings: ours, with protections, in order.
  char *page = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(read_file("/proc/self/maps", text, sizeof(text)) > 0);
  unsigned long start, end, last = 0;
  char permissions[8];
  bool found = false, stack = strstr(text, "[stack]") != 0;
  for (char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : 0) {
    REQUIRE(sscanf(line, "%lx-%lx %4s", &start, &end, permissions) == 3);
    CHECK(start >= last && end > start);
    last = end;
    if (start <= (uintptr_t)page && (uintptr_t)page < end) found = strcmp(permissions, "r--p") == 0;
  }
  CHECK(found && stack);

  CHECK(read_file("/proc/self/status", text, sizeof(text)) > 0);
  snprintf(expected, sizeof(expected), "Pid:\t%d\n", getpid());
  CHECK(strstr(text, expected));
  CHECK(strstr(text, "Name:\tproc-self\n"));
  CHECK(read_file("/proc/self/cmdline", text, sizeof(text)) > 0);
  CHECK(strstr(text, "proc-self"));
  CHECK(read_file("/proc/self/comm", text, sizeof(text)) > 0);
  CHECK(strcmp(text, "proc-self\n") == 0);
  CHECK(read_file("/proc/self/stat", text, sizeof(text)) > 0);
  CHECK_EQ(atoi(text), getpid());

  // Nothing of a process's directory can be set, by anybody.
  CHECK_ERRNO(chown("/proc/self", getuid(), getgid()), EPERM);
  CHECK_ERRNO(chmod("/proc/self", 0700), EPERM);
  CHECK_ERRNO(utimensat(AT_FDCWD, "/proc/self", 0, 0), EPERM);
  CHECK_EQ(chown("/proc/self", -1, -1), 0);

  // Descriptors.
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
  n = readlink(path, text, 100);
  CHECK(n > 6 && memcmp(text, "pipe:[", 6) == 0);
  CHECK_EQ(access("/proc/self/fd/999", F_OK), -1);

  CHECK(read_file("/proc/meminfo", text, sizeof(text)) > 0);
  CHECK(strstr(text, "MemTotal:"));
  CHECK(read_file("/proc/cpuinfo", text, sizeof(text)) > 0);
  CHECK(strstr(text, "processor"));
  return finish();
}
