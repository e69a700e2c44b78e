// resource-usage: peak memory, minor faults and system time, also of children that were waited for. man 2 getrusage, man 2 times.
// not in CI's beds: emulation makes it slow
// its own process: what a process does for others is no time of the guest's
#include <sys/resource.h>
#include <sys/times.h>

#include "processes.h"

#define PAGES 2048
#define MIB (1 << 20)

static struct rusage usage_of(int who) {
  struct rusage usage;
  memset(&usage, 0xff, sizeof(usage));
  CHECK_EQ(getrusage(who, &usage), 0);
  return usage;
}

static long long time_ns(struct timeval time) {
  return time.tv_sec * 1000000000ll + time.tv_usec * 1000ll;
}

static char *new_memory(size_t length) {
  char *memory = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  madvise(memory, length, MADV_NOHUGEPAGE);
  return memory;
}

static void check_own(void) {
  struct rusage before = usage_of(RUSAGE_SELF);
  char *memory = new_memory(PAGES * PAGE);
  for (size_t i = 0; i < PAGES; i++) memory[i * PAGE] = 1;
  struct rusage touched = usage_of(RUSAGE_SELF);
  CHECK(touched.ru_minflt - before.ru_minflt >= PAGES &&
        touched.ru_minflt - before.ru_minflt < 2 * PAGES);
  CHECK(touched.ru_maxrss >= (long)(PAGES * PAGE / 1024));
  // The peak stays when the memory goes.
  CHECK_EQ(munmap(memory, PAGES * PAGE), 0);
  CHECK(usage_of(RUSAGE_SELF).ru_maxrss >= touched.ru_maxrss);
}

// A child's child counts when its parent is waited for, and the largest one's peak is that of all.
static void check_children(void) {
  struct rusage none = usage_of(RUSAGE_CHILDREN), waited;
  CHECK(none.ru_maxrss == 0 && none.ru_minflt == 0 &&
        time_ns(none.ru_utime) + time_ns(none.ru_stime) == 0);
  int status;
  pid_t child;
  IN_CHILD(child) {
    CHECK_IN_CHILD memset(new_memory(32 * MIB), 'c', 32 * MIB);
    CHECK(usage_of(RUSAGE_SELF).ru_maxrss < 32 * 1024);
  }
  CHECK_EQ(usage_of(RUSAGE_CHILDREN).ru_maxrss, 0);
  CHECK_EQ(wait4(child, &status, 0, &waited), child);
  CHECK_EQ(status, 0);
  struct rusage all = usage_of(RUSAGE_CHILDREN);
  CHECK(all.ru_maxrss >= 32 * 1024 && all.ru_maxrss < 64 * 1024);
  CHECK_EQ(waited.ru_maxrss, all.ru_maxrss);
  CHECK(all.ru_minflt >= 32 * MIB / (long)PAGE && waited.ru_minflt == all.ru_minflt);
  CHECK_IN_CHILD memset(new_memory(MIB), 'c', MIB);
  CHECK_EQ(usage_of(RUSAGE_CHILDREN).ru_maxrss, all.ru_maxrss);
  CHECK(usage_of(RUSAGE_CHILDREN).ru_minflt > all.ru_minflt);
}

// Makes calls until they have taken that much system time. Neither time ever goes back.
static void call_for(long long ns) {
  struct rusage start = usage_of(RUSAGE_SELF), last = start;
  while (time_ns(last.ru_stime) - time_ns(start.ru_stime) < ns && !is_late()) {
    for (int i = 0; i < 200; i++) syscall(SYS_getppid);
    struct rusage now = usage_of(RUSAGE_SELF);
    CHECK(time_ns(now.ru_utime) >= time_ns(last.ru_utime) &&
          time_ns(now.ru_stime) >= time_ns(last.ru_stime));
    last = now;
  }
  CHECK(time_ns(last.ru_stime) - time_ns(start.ru_stime) >= ns);
}

static void check_system_time(void) {
  call_for(30000000ll);
  struct tms before, after;
  CHECK(times(&before) != -1);
  CHECK(before.tms_stime >= sysconf(_SC_CLK_TCK) * 2 / 100);

  // Next to no calls: user time.
  struct rusage start = usage_of(RUSAGE_SELF), last;
  volatile unsigned long count = 0;
  do {
    for (int i = 0; i < 1000000; i++) count++;
    last = usage_of(RUSAGE_SELF);
  } while (time_ns(last.ru_utime) - time_ns(start.ru_utime) < 200000000ll && !is_late());
  CHECK(time_ns(last.ru_utime) - time_ns(start.ru_utime) >
        time_ns(last.ru_stime) - time_ns(start.ru_stime));

  // A child's is its parent's once it was waited for.
  CHECK_IN_CHILD call_for(30000000ll);
  CHECK(times(&after) != -1);
  CHECK(after.tms_cstime - before.tms_cstime >= sysconf(_SC_CLK_TCK) * 2 / 100);
  CHECK(time_ns(usage_of(RUSAGE_CHILDREN).ru_stime) >= 30000000ll);
}

static void check_status(void) {
  char text[4096];
  long peak = 0, resident = 0;
  char *memory = new_memory(16 * MIB);
  memset(memory, 'm', 16 * MIB);
  CHECK_EQ(munmap(memory, 16 * MIB), 0);
  CHECK(read_file("/proc/self/status", text, sizeof(text)) > 0);
  CHECK_EQ(sscanf(strstr(text, "VmHWM:"), "VmHWM: %ld", &peak), 1);
  CHECK_EQ(sscanf(strstr(text, "VmRSS:"), "VmRSS: %ld", &resident), 1);
  CHECK(peak >= 16 * 1024 && resident < peak - 8 * 1024);
}

int main(void) {
  limit_time();
  check_children();
  check_own();
  check_status();
  check_system_time();
  CHECK_ERRNO(getrusage(12345, &(struct rusage){0}), EINVAL);
  CHECK_ERRNO(getrusage(RUSAGE_SELF, (void *)8), EFAULT);
  return finish();
}
