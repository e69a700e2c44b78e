// affinity: how many CPUs there are, the same everywhere, and which thread runs on which. man 2 sched_setaffinity, getcpu, man 3 sysconf.
// not in CI's beds: emulation makes it slow
#include <dirent.h>
#include <sched.h>

#include "threads.h"

static char text[1 << 20];

// How many numbers "0-3,5" names; -1 if the file is not there.
static int count_list(const char *path) {
  int count = 0;
  if (read_file(path, text, sizeof(text)) < 0) return -1;
  for (char *at = text; *at && *at != '\n';) {
    long from = strtol(at, &at, 10), to = from;
    if (*at == '-') to = strtol(at + 1, &at, 10);
    count += (int)(to - from + 1);
    if (*at == ',') at++;
  }
  return count;
}

static int count_lines(const char *path, const char *start, bool with_digit) {
  int count = 0;
  REQUIRE(read_file(path, text, sizeof(text)) > 0);
  for (char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : 0)
    if (strncmp(line, start, strlen(start)) == 0)
      count += !with_digit || (line[strlen(start)] >= '0' && line[strlen(start)] <= '9');
  return count;
}

static int count_directories(void) {
  int count = 0, number;
  char rest;
  DIR *directory = opendir("/sys/devices/system/cpu");
  REQUIRE(directory);
  for (struct dirent *entry; (entry = readdir(directory));) count += sscanf(entry->d_name, "cpu%d%c", &number, &rest) == 1;
  closedir(directory);
  return count;
}

static cpu_set_t all;

static void check_numbers(void) {
  int online = count_list("/sys/devices/system/cpu/online");
  CHECK(online >= 1);
  CHECK_EQ(sysconf(_SC_NPROCESSORS_ONLN), online);
  CHECK_EQ(count_lines("/proc/cpuinfo", "processor\t", false), online);
  CHECK_EQ(count_lines("/proc/stat", "cpu", true), online);
  CHECK(count_list("/sys/devices/system/cpu/present") >= online);
  CHECK(count_list("/sys/devices/system/cpu/possible") >= online);
  CHECK_EQ(sysconf(_SC_NPROCESSORS_CONF), count_directories());
  CHECK(count_directories() >= online);

  // What the process may use after it asked for all: that many, unless a control group has fewer.
  memset(&all, 0xff, sizeof(all));
  CHECK_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
  CHECK_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
  int group = count_list("/sys/fs/cgroup/cpuset.cpus.effective");
  CHECK_EQ(CPU_COUNT(&all), group > 0 && group < online ? group : online);
  REQUIRE(read_file("/proc/self/status", text, sizeof(text)) > 0);
  char *list = strstr(text, "\nCpus_allowed_list:\t"), path[] = "list";
  CHECK(list);
  if (!list) return;
  list += strlen("\nCpus_allowed_list:\t");
  write_file(path, list, strcspn(list, "\n"));
  CHECK_EQ(count_list(path), CPU_COUNT(&all));
}

// On each CPU in turn: every call then says that it is there.
static void check_each(void) {
  cpu_set_t one;
  unsigned cpu, node;
  for (int i = 0; i < CPU_SETSIZE; i++) {
    if (!CPU_ISSET(i, &all)) continue;
    one = only(i);
    CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    CHECK_EQ(syscall(SYS_getcpu, &cpu, &node, 0), 0);
    CHECK_EQ(cpu, i);
    CHECK_EQ(sched_getcpu(), i);
    cpu_set_t told;
    CHECK_EQ(sched_getaffinity(0, sizeof(told), &told), 0);
    CHECK(CPU_EQUAL(&told, &one));
    // A child runs where its parent may run.
    CHECK_IN_CHILD CHECK(sched_getcpu() == i && sched_getaffinity(0, sizeof(told), &told) == 0 && CPU_EQUAL(&told, &one));
  }
  CHECK_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

static void *narrow(void *argument) {
  cpu_set_t one = only(sched_getcpu());
  CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  return argument;
}

// A thread's mask is its own; one process sets another's.
static void check_whose(void) {
  cpu_set_t told, one;
  join(start(narrow, 0));
  CHECK(sched_getaffinity(0, sizeof(told), &told) == 0 && CPU_EQUAL(&told, &all));
  pid_t child = CHILD(for (;;) pause());
  int first = 0;
  while (!CPU_ISSET(first, &all)) first++;
  one = only(first);
  CHECK_EQ(sched_setaffinity(child, sizeof(one), &one), 0);
  CHECK(sched_getaffinity(child, sizeof(told), &told) == 0 && CPU_EQUAL(&told, &one));
  if (is_root()) CHECK_IN_CHILD {
      become_lone_user();
      CHECK_ERRNO(sched_setaffinity(child, sizeof(one), &one), EPERM);
      CHECK_EQ(sched_getaffinity(child, sizeof(told), &told), 0);
    }
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
}

static void check_errors(void) {
  cpu_set_t none;
  CPU_ZERO(&none);
  CHECK_ERRNO(sched_setaffinity(0, sizeof(none), &none), EINVAL);
  CPU_SET(CPU_SETSIZE - 1, &none);
  CHECK_ERRNO(sched_setaffinity(0, sizeof(none), &none), EINVAL);
  CHECK_ERRNO(sched_setaffinity(0x3fffffff, sizeof(all), &all), ESRCH);
  CHECK_ERRNO(sched_setaffinity(-1, sizeof(all), &all), ESRCH);
  CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0, sizeof(all), (void *)8), EFAULT);
  CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, sizeof(all), (void *)8), EFAULT);
  CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0x3fffffff, sizeof(all), &all), ESRCH);
  // The kernel's length: whole words, enough for the CPUs it knows; the call returns how many bytes it wrote.
  CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 0, &none), EINVAL);
  CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 9, &none), EINVAL);
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(none), &none);
  CHECK(bytes >= 8 && bytes % 8 == 0 && bytes <= (long)sizeof(none));
  CHECK_EQ(syscall(SYS_getcpu, 0, 0, 0), 0);
  CHECK_ERRNO(syscall(SYS_getcpu, (void *)8, 0, 0), EFAULT);
}

int main(void) {
  limit_time();
  enter_scratch();
  check_numbers();
  check_each();
  check_whose();
  check_errors();
  return finish();
}
