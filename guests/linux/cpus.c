// cpus: all counts of processors agree; /proc/vmstat has what vmstat and free read. man 2 sched_getaffinity, man 5 proc_vmstat.
#include <sched.h>
#include <sys/sysinfo.h>

#include "check.h"

static char text[1 << 20];

// Counts lines with this start; `lowest` and `highest` are of the numbers after it, if there are any.
static int lines_of(const char *path, const char *start, const char *blanks, int *lowest, int *highest) {
  int lines = 0;
  *lowest = 1 << 20, *highest = -1;
  CHECK(read_file(path, text, sizeof(text)) > 0);
  for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    if (strncmp(line, start, strlen(start))) continue;
    char *digits = line + strlen(start) + strspn(line + strlen(start), blanks);
    if (*digits < '0' || *digits > '9') continue;
    int number = atoi(digits);
    lines++;
    if (number < *lowest) *lowest = number;
    if (number > *highest) *highest = number;
  }
  return lines;
}

// How many numbers a list such as 0-3,8 names.
static int listed(const char *list) {
  int count = 0;
  for (char *end; *list >= '0' && *list <= '9'; list = *end == ',' ? end + 1 : end) {
    long first = strtol(list, &end, 10), last = first;
    if (*end == '-') last = strtol(end + 1, &end, 10);
    count += (int)(last - first + 1);
  }
  return count;
}

static int field(const char *name, const char *format, void *value) {
  char *at = strstr(text, name);
  return at ? sscanf(at + strlen(name), format, value) : 0;
}

static void check_counts(void) {
  cpu_set_t set;
  unsigned cpu = 99, node = 99;
  int lowest, highest, low, high;
  CPU_ZERO(&set);
  CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  int usable = CPU_COUNT(&set);
  int online = lines_of("/proc/stat", "cpu", "", &lowest, &highest);
  CHECK(usable >= 1 && online >= usable);
  CHECK_EQ(lines_of("/proc/cpuinfo", "processor", "\t :", &low, &high), online);
  CHECK_EQ(low, lowest);
  CHECK_EQ(high, highest);
  for (int i = 0; i < CPU_SETSIZE; i++) {
    if (CPU_ISSET(i, &set)) CHECK(i >= lowest && i <= highest);
  }
  CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= usable && sysconf(_SC_NPROCESSORS_ONLN) <= online);
  CHECK(sysconf(_SC_NPROCESSORS_CONF) >= online);
  CHECK(get_nprocs() <= get_nprocs_conf());
  CHECK_EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
  CHECK(cpu < CPU_SETSIZE && CPU_ISSET(cpu, &set));
  CHECK_EQ(sched_setaffinity(0, sizeof(set), &set), 0);

  CHECK(read_file("/proc/self/status", text, sizeof(text)) > 0);
  char list[256] = "";
  CHECK_EQ(field("\nCpus_allowed_list:\t", "%255s", list), 1);
  CHECK_EQ(listed(list), usable);

  // x86_64 says how many processors share a package and a core.
  CHECK(read_file("/proc/cpuinfo", text, sizeof(text)) > 0);
  int siblings = 0, cores = 0;
  if (field("\nsiblings\t:", "%d", &siblings)) CHECK(siblings >= 1 && siblings <= get_nprocs_conf());
  if (field("\ncpu cores\t:", "%d", &cores)) CHECK(cores >= 1 && cores <= get_nprocs_conf());

  static const char *const lists[] = {"online", "possible", "present"};
  for (size_t i = 0; i < COUNT(lists); i++) {
    char path[64];
    snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", lists[i]);
    if (read_file(path, text, sizeof(text)) <= 0) continue;
    CHECK(i == 0 ? listed(text) == online : listed(text) >= online);
  }
}

static void check_vmstat(void) {
  static const char *const names[] = {
      "nr_free_pages", "nr_inactive_anon", "nr_active_anon", "nr_inactive_file", "nr_active_file", "nr_unevictable",
      "nr_anon_pages", "nr_mapped", "nr_file_pages", "nr_dirty", "nr_writeback", "nr_shmem", "nr_slab_reclaimable",
      "nr_slab_unreclaimable", "nr_kernel_stack", "nr_page_table_pages", "nr_dirtied", "nr_written", "pgpgin",
      "pgpgout", "pswpin", "pswpout", "pgalloc_normal", "pgfree", "pgactivate", "pgdeactivate", "pgfault", "pgmajfault",
  };
  char line[64];
  unsigned long long value, before = 0, after = 0;
  CHECK(read_file("/proc/vmstat", text, sizeof(text)) > 0);
  for (size_t i = 0; i < COUNT(names); i++) {
    char *at = text;
    snprintf(line, sizeof(line), "%s ", names[i]);
    if (strncmp(text, line, strlen(line))) {
      snprintf(line, sizeof(line), "\n%s ", names[i]);
      at = strstr(text, line);
    }
    if (!at || sscanf(at + strlen(line), "%llu", &value) != 1) fail(__FILE__, __LINE__, names[i], 0, 0);
  }
  // Faults are counted.
  CHECK_EQ(field("\npgfault ", "%llu", &before), 1);
  volatile char *memory = mmap(0, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  for (size_t at = 0; at < 64 << 20; at += 2 << 20) memory[at] = 1;
  for (int i = 0; i < 100 && after <= before; i++) {
    CHECK(read_file("/proc/vmstat", text, sizeof(text)) > 0);
    CHECK_EQ(field("\npgfault ", "%llu", &after), 1);
    if (after <= before) usleep(50000);
  }
  CHECK(after > before);

  // The first line of /proc/stat is the sum.
  unsigned long long total = 0, first = 0;
  CHECK(read_file("/proc/stat", text, sizeof(text)) > 0);
  CHECK_EQ(sscanf(text, "cpu  %llu", &total), 1);
  CHECK_EQ(field("\ncpu0 ", "%llu", &first), 1);
  CHECK(first <= total);
  static const char *const lines[] = {"\nintr ", "\nctxt ", "\nbtime ", "\nprocesses ", "\nprocs_running ", "\nprocs_blocked ", "\nsoftirq "};
  for (size_t i = 0; i < COUNT(lines); i++) CHECK(strstr(text, lines[i]) != NULL);
}

int main(void) {
  check_counts();
  check_vmstat();
  return finish();
}
