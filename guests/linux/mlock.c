// mlock: locking, unlocking and residency of memory. man 2 mlock, man 2 mincore.
#include <sys/resource.h>

#include "processes.h"

static bool is_resident(const char *page) {
  unsigned char resident = 9;
  CHECK_EQ(mincore((void *)page, PAGE, &resident), 0);
  return resident & 1;
}

// Shared memory and files are in memory once anybody has touched them, whichever process asks.
static void check_shared(void) {
  char *memory = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  CHECK(!is_resident(memory) && !is_resident(memory + PAGE));
  CHECK_IN_CHILD memory[PAGE] = 1;
  CHECK(!is_resident(memory) && is_resident(memory + PAGE) && !is_resident(memory + 3 * PAGE));

  int fd = memfd_create("memory", 0);
  REQUIRE(fd >= 0 && ftruncate(fd, (off_t)(4 * PAGE)) == 0);
  char *file = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *own = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  REQUIRE(file != MAP_FAILED && own != MAP_FAILED);
  CHECK_EQ(pwrite(fd, "x", 1, (off_t)PAGE), 1);
  CHECK(!is_resident(file) && is_resident(file + PAGE) && is_resident(own + PAGE));
  CHECK_IN_CHILD file[3 * PAGE] = 1;
  CHECK(is_resident(file + 3 * PAGE) && is_resident(own + 3 * PAGE) && !is_resident(own));
  CHECK_EQ(munmap(memory, 4 * PAGE), 0);
  close(fd);
}

static long locked_kb(void) {
  char text[4096];
  long kb = -1;
  CHECK(read_file("/proc/self/status", text, sizeof(text)) > 0);
  CHECK_EQ(sscanf(strstr(text, "VmLck:"), "VmLck: %ld", &kb), 1);
  return kb;
}

// The line of a mapping in /proc/self/smaps that begins with `name`.
static char *smaps_line(const char *mapping, const char *name) {
  static char text[1 << 18];
  char start[32];
  CHECK(read_file("/proc/self/smaps", text, sizeof(text)) > 0);
  snprintf(start, sizeof(start), "%lx-", (unsigned long)mapping);
  char *line = strstr(text, start);
  line = line ? strstr(line, name) : 0;
  if (!line) return "";
  line[strcspn(line, "\n")] = 0;
  return line;
}

// MLOCK_ONFAULT: all of the range counts at once, and each page is locked when it is touched.
static void check_on_fault(void) {
  long page_kb = (long)PAGE / 1024, before = locked_kb(), kb = 0;
  char *memory = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  CHECK_EQ(syscall(SYS_mlock2, memory, 8 * PAGE, MLOCK_ONFAULT), 0);
  CHECK_EQ(locked_kb() - before, 8 * page_kb);
  CHECK_EQ(syscall(SYS_mlock2, memory, 4 * PAGE, MLOCK_ONFAULT), 0);
  CHECK_EQ(locked_kb() - before, 8 * page_kb);
  CHECK(!is_resident(memory));
  memory[2 * PAGE] = 1;
  CHECK(is_resident(memory + 2 * PAGE) && !is_resident(memory + 3 * PAGE));
  CHECK_EQ(sscanf(smaps_line(memory, "Locked:"), "Locked: %ld", &kb), 1);
  CHECK_EQ(kb, page_kb);
  CHECK(strstr(smaps_line(memory, "VmFlags:"), " lo lf "));
  CHECK_ERRNO(madvise(memory, PAGE, MADV_DONTNEED), EINVAL);
  // Without the flag, the same range is populated, and no longer marked.
  CHECK_EQ(mlock(memory, 8 * PAGE), 0);
  CHECK(is_resident(memory + 7 * PAGE) && !strstr(smaps_line(memory, "VmFlags:"), " lf "));
  CHECK_EQ(locked_kb() - before, 8 * page_kb);
  CHECK_EQ(munlock(memory, 8 * PAGE), 0);
  CHECK_EQ(locked_kb(), before);
  CHECK_EQ(munmap(memory, 8 * PAGE), 0);

  CHECK_IN_CHILD {
    struct rlimit pages = {4 * PAGE, 4 * PAGE};
    if (is_root()) become_lone_user();
    REQUIRE(setrlimit(RLIMIT_MEMLOCK, &pages) == 0);
    memory = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_ERRNO(syscall(SYS_mlock2, memory, 5 * PAGE, MLOCK_ONFAULT), ENOMEM);
    CHECK_EQ(syscall(SYS_mlock2, memory, 4 * PAGE, MLOCK_ONFAULT), 0);
    CHECK_EQ(syscall(SYS_mlock2, memory, 4 * PAGE, MLOCK_ONFAULT), 0);
    CHECK_ERRNO(syscall(SYS_mlock2, memory + 4 * PAGE, PAGE, MLOCK_ONFAULT), ENOMEM);
    CHECK_ERRNO(mlock(memory + 4 * PAGE, PAGE), ENOMEM);
    CHECK_ERRNO(mlockall(MCL_CURRENT | MCL_ONFAULT), ENOMEM);
    CHECK_ERRNO(mlockall(MCL_ONFAULT), EINVAL);
    CHECK_EQ(mlockall(MCL_FUTURE | MCL_ONFAULT), 0);
    CHECK(mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == EAGAIN);
    CHECK_EQ(munlock(memory, 4 * PAGE), 0);
    memory = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED && !is_resident(memory) && locked_kb() == page_kb);
    // A lock is not inherited.
    CHECK_EQ(munlockall(), 0);
  }
}

int main(void) {
  limit_time();
  check_shared();
  check_on_fault();
  unsigned char resident[4];
  char *memory = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  memory[0] = 1;
  CHECK_EQ(mincore(memory, 4 * PAGE, resident), 0);
  CHECK_EQ(resident[0] & 1, 1);
  CHECK_EQ(mlock(memory + 10, 2 * PAGE), 0);
  CHECK_EQ(mincore(memory, 4 * PAGE, resident), 0);
  CHECK((resident[0] & 1) && (resident[1] & 1));
  CHECK_EQ(memory[PAGE], 0);
  CHECK_EQ(munlock(memory, 3 * PAGE), 0);
  CHECK_EQ(syscall(SYS_mlock2, memory, PAGE, 0), 0);
  CHECK_ERRNO(syscall(SYS_mlock2, memory, PAGE, 0x80), EINVAL);
  CHECK_EQ(munlockall(), 0);
  CHECK_ERRNO(mlockall(0x80), EINVAL);
  CHECK_ERRNO(mlockall(0), EINVAL);

  CHECK_ERRNO(mincore(memory + 1, PAGE, resident), EINVAL);
  CHECK_ERRNO(mincore(memory, PAGE, (void *)8), EFAULT);
  CHECK_EQ(munmap(memory + PAGE, PAGE), 0);
  CHECK_ERRNO(mincore(memory, 2 * PAGE, resident), ENOMEM);
  CHECK_ERRNO(mlock(memory, 2 * PAGE), ENOMEM);
  CHECK_ERRNO(munlock(memory, 2 * PAGE), ENOMEM);

  // Without the privilege, no more than RLIMIT_MEMLOCK.
  if (!is_root()) {
    struct rlimit none = {0, 0};
    REQUIRE(setrlimit(RLIMIT_MEMLOCK, &none) == 0);
    CHECK_ERRNO(mlock(memory, PAGE), EPERM);
  }
  return finish();
}
