// endless-traps [forever]: a signal ends a single-stepped loop inside a platform's entry code, which no handler sees.
#include <sys/time.h>

#include "fault.h"

#define TRAP_FLAG 0x100
#define TICK_US 2000

// Where PVM hosts have the entry of system calls (native/arch/x86_64/layout.h). Elsewhere nothing is there, and it faults.
static const uintptr_t entry = 0x7fff00000000;
#define ENTRY_BYTES 0xc0
// By then the loop has been stopped at many of its instructions.
#define TICKS 20

static sigjmp_buf out;
// On a slow machine more ticks come right after the loop, where `out` leads nowhere.
static volatile bool looping;
static volatile int ticks;
static volatile uintptr_t missing;
static bool forever;
// Where the entry code is entered in its middle, it makes the last call once more: of nothing but zeros, even sigreturn is harmless.
static char zeros[8192];

static void on_tick(int number) {
  (void)number;
  ticks++;
  if (looping && !forever && ticks % TICKS == 0) siglongjmp(out, 1);
}

static void on_step(int number, siginfo_t *info, void *context) {
  (void)context;
  // A PVM host can give a step's trap late (native/arch/x86_64/pvm.h): after the loop, where `out` leads nowhere.
  if (!looping) {
    CHECK_EQ(number, SIGTRAP);
    if (number != SIGTRAP) _exit(finish());
    return;
  }
  if (number == SIGSEGV) missing = (uintptr_t)info->si_addr;
  if (!forever) siglongjmp(out, 1);
}

// Jumps there with TF set, and comes back there from a system call. Returns whether it went on until the timer stopped it.
static bool loops_at(uintptr_t address) {
  ticks = 0;
  if (sigsetjmp(out, 1) != 0) {
    looping = false;
    return ticks == TICKS;
  }
  looping = true;
  __asm__ volatile("mov %[stack], %%rsp; pushfq; pop %%r11; or %[flag], %%r11; mov $39, %%eax; xor %%edi, %%edi;"
                   "xor %%esi, %%esi; xor %%edx, %%edx; xor %%r10, %%r10; xor %%r8, %%r8; xor %%r9, %%r9;"
                   "push %%r11; popfq; jmp *%%rcx" ::"c"(address),
                   [stack] "r"(zeros + sizeof(zeros) / 2), [flag] "i"(TRAP_FLAG)
                   : "rax", "rdi", "rsi", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
  return false;
}

static void step_forever(void) {
  __asm__ volatile("pushfq; orq %[flag], (%%rsp); popfq; 1: jmp 1b" ::[flag] "i"(TRAP_FLAG)
                   : "memory", "cc");
}

int main(int argc, char **argv) {
  (void)argv;
  static char memory[65536];
  stack_t alternate = {.ss_sp = memory, .ss_size = sizeof(memory)};
  REQUIRE(sigaltstack(&alternate, 0) == 0);
  struct sigaction tick = {.sa_handler = on_tick, .sa_flags = SA_ONSTACK};
  struct sigaction step = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  REQUIRE(sigaction(SIGALRM, &tick, 0) == 0);
  static const int steps[] = {SIGTRAP, SIGSEGV, SIGILL, SIGBUS};
  for (size_t i = 0; i < COUNT(steps); i++) REQUIRE(sigaction(steps[i], &step, 0) == 0);
  struct itimerval often = {{0, TICK_US}, {0, TICK_US}};
  REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);

  uintptr_t loop = 0;
  for (uintptr_t at = entry; at < entry + ENTRY_BYTES && missing != entry; at++)
    if (loops_at(at)) loop = at;
  if (argc > 1) {
    forever = true;
    if (loop != 0) loops_at(loop);
    step_forever();
  }
  struct itimerval never = {0};
  REQUIRE(setitimer(ITIMER_REAL, &never, 0) == 0);
  CHECK_EQ(syscall(SYS_getpid), getpid());
  return finish();
}
