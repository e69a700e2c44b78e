// vsyscall: calls that jump into the vsyscall page, which can be executed but not read; and jumps that are no calls. The kernel's
// arch/x86/entry/vsyscall/vsyscall_64.c; man 7 vdso.
#include <sys/time.h>
#include <time.h>

#include "fault.h"

#define PAGE_START 0xffffffffff600000ul
#define GETTIMEOFDAY PAGE_START
#define TIME (PAGE_START + 0x400)
#define GETCPU (PAGE_START + 0x800)
#define NOT_A_CALL ((uint64_t)-ENOSYS)

static ucontext_t seen;

// As in fault.h, but keeps the registers.
static void on_segv(int number, siginfo_t *info, void *context) {
  memcpy(&seen, context, offsetof(ucontext_t, uc_mcontext.fpregs));
  on_fault(number, info, context);
}

static long call(uintptr_t entry, const void *first, const void *second) {
  return ((long (*)(const void *, const void *))entry)(first, second);
}

static void check_calls(void) {
  struct timeval value = {0};
  struct timezone zone = {.tz_minuteswest = 7};
  long before = time(0), stored = 0;
  unsigned cpu = ~0u, node = ~0u;
  CHECK_EQ(call(GETTIMEOFDAY, &value, &zone), 0);
  CHECK(value.tv_sec >= before && value.tv_sec <= before + 60 && value.tv_usec < 1000000);
  CHECK_EQ(zone.tz_minuteswest, 0);
  CHECK_EQ(call(GETTIMEOFDAY, 0, 0), 0);
  long now = call(TIME, &stored, 0);
  CHECK(now >= before && now <= before + 60);
  CHECK_EQ(now, stored);
  CHECK(call(TIME, 0, 0) >= now);
  CHECK_EQ(call(GETCPU, &cpu, &node), 0);
  CHECK(cpu < 1u << 16 && node < 1u << 16);
  CHECK_EQ(call(GETCPU, 0, 0), 0);
}

// It is an ordinary call instruction: RCX, R11 and the flags stay, unlike with SYSCALL.
static void check_registers(void) {
  uint64_t result = TIME, rcx = 0x1234, rdx = 0x5678, stack_before, stack_after, flags;
  register uint64_t r11 __asm__("r11") = 0x1111;
  __asm__ volatile(
      "mov %%rsp, %[before]; xor %%edi, %%edi; stc; call *%%rax; mov %%rsp, %[after]; pushfq; pop %[flags]"
      : "+a"(result), "+c"(rcx), "+d"(rdx), "+r"(r11), [before] "=&r"(stack_before), [after] "=&r"(stack_after),
        [flags] "=&r"(flags)
      :
      : "rdi", "memory", "cc");
  uint64_t r11_after = r11;
  CHECK(result > 1000000000);
  CHECK_EQ(rcx, 0x1234);
  CHECK_EQ(rdx, 0x5678);
  CHECK_EQ(r11_after, 0x1111);
  CHECK_EQ(stack_after, stack_before);
  CHECK_EQ(flags & 1, 1);
}

static void check_refused(uintptr_t entry, uintptr_t pointer, uint64_t rax) {
  CHECK_FAULT(call(entry, (void *)pointer, 0), SIGSEGV, SI_KERNEL, 0);
  CHECK_EQ(seen.uc_mcontext.gregs[REG_RIP], entry);
  CHECK_EQ(seen.uc_mcontext.gregs[REG_RAX], rax);
}

static void check_bad_pointers(void) {
  static const uintptr_t entries[] = {GETTIMEOFDAY, TIME, GETCPU};
  for (size_t i = 0; i < COUNT(entries); i++) {
    check_refused(entries[i], 8, NOT_A_CALL);
    check_refused(entries[i], (uintptr_t)read_only_page(), NOT_A_CALL);
    CHECK_FAULT(call(entries[i], (void *)KERNEL_START, 0), SIGSEGV, SEGV_MAPERR, KERNEL_START);
    CHECK_EQ(seen.uc_mcontext.gregs[REG_RIP], entries[i]);
    CHECK_EQ(seen.uc_mcontext.gregs[REG_CR2], KERNEL_START);
    CHECK_EQ(seen.uc_mcontext.gregs[REG_TRAPNO], 14);
    CHECK_EQ(seen.uc_mcontext.gregs[REG_ERR], 6);
  }
  CHECK_FAULT(call(GETCPU, 0, (void *)KERNEL_START), SIGSEGV, SEGV_MAPERR, KERNEL_START);
}

// A jump to the page, with nowhere to return to.
static void jump(uintptr_t entry, uintptr_t stack) {
  __asm__ volatile("mov %0, %%rsp; xor %%edi, %%edi; xor %%esi, %%esi; jmp *%1" ::"r"(stack), "a"(entry) : "rdi", "rsi", "memory");
}

static void check_no_calls(void) {
  static const unsigned offsets[] = {1, 7, 0x3ff, 0x401, 0x801, 0xc00, 0xfff};
  for (size_t i = 0; i < COUNT(offsets); i++) {
    CHECK_FAULT(call(PAGE_START + offsets[i], 0, 0), SIGSEGV, SI_KERNEL, 0);
    CHECK_EQ(seen.uc_mcontext.gregs[REG_RIP], PAGE_START + offsets[i]);
  }
  static const uintptr_t stacks[] = {0, 8, KERNEL_START, 1ul << 62, USER_END - 4};
  for (size_t i = 0; i < COUNT(stacks); i++) {
    CHECK_FAULT(jump(TIME, stacks[i]), SIGSEGV, SI_KERNEL, 0);
    CHECK_EQ(seen.uc_mcontext.gregs[REG_RIP], TIME);
    CHECK_EQ(seen.uc_mcontext.gregs[REG_RSP], stacks[i]);
  }
  // The return address is whatever the caller wrote there.
  static uintptr_t bottom[2];
  bottom[0] = 1ul << 62;
  CHECK_EQ(FAULT_OF(jump(TIME, (uintptr_t)bottom)), SIGSEGV);
  CHECK_EQ(seen.uc_mcontext.gregs[REG_RIP], 1ul << 62);
  bottom[0] = KERNEL_START;
  CHECK_FAULT(jump(TIME, (uintptr_t)bottom), SIGSEGV, SEGV_MAPERR, KERNEL_START);
  // A call that returns into the page makes the next one.
  static uintptr_t chain[3];
  chain[0] = GETCPU, chain[1] = 16;
  CHECK_FAULT(jump(TIME, (uintptr_t)chain), SIGSEGV, SEGV_MAPERR, 16);
}

static void check_data(void) {
  CHECK_FAULT(READ_BYTE(PAGE_START), SIGSEGV, SEGV_MAPERR, PAGE_START);
  CHECK_FAULT(READ_BYTE(TIME), SIGSEGV, SEGV_MAPERR, TIME);
  CHECK_FAULT(WRITE_BYTE(PAGE_START, 0), SIGSEGV, SEGV_MAPERR, PAGE_START);
  CHECK_FAULT(call(PAGE_START + 4096, 0, 0), SIGSEGV, SEGV_MAPERR, PAGE_START + 4096);
  CHECK_FAULT(call(PAGE_START - 4096, 0, 0), SIGSEGV, SEGV_MAPERR, PAGE_START - 4096);
}

int main(void) {
  static char maps[1 << 16];
  REQUIRE(read_file("/proc/self/maps", maps, sizeof(maps)) > 0);
  // Kernels with vsyscall=none or vsyscall=emulate behave differently.
  if (!strstr(maps, "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n")) return 0;
  catch_faults_on_own_stack();
  struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  REQUIRE(sigaction(SIGSEGV, &action, 0) == 0);
  check_calls();
  check_registers();
  check_bad_pointers();
  check_no_calls();
  check_data();
  return finish();
}
