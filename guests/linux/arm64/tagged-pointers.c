// tagged-pointers: the top byte of an address is the program's, but its system calls want it clear. arch/arm64/tagged-pointers.rst.
#include <sys/prctl.h>

#include "fault.h"

#define TAGGED(pointer, tag) ((void *)((uintptr_t)(pointer) | (uintptr_t)(tag) << 56))

int main(void) {
  static char block[4096];
  catch_faults();
  for (int tag = 1; tag < 256; tag += 9) {
    volatile char *tagged = TAGGED(block + tag, tag);
    CHECK_EQ(FAULT_OF(*tagged = (char)tag), 0);
    CHECK_EQ(block[tag], (char)tag);
    CHECK_EQ(FAULT_OF(READ_BYTE(tagged)), 0);
    CHECK_EQ(*tagged, (char)tag);
    // A fault reports the address without it, unless asked (SA_EXPOSE_TAGBITS).
    CHECK_FAULT(READ_BYTE(TAGGED(16, tag)), SIGSEGV, SEGV_MAPERR, 16);
  }

  // The kernel follows tagged pointers only for a program that asked for it.
  int fd = open("/dev/zero", O_RDONLY);
  REQUIRE(fd >= 0);
  CHECK_ERRNO(read(fd, TAGGED(block, 0x5a), 16), EFAULT);
  CHECK_ERRNO(syscall(SYS_getcwd, TAGGED(block, 1), 4096), EFAULT);
  if (prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE, 0, 0, 0) == 0) {
    CHECK_EQ(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) & PR_TAGGED_ADDR_ENABLE, PR_TAGGED_ADDR_ENABLE);
    CHECK_EQ(read(fd, TAGGED(block, 0x5a), 16), 16);
    CHECK_EQ(prctl(PR_SET_TAGGED_ADDR_CTRL, 0, 0, 0, 0), 0);
  }
  CHECK_ERRNO(prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE, 1, 0, 0), EINVAL);
  CHECK_ERRNO(read(fd, TAGGED(block, 0x5a), 16), EFAULT);
  return finish();
}
