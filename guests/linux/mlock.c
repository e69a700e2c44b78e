// mlock: locking, unlocking and residency of memory. man 2 mlock, man 2 mincore.
#include <sys/resource.h>

#include "check.h"

int main(void) {
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
