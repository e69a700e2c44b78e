// rlimits: reading, lowering, and not raising above the hard limit. man 2 getrlimit, man 2 prlimit.
#include <sys/resource.h>

#include "check.h"

int main(void) {
  struct rlimit limit, old, other;
  for (int i = 0; i < RLIM_NLIMITS; i++) {
    CHECK_EQ(getrlimit((__rlimit_resource_t)i, &limit), 0);
    CHECK(limit.rlim_cur <= limit.rlim_max);
  }
  CHECK_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
  CHECK(limit.rlim_cur >= 65536);
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  CHECK(limit.rlim_cur >= 64);
  CHECK_EQ(sysconf(_SC_OPEN_MAX), limit.rlim_cur);

  struct rlimit core = {100, 200};
  REQUIRE(getrlimit(RLIMIT_CORE, &old) == 0);
  if (old.rlim_max < 200) core = (struct rlimit){0, 0};
  CHECK_EQ(setrlimit(RLIMIT_CORE, &core), 0);
  CHECK_EQ(prlimit(0, RLIMIT_CORE, 0, &other), 0);
  CHECK(other.rlim_cur == core.rlim_cur && other.rlim_max == core.rlim_max);
  other = (struct rlimit){core.rlim_max, core.rlim_max};
  CHECK_EQ(prlimit(getpid(), RLIMIT_CORE, &other, &old), 0);
  CHECK(old.rlim_cur == core.rlim_cur && old.rlim_max == core.rlim_max);
  if (!is_root()) {
    other.rlim_max = core.rlim_max + 1;
    CHECK_ERRNO(setrlimit(RLIMIT_CORE, &other), EPERM);
  }
  other = (struct rlimit){2, 1};
  CHECK_ERRNO(setrlimit(RLIMIT_CORE, &other), EINVAL);
  CHECK_ERRNO(syscall(SYS_prlimit64, 0, 99, 0, &other), EINVAL);
  CHECK_ERRNO(syscall(SYS_prlimit64, 0x3fffffff, RLIMIT_CORE, 0, &other), ESRCH);
  for (BAD_POINTER(p)) {
    if (!*p) continue;
    CHECK_ERRNO(syscall(SYS_prlimit64, 0, RLIMIT_CORE, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_prlimit64, 0, RLIMIT_CORE, 0, *p), EFAULT);
  }

  // RLIMIT_AS bounds what can be mapped.
  struct rlimit space = {256 << 20, RLIM_INFINITY};
  REQUIRE(getrlimit(RLIMIT_AS, &old) == 0);
  space.rlim_max = old.rlim_max;
  REQUIRE(setrlimit(RLIMIT_AS, &space) == 0);
  CHECK(mmap(0, 512 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
  CHECK(mmap(0, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
  CHECK_EQ(setrlimit(RLIMIT_AS, &old), 0);
  return finish();
}
