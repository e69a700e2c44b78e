// segments: data selectors and bases that a program loads with instructions, through faults, calls and signals. man 2 arch_prctl.
#include <sys/auxv.h>

#include "fault.h"

#define LOAD(segment, selector) __asm__ volatile("mov %0, %%" segment ::"r"((uint16_t)(selector)))
#define READ(segment) \
  ({ \
    uint16_t selector_; \
    __asm__ volatile("mov %%" segment ", %0" : "=r"(selector_)); \
    selector_; \
  })

// The kernel need not keep a selector's privilege level, nor tell null selectors apart.
#define SAME_SEGMENT(a, b) (((a) | 3) == ((b) | 3))

// A page fault that is repaired, a call, a fault that becomes a signal.
static void disturb(void) {
  char *fresh = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(fresh != MAP_FAILED);
  *fresh = 1;
  syscall(SYS_sched_yield);
  CHECK_EQ(FAULT_OF(READ_BYTE(8)), SIGSEGV);
  munmap(fresh, PAGE);
}

static void check_selector(uint16_t selector) {
  LOAD("ds", selector);
  LOAD("es", selector);
  LOAD("gs", selector);
  disturb();
  // An iret to user mode makes null selectors 0.
  uint16_t kept = selector > 3 ? selector : 0;
  CHECK(SAME_SEGMENT(READ("ds"), kept));
  CHECK(SAME_SEGMENT(READ("es"), kept));
  CHECK(SAME_SEGMENT(READ("gs"), kept));
}

int main(void) {
  catch_faults();
  // __USER_DS with its own and with other privilege levels; null selectors.
  static const uint16_t selectors[] = {0x2b, 0x28, 0x29, 1, 2, 3, 0};
  for (size_t i = 0; i < COUNT(selectors); i++) check_selector(selectors[i]);

  // AT_HWCAP2 bit 1: a base in the kernel's half is of no use, but nothing forbids it.
  if (getauxval(AT_HWCAP2) & 2) {
    __asm__ volatile("wrgsbase %0" ::"r"(0xffff800000000000));
    disturb();
    CHECK_EQ(FAULT_OF(__asm__ volatile("mov %%gs:-8, %%rax" ::: "rax")), SIGSEGV);
    __asm__ volatile("wrgsbase %0" ::"r"(-1l));
    disturb();
    __asm__ volatile("wrgsbase %0" ::"r"(0l));
  }
  return finish();
}
