// system-info: uname, sysinfo, getrandom, getrusage, times, getcpu. man 2 uname, sysinfo, getrandom, getrusage, times.
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>

#include "check.h"

static void check_uname(void) {
  struct utsname name;
  int major = 0, minor = 0;
  CHECK_EQ(uname(&name), 0);
  CHECK(strcmp(name.sysname, "Linux") == 0);
  CHECK(strcmp(name.machine, MACHINE) == 0);
  // glibc refuses to start on a kernel it finds too old.
  CHECK_EQ(sscanf(name.release, "%d.%d", &major, &minor), 2);
  CHECK(major >= 4);
  CHECK(strlen(name.nodename) > 0 && strlen(name.version) > 0);
  char host[65];
  CHECK_EQ(gethostname(host, sizeof(host)), 0);
  CHECK(strcmp(host, name.nodename) == 0);
}

static void check_sysinfo(void) {
  struct sysinfo info;
  CHECK_EQ(sysinfo(&info), 0);
  CHECK(info.mem_unit > 0 && info.totalram > 0 && info.freeram <= info.totalram);
  CHECK(info.uptime > 0 && info.procs > 0);
  CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
  CHECK(sysconf(_SC_PHYS_PAGES) > 0);
}

static double boottime(void) {
  struct timespec now;
  REQUIRE(clock_gettime(CLOCK_BOOTTIME, &now) == 0);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// /proc/uptime rounds down to hundredths, sysinfo up to seconds.
static void check_uptime(void) {
  char text[128];
  struct sysinfo info;
  for (int i = 0; i < 50; i++) {
    double before = boottime();
    CHECK(read_file("/proc/uptime", text, sizeof(text)) > 0);
    double shown = atof(text), after = boottime();
    if (shown > after || shown < before - 0.011) fail(__FILE__, __LINE__, text, (long long)(after * 1000), 0);
    CHECK_EQ(sysinfo(&info), 0);
    CHECK((double)info.uptime >= after && (double)info.uptime <= boottime() + 1);
  }
}

static void check_random(void) {
  unsigned char a[256], b[256];
  CHECK_EQ(getrandom(a, 256, 0), 256);
  CHECK_EQ(getrandom(b, 256, GRND_NONBLOCK), 256);
  CHECK(memcmp(a, b, 256) != 0);
  CHECK_EQ(getrandom(a, 16, GRND_RANDOM), 16);
  CHECK_EQ(getrandom(a, 0, 0), 0);
  CHECK_ERRNO(getrandom(a, 1, 0x100), EINVAL);
  CHECK_ERRNO(getrandom(a, 1, GRND_RANDOM | GRND_INSECURE), EINVAL);
  for (BAD_POINTER(p)) CHECK_ERRNO(syscall(SYS_getrandom, *p, 16, 0), EFAULT);
  // Each bit takes both values in 256 bytes: no constant, no counter.
  unsigned char any = 0, all = 0xff;
  for (int i = 0; i < 256; i++) any |= b[i], all &= b[i];
  CHECK(any == 0xff && all == 0);
  // A large request is filled completely.
  size_t length = 1 << 20;
  unsigned char *large = calloc(1, length);
  CHECK_EQ(getrandom(large, length, 0), length);
  CHECK(memcmp(large + length - 64, large + length - 128, 64) != 0);
}

static void check_usage(void) {
  struct rusage usage, children;
  struct tms times_now;
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do clock_gettime(CLOCK_MONOTONIC, &now);
  while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 60);
  CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  long long us = usage.ru_utime.tv_sec * 1000000ll + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1000000ll +
                 usage.ru_stime.tv_usec;
  CHECK(us > 0 && usage.ru_maxrss > 0);
  CHECK_EQ(getrusage(RUSAGE_THREAD, &usage), 0);
  CHECK_EQ(getrusage(RUSAGE_CHILDREN, &children), 0);
  CHECK(children.ru_utime.tv_sec == 0 && children.ru_utime.tv_usec == 0);
  CHECK_ERRNO(getrusage(99, &usage), EINVAL);
  clock_t ticks = times(&times_now);
  CHECK(ticks != (clock_t)-1);
  CHECK(times_now.tms_utime + times_now.tms_stime >= 0 && times_now.tms_cutime == 0);
  CHECK(times(0) >= ticks);
}

int main(void) {
  check_uname();
  check_sysinfo();
  check_uptime();
  check_random();
  check_usage();
  unsigned cpu = ~0u, node = ~0u;
  CHECK_EQ(syscall(SYS_getcpu, &cpu, &node, 0), 0);
  CHECK(cpu < 4096 && node < 1024);
  CHECK_EQ(syscall(SYS_getcpu, 0, 0, 0), 0);
  return finish();
}
