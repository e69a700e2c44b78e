// faults: signal, si_code and si_addr of memory faults; handlers that repair the cause and go on. man 2 sigaction, man 7 signal.
#include "fault.h"

static char *page;
static volatile int mended;

// Makes the page accessible: the faulting instruction then runs again.
static void mend(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  mended++;
  if (mprotect((void *)((uintptr_t)info->si_addr & -PAGE), PAGE, PROT_READ | PROT_WRITE)) _exit(1);
}

static void check_addresses(void) {
  static const uintptr_t unmapped[] = {0, 1, 8, 0xfff, 0x10, 0x7ffffffff000 - 4096};
  for (size_t i = 0; i < COUNT(unmapped); i++) {
    CHECK_FAULT(READ_BYTE(unmapped[i]), SIGSEGV, SEGV_MAPERR, unmapped[i]);
    CHECK_FAULT(WRITE_BYTE(unmapped[i], 1), SIGSEGV, SEGV_MAPERR, unmapped[i]);
  }
  // Every byte of a page reports its own address; an access across the edge reports the first byte past it.
  char *edge = at_page_end(4, 0);
  CHECK_EQ(FAULT_OF((void)*(volatile uint64_t *)edge), SIGSEGV);
  CHECK_EQ((uintptr_t)fault_info.si_addr, (uintptr_t)edge + 4);
  for (size_t offset = 0; offset < PAGE; offset += 511)
    CHECK_FAULT(READ_BYTE(page + offset), SIGSEGV, SEGV_ACCERR, page + offset);
}

static void check_execution(void) {
  static char data[16];
  void (*nowhere)(void) = (void (*)(void))(uintptr_t)0x1230;
  void (*into_data)(void) = (void (*)(void))(uintptr_t)data;
  CHECK_FAULT(nowhere(), SIGSEGV, SEGV_MAPERR, 0x1230);
  CHECK_EQ(fault_pc, 0x1230);
  CHECK_FAULT(into_data(), SIGSEGV, SEGV_ACCERR, data);
  CHECK_EQ(fault_pc, (uintptr_t)data);
}

static void check_bus(void) {
  int fd = memfd_create("bus", 0);
  REQUIRE(fd >= 0 && ftruncate(fd, (off_t)PAGE) == 0);
  char *file = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(file != MAP_FAILED);
  file[1] = 1;
  CHECK_FAULT(READ_BYTE(file + PAGE + 9), SIGBUS, BUS_ADRERR, file + PAGE + 9);
  CHECK_FAULT(WRITE_BYTE(file + PAGE + 9, 1), SIGBUS, BUS_ADRERR, file + PAGE + 9);
}

static void check_mending(void) {
  struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO}, old;
  REQUIRE(sigaction(SIGSEGV, &action, &old) == 0);
  for (int i = 1; i <= 20; i++) {
    REQUIRE(mprotect(page, PAGE, i % 2 ? PROT_NONE : PROT_READ) == 0);
    *(volatile char *)(page + 5) = (char)i;
    CHECK_EQ(mended, i);
    CHECK_EQ(page[5], i);
  }
  sigaction(SIGSEGV, &old, 0);
}

// A fault's signal that is sent with kill or raise says so.
static void check_sent(void) {
  CHECK_EQ(FAULT_OF(kill(getpid(), SIGSEGV)), SIGSEGV);
  CHECK(fault_info.si_code == SI_USER && fault_info.si_pid == getpid());
  CHECK_EQ(FAULT_OF(raise(SIGILL)), SIGILL);
  CHECK_EQ(fault_info.si_code, SI_TKILL);
}

int main(void) {
  catch_faults();
  page = mmap(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  check_addresses();
  check_execution();
  check_bus();
  check_mending();
  check_sent();
  // The kernel half: not mapped for programs, whatever is there.
  CHECK_EQ(FAULT_OF(READ_BYTE(0xffffffff81000000)), SIGSEGV);
  CHECK_EQ(FAULT_OF(WRITE_BYTE(0xffff888000000000, 1)), SIGSEGV);
  return finish();
}
