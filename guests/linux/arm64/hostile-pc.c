// hostile-pc: places to return to that are odd, beyond the user half, in the kernel's, past the last page. Arm ARM D1.3, man 2 sigreturn.
#include "fault.h"

static const uintptr_t targets[] = {
    0, 0x1000, USER_END, USER_END + 0x1000, 0x0010000000000000, 0x0034567890abcde0, 0x7fffffffffffc, KERNEL_START,
    0xffff800008000000, 0xffffffc008000000, -4096ul, -4ul,
};
// svc 0 with getpid's number; the return.
static const uint32_t call[] = {0xd2801588, 0xd4000001}, call_and_return[] = {0xd2801588, 0xd4000001, 0xd65f03c0};

// Goes to each of these: the fault is the program's own, in EL0, and at that address.
static void check_branches(void) {
  for (size_t i = 0; i < COUNT(targets); i++) {
    CHECK_EQ(FAULT_OF(__asm__ volatile("br %0" ::"r"(targets[i]))), SIGSEGV);
    CHECK_EQ(fault_pc, targets[i]);
    CHECK_EQ(FAULT_OF(__asm__ volatile("blr %0" ::"r"(targets[i]) : "x30", "memory")), SIGSEGV);
    CHECK_EQ(FAULT_OF(__asm__ volatile("mov x30, %0; ret" ::"r"(targets[i]) : "x30", "memory")), SIGSEGV);
    CHECK_EQ(FAULT_OF(__asm__ volatile("br %0" ::"r"(targets[i] + 2))), SIGBUS);
    CHECK_EQ(fault_info.si_code, BUS_ADRALN);
    CHECK_EQ(fault_pc, targets[i] + 2);
  }
}

static void *code_at(void *address, size_t length, int flags) {
  return mmap(address, length, PROT_READ | PROT_WRITE | PROT_EXEC, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static char *write_code(char *place, const uint32_t *instructions, size_t length) {
  memcpy(place, instructions, length);
  __builtin___clear_cache(place, place + length);
  return place;
}

// A system call as the very last instruction of the user half returns to where that half ends.
static void check_last_page(void) {
  // Where processors have more than 48 address bits, a program may ask for them, but not for more than 52.
  CHECK_ERRNO(syscall(SYS_mmap, 1ul << 52, PAGE, 7, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
  // The stack may lie there, and a sentry may end the half earlier.
  char *last = code_at((void *)(USER_END - PAGE), PAGE, MAP_FIXED_NOREPLACE);
  if (last == MAP_FAILED) return;
  char *end = write_code(last + PAGE - sizeof(call), call, sizeof(call));
  CHECK_EQ(FAULT_OF(((void (*)(void))(uintptr_t)end)()), SIGSEGV);
  CHECK_EQ(fault_pc, USER_END);
  // Running in the page itself is fine.
  write_code(last, call_and_return, sizeof(call_and_return));
  CHECK_EQ(((int (*)(void))(uintptr_t)last)(), getpid());
}

// A system call at the end of a page: the return address is the next page, which may be missing or not executable.
static void check_page_end(void) {
  char *pages = code_at(0, 2 * PAGE, 0);
  REQUIRE(pages != MAP_FAILED);
  void (*run)(void) = (void (*)(void))(uintptr_t)write_code(pages + PAGE - sizeof(call), call_and_return,
                                                           sizeof(call_and_return));
  CHECK_EQ(FAULT_OF(run()), 0);
  REQUIRE(mprotect(pages + PAGE, PAGE, PROT_READ) == 0);
  CHECK_FAULT(run(), SIGSEGV, SEGV_ACCERR, pages + PAGE);
  REQUIRE(munmap(pages + PAGE, PAGE) == 0);
  CHECK_FAULT(run(), SIGSEGV, SEGV_MAPERR, pages + PAGE);
}

// A handler that returns to such an address: sigreturn itself is the way in.
static uintptr_t forged;
static void forge(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  *context_pc(context) = forged;
}

static void check_sigreturn(void) {
  struct sigaction action = {.sa_sigaction = forge, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGUSR1, &action, 0) == 0);
  for (size_t i = 0; i < COUNT(targets); i++) {
    forged = targets[i];
    CHECK_EQ(FAULT_OF(raise(SIGUSR1)), SIGSEGV);
    CHECK_EQ(fault_pc, forged);
    forged = targets[i] + 1;
    CHECK_EQ(FAULT_OF(raise(SIGUSR1)), SIGBUS);
    CHECK_EQ(fault_pc, forged);
  }
}

int main(void) {
  catch_faults();
  check_branches();
  check_last_page();
  check_page_end();
  check_sigreturn();
  CHECK_EQ(syscall(SYS_getpid), getpid());
  return finish();
}
