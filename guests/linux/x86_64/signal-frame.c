// signal-frame: the frame a handler gets: alignment, saved registers, FP state that a debugger can read. man 2 sigreturn.
#include <sys/ucontext.h>

#include "check.h"

static volatile int handled;
static greg_t seen[NGREG];
static uintptr_t stack_inside, frame_flags;
static bool has_magic, has_end_magic;
static unsigned extended_size;
static unsigned char seen_xmm3[16];
static sigset_t seen_mask;

static void look(int number, siginfo_t *info, void *pointer) {
  ucontext_t *context = pointer;
  (void)number, (void)info;
  handled++;
  stack_inside = (uintptr_t)__builtin_frame_address(0);
  memcpy(seen, context->uc_mcontext.gregs, sizeof(seen));
  memcpy(&seen_mask, &context->uc_sigmask, 8);
  frame_flags = context->uc_flags;
  struct _libc_fpstate *state = context->uc_mcontext.fpregs;
  if (!state) return;
  memcpy(seen_xmm3, &state->_xmm[3], 16);
  const struct _fpx_sw_bytes *software = (const void *)((const char *)state + 464);
  has_magic = software->magic1 == FP_XSTATE_MAGIC1;
  extended_size = software->extended_size;
  unsigned end;
  memcpy(&end, (const char *)state + software->xstate_size, 4);
  has_end_magic = end == FP_XSTATE_MAGIC2;
  // What a handler writes there is what the program gets.
  memset(&state->_xmm[4], 0x44, 16);
}

static void check_frame(void) {
  static const unsigned char three[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
  unsigned char four[16];
  uintptr_t stack, pid = (uintptr_t)getpid(), before_rbx;
  uint64_t result = SYS_kill;
  register uint64_t r12 __asm__("r12") = 0x1212121212121212;
  register uint64_t r15 __asm__("r15") = 0x1515151515151515;
  __asm__ volatile(
      "movdqu %[three], %%xmm3; mov %%rsp, %[stack]; mov %%rbx, %[rbx]\n"
      "syscall\n.global killed_here\nkilled_here:\n"
      "movdqu %%xmm4, %[four]"
      : "+a"(result), [four] "=m"(four), [stack] "=&r"(stack), [rbx] "=&r"(before_rbx), "+r"(r12), "+r"(r15)
      : "D"(pid), "S"((long)SIGUSR1), [three] "m"(three)
      : "rcx", "r11", "memory", "xmm3", "xmm4");
  uintptr_t killed_here;
  __asm__("lea killed_here(%%rip), %0" : "=r"(killed_here));
  CHECK_EQ(handled, 1);
  CHECK_EQ(result, 0);
  CHECK_EQ(seen[REG_RIP], killed_here);
  CHECK_EQ(seen[REG_RSP], stack);
  CHECK_EQ(seen[REG_RAX], 0);
  CHECK_EQ(seen[REG_RBX], before_rbx);
  CHECK_EQ(seen[REG_RDI], pid);
  CHECK_EQ(seen[REG_R12], 0x1212121212121212);
  CHECK_EQ(seen[REG_R15], 0x1515151515151515);
  CHECK_EQ(seen[REG_EFL] & 0x200, 0x200);
  // The frame leaves the red zone alone and is aligned as a call leaves it.
  CHECK(stack_inside < stack - 128);
  CHECK_EQ(stack_inside % 16, 0);
  CHECK(memcmp(seen_xmm3, three, 16) == 0);
  CHECK(has_magic && has_end_magic && extended_size > 512);
  CHECK_EQ(frame_flags & 1, 1);
  for (int i = 0; i < 16; i++) CHECK_EQ(four[i], 0x44);
}

// A handler may change the mask that will apply afterwards.
static void change_mask(int number, siginfo_t *info, void *pointer) {
  (void)number, (void)info;
  sigaddset(&((ucontext_t *)pointer)->uc_sigmask, SIGUSR2);
}

int main(void) {
  sigset_t set;
  struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGUSR1, &action, 0) == 0);
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, 0);
  check_frame();
  CHECK(sigismember(&seen_mask, SIGTERM) && !sigismember(&seen_mask, SIGUSR1));

  action.sa_sigaction = change_mask;
  REQUIRE(sigaction(SIGUSR1, &action, 0) == 0);
  raise(SIGUSR1);
  sigprocmask(SIG_BLOCK, 0, &set);
  CHECK(sigismember(&set, SIGUSR2) && sigismember(&set, SIGTERM) && !sigismember(&set, SIGUSR1));
  return finish();
}
