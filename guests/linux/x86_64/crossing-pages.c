// crossing-pages: instructions across a page boundary, with second pages of each kind. SDM vol. 3, 4.7. man 2 mprotect.
#include "fault.h"

// Fresh pages for each test, so that none gets the last one's.
static char *two_pages(int second) {
  char *first = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(first != MAP_FAILED);
  // mov $0x1122334455667788, %rax; ret
  static const char code[] = "\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11\xc3";
  memcpy(first + PAGE - 2, code, sizeof(code));
  REQUIRE(mprotect(first, PAGE, PROT_READ | PROT_EXEC) == 0);
  REQUIRE(mprotect(first + PAGE, PAGE, second) == 0);
  return first;
}

static uint64_t call(const char *code) { return ((uint64_t(*)(void))code)(); }

static void check_forbidden(int second) {
  char *first = two_pages(second);
  CHECK_FAULT(call(first + PAGE - 2), SIGSEGV, SEGV_ACCERR, first + PAGE);
  CHECK_EQ(fault_pc, first + PAGE - 2);
  // And again: the first time made nothing accessible.
  CHECK_FAULT(call(first + PAGE - 2), SIGSEGV, SEGV_ACCERR, first + PAGE);
}

static void check_allowed(int second) {
  CHECK_EQ(call(two_pages(second) + PAGE - 2), 0x1122334455667788);
}

int main(void) {
  catch_faults();
  check_forbidden(PROT_NONE);
  check_forbidden(PROT_READ);
  check_forbidden(PROT_READ | PROT_WRITE);
  check_allowed(PROT_READ | PROT_EXEC);
  check_allowed(PROT_READ | PROT_WRITE | PROT_EXEC);

  char *first = two_pages(PROT_READ);
  REQUIRE(munmap(first + PAGE, PAGE) == 0);
  CHECK_FAULT(call(first + PAGE - 2), SIGSEGV, SEGV_MAPERR, first + PAGE);
  return finish();
}
