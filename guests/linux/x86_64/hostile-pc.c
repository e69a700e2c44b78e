// hostile-pc: return addresses that sysret and iret must not be given: non-canonical, kernel half, the last page. CVE-2012-0217.
#include "fault.h"

#define LAST_PAGE 0x7fffffffe000ul

// Returns with each of these on the stack: the fault is the program's own, in ring 3.
static void check_returns(void) {
  static const uint64_t targets[] = {0x800000000000, 0x7ffffffff000, 0x7fffffffffff, 0x8000000000000000, 0xffff800000000000,
                                     0xffffffff81000000, 0xffffffffffffffff, 0x1234567890abcdef, 0};
  for (size_t i = 0; i < COUNT(targets); i++) {
    CHECK_EQ(FAULT_OF(__asm__ volatile("push %0; ret" ::"r"(targets[i]) : "memory")), SIGSEGV);
    CHECK_EQ(FAULT_OF(__asm__ volatile("jmp *%0" ::"r"(targets[i]))), SIGSEGV);
    CHECK_EQ(FAULT_OF(__asm__ volatile("call *%0" ::"r"(targets[i]) : "memory")), SIGSEGV);
  }
}

// A system call as the very last bytes of the user half: it would return to a non-canonical address.
static void check_last_page(void) {
  // The stack may lie there; Linux lets nobody map the page after it.
  CHECK_ERRNO(syscall(SYS_mmap, LAST_PAGE + PAGE, PAGE, 7, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
  unsigned char *last = mmap((void *)LAST_PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                             MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (last == MAP_FAILED) return;
  static const unsigned char call[] = {0xb8, SYS_getpid, 0, 0, 0, 0x0f, 0x05};
  memcpy(last + PAGE - sizeof(call), call, sizeof(call));
  CHECK_EQ(FAULT_OF(((void (*)(void))(uintptr_t)(last + PAGE - sizeof(call)))()), SIGSEGV);
  CHECK_EQ(fault_pc, LAST_PAGE + PAGE);
  // With an unconditional loop before it the call's own page is fine to run in.
  static const unsigned char returns[] = {0xb8, SYS_getpid, 0, 0, 0, 0x0f, 0x05, 0xc3};
  memcpy(last, returns, sizeof(returns));
  CHECK_EQ(((int (*)(void))(uintptr_t)last)(), getpid());
}

// A syscall instruction at the end of a page: the return address is the next page, which may be missing or not executable.
static void check_page_end(void) {
  static const unsigned char call[] = {0xb8, SYS_getpid, 0, 0, 0, 0x0f, 0x05};
  unsigned char *pages = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  memcpy(pages + PAGE - sizeof(call), call, sizeof(call));
  void (*run)(void) = (void (*)(void))(uintptr_t)(pages + PAGE - sizeof(call));
  pages[PAGE] = 0xc3;
  CHECK_EQ(FAULT_OF(run()), 0);
  REQUIRE(mprotect(pages + PAGE, PAGE, PROT_READ) == 0);
  CHECK_FAULT(run(), SIGSEGV, SEGV_ACCERR, pages + PAGE);
  REQUIRE(munmap(pages + PAGE, PAGE) == 0);
  CHECK_FAULT(run(), SIGSEGV, SEGV_MAPERR, pages + PAGE);
}

// A handler that returns to such an address: sigreturn itself is the way in.
static uint64_t forged;
static void forge(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  *context_pc(context) = forged;
}

static void check_sigreturn(void) {
  static const uint64_t targets[] = {0x800000000000, 0xffff800000000000, 0xffffffffffffffff, 0x7ffffffff000};
  struct sigaction action = {.sa_sigaction = forge, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGUSR1, &action, 0) == 0);
  for (size_t i = 0; i < COUNT(targets); i++) {
    forged = targets[i];
    CHECK_EQ(FAULT_OF(raise(SIGUSR1)), SIGSEGV);
  }
}

int main(void) {
  catch_faults();
  // The handler jumps out, whatever stack pointer the fault came with.
  check_returns();
  check_last_page();
  check_page_end();
  check_sigreturn();
  CHECK_EQ(syscall(SYS_getpid), getpid());
  return finish();
}
