// caches: what EL0 may do with the caches and ask about them: their shape, clean, invalidate, zero. Arm ARM, CTR_EL0, DCZID_EL0, DC ZVA.
#include "fault.h"

static char block[8192] __attribute__((aligned(4096)));

// Lines of 16 bytes to 2 KiB; the same answer each time, because programs ask once.
static void check_shape(void) {
  uint64_t shape = 0, again;
  CHECK_EQ(FAULT_OF(__asm__ volatile("mrs %0, ctr_el0" : "=r"(shape))), 0);
  size_t data_line = 4ul << (shape >> 16 & 15), instruction_line = 4ul << (shape & 15);
  CHECK(data_line >= 16 && data_line <= 2048 && instruction_line >= 16 && instruction_line <= 2048);
  CHECK_EQ(shape >> 31 & 1, 1);
  for (int i = 0; i < 100; i++) {
    syscall(SYS_sched_yield);
    __asm__ volatile("mrs %0, ctr_el0" : "=r"(again));
    CHECK_EQ(again, shape);
  }
}

#define MAINTAIN(operation, address) FAULT_OF(__asm__ volatile(operation ", %0" ::"r"(address) : "memory"))

// By address, on memory that a program can read; none of it loses what was written.
static void check_maintenance(void) {
  memset(block, 0x5a, sizeof(block));
  for (size_t at = 0; at < sizeof(block); at += 61) {
    CHECK_EQ(MAINTAIN("dc cvau", block + at), 0);
    CHECK_EQ(MAINTAIN("dc cvac", block + at), 0);
    CHECK_EQ(MAINTAIN("dc civac", block + at), 0);
    CHECK_EQ(MAINTAIN("ic ivau", block + at), 0);
  }
  __asm__ volatile("dsb ish; isb" ::: "memory");
  for (size_t i = 0; i < sizeof(block); i++) CHECK_EQ(block[i], 0x5a);
  // Code, which cannot be written.
  CHECK_EQ(MAINTAIN("dc cvau", (uintptr_t)check_maintenance), 0);
  CHECK_EQ(MAINTAIN("ic ivau", (uintptr_t)check_maintenance), 0);
  // The kernel's memory is off limits, as for any other access; some processors do not treat this as an access at all.
  int signal = MAINTAIN("dc civac", KERNEL_START + 0x80000);
  CHECK(signal == SIGSEGV || signal == 0);
}

// memset(3) zeroes with it: one block at a time, a write like any other.
static void check_zero(void) {
  uint64_t id = 0;
  CHECK_EQ(FAULT_OF(__asm__ volatile("mrs %0, dczid_el0" : "=r"(id))), 0);
  if (id & 16) return;
  size_t size = 4ul << (id & 15);
  REQUIRE(size <= 2048);
  memset(block, 1, sizeof(block));
  CHECK_EQ(MAINTAIN("dc zva", block + 4096 + 5), 0);
  for (size_t i = 0; i < sizeof(block); i++) CHECK_EQ(block[i], i < 4096 || i >= 4096 + size);
  // At the first touch of a page.
  char *fresh = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(fresh != MAP_FAILED);
  CHECK_EQ(MAINTAIN("dc zva", fresh), 0);
  CHECK_EQ(fresh[0], 0);
  CHECK_EQ(MAINTAIN("dc zva", 16), SIGSEGV);
  char *constant = read_only_page();
  CHECK_EQ(MAINTAIN("dc zva", constant), SIGSEGV);
  CHECK_EQ(fault_info.si_code, SEGV_ACCERR);
  CHECK_EQ(MAINTAIN("dc zva", KERNEL_START), SIGSEGV);
}

int main(void) {
  catch_faults();
  check_shape();
  check_maintenance();
  check_zero();
  return finish();
}
