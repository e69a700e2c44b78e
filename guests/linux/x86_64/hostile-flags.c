// hostile-flags: system calls and faults with TF, DF, AC, NT, IF and IOPL as the program sets them. SDM vol. 3, 2.3.
#include "fault.h"

#define CF 0x1ul
#define TF 0x100ul
#define IF 0x200ul
#define DF 0x400ul
#define IOPL 0x3000ul
#define NT 0x4000ul
#define RF 0x10000ul
#define AC 0x40000ul
#define ID 0x200000ul

static volatile int traps;
static volatile uint64_t first_trap_flags;

static void on_trap(int number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  (void)number, (void)info;
  if (traps++ == 0) first_trap_flags = (uint64_t)registers[REG_EFL];
}

// The system call with these flags in force; returns the flags after it. rax = the result.
static uint64_t call_with_flags(uint64_t flags, long *result) {
  uint64_t after;
  __asm__ volatile("push %[flags]; popfq; syscall; pushfq; pop %[after]; push $0x202; popfq"
                   : "+a"(*result), [after] "=&r"(after)
                   : [flags] "r"(flags), "D"(-1l)
                   : "rcx", "r11", "memory", "cc");
  return after;
}

static void check_calls(void) {
  static const uint64_t sets[] = {DF, AC, NT, ID, DF | AC | NT | ID | CF, IOPL, 0x8d5, ~TF & 0x3fffff};
  for (size_t i = 0; i < COUNT(sets); i++) {
    long getpid_result = SYS_getpid, close_result = SYS_close;
    uint64_t expected = sets[i] & (DF | AC | ID | 0x8d5);
    CHECK_EQ(call_with_flags(sets[i] | 0x202, &getpid_result) & (DF | AC | ID | 0x8d5), expected);
    CHECK_EQ(getpid_result, getpid());
    CHECK_EQ(call_with_flags(sets[i] | 0x202, &close_result) & (DF | AC | ID | 0x8d5), expected);
    CHECK_EQ(close_result, -EBADF);
  }
  // IF cannot be cleared, nor IOPL raised.
  long result = SYS_getpid;
  CHECK_EQ(call_with_flags(IOPL | 2, &result) & (IF | IOPL), IF);
}

// Single step over a system call: a trap after each instruction of the program's, none inside the kernel.
static void check_single_step(void) {
  long result = SYS_getpid;
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGTRAP, &action, 0) == 0);
  traps = 0;
  __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq\n"
                   "nop\nsyscall\nnop\n"
                   "pushfq; andq $~0x100, (%%rsp); popfq"
                   : "+a"(result)::"rcx", "r11", "memory", "cc");
  CHECK_EQ(result, getpid());
  CHECK(traps >= 5 && traps <= 6);
  CHECK_EQ(first_trap_flags & TF, TF);
  uint64_t flags;
  __asm__ volatile("pushfq; pop %0" : "=r"(flags));
  CHECK_EQ(flags & TF, 0);
  action.sa_sigaction = on_fault;
  REQUIRE(sigaction(SIGTRAP, &action, 0) == 0);
}

// AC set: a misaligned access is a bus error for the program (CR0.AM), but not for the kernel on its behalf.
static void check_alignment(void) {
  static uint64_t words[4];
  int signal = FAULT_OF(__asm__ volatile("pushfq; orq $0x40000, (%%rsp); popfq; mov 1(%0), %%rax; push $0x202; popfq" ::"r"(words)
                                         : "rax", "memory", "cc"));
  __asm__ volatile("push $0x202; popfq" ::: "memory", "cc");
  CHECK(signal == SIGBUS || signal == 0);
  if (signal) CHECK_EQ(fault_info.si_code, BUS_ADRALN);

  struct timespec *odd = (void *)((char *)words + 1);
  long result = SYS_clock_gettime;
  uint64_t after;
  __asm__ volatile("pushfq; orq $0x40000, (%%rsp); popfq; syscall; pushfq; pop %[after]; push $0x202; popfq"
                   : "+a"(result), [after] "=&r"(after)
                   : "D"(1l), "S"(odd)
                   : "rcx", "r11", "memory", "cc");
  CHECK_EQ(result, 0);
  CHECK_EQ(after & AC, AC);
}

// A handler starts with DF and TF clear, whatever the program had; the flags come back.
static volatile uint64_t inside;
static void look(int number) {
  uint64_t flags;
  (void)number;
  __asm__ volatile("pushfq; pop %0" : "=r"(flags));
  inside = flags;
}

static void check_handler(void) {
  signal(SIGUSR1, look);
  long result = SYS_kill, pid = getpid();
  uint64_t after;
  __asm__ volatile("push %[flags]; popfq; syscall; pushfq; pop %[after]; push $0x202; popfq"
                   : "+a"(result), [after] "=&r"(after)
                   : [flags] "r"(DF | CF | 0x202), "D"(pid), "S"((long)SIGUSR1)
                   : "rcx", "r11", "memory", "cc");
  CHECK_EQ(result, 0);
  CHECK_EQ(inside & (DF | TF), 0);
  CHECK_EQ(after & (DF | CF), DF | CF);
}

int main(void) {
  catch_faults();
  check_calls();
  check_single_step();
  check_alignment();
  check_handler();
  CHECK_EQ(syscall(SYS_getpid), getpid());
  return finish();
}
