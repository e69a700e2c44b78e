// signal-frame: the frame a handler gets: alignment, saved registers, FP and SIMD, the way back. asm/sigcontext.h, man 2 sigreturn.
#include "records.h"

static volatile int handled;
static ucontext_t seen;
static siginfo_t *info_at;
static ucontext_t *context_at;
static uintptr_t frame_record[2], stack_inside, return_address;
static uint32_t return_code[2];
static __uint128_t seen_v3;
static uint32_t seen_status, seen_control;

static void look(int number, siginfo_t *info, void *pointer) {
  (void)number;
  handled++;
  info_at = info;
  context_at = pointer;
  memcpy(&seen, pointer, offsetof(ucontext_t, uc_mcontext.__reserved));
  uintptr_t *frame = __builtin_frame_address(0);
  // The handler's own frame record points to the one the kernel made, which points to the program's.
  stack_inside = (uintptr_t)frame;
  memcpy(frame_record, (void *)frame[0], sizeof(frame_record));
  return_address = (uintptr_t)__builtin_return_address(0);
  memcpy(return_code, (void *)return_address, sizeof(return_code));

  struct fpsimd_context *state = find_record(pointer, FPSIMD_MAGIC);
  if (!state || state->head.size != sizeof(*state)) return;
  seen_v3 = state->vregs[3];
  seen_status = state->fpsr;
  seen_control = state->fpcr;
  // What a handler writes there is what the program gets.
  memset(&state->vregs[4], 0x44, 16);
  state->fpsr = 1 << 3;
  context_at->uc_mcontext.regs[10] = 0x10101010;
  context_at->uc_mcontext.pstate = (context_at->uc_mcontext.pstate & 0xfffffff) | 0x50000000;
}

static void check_frame(void) {
  static const unsigned char three[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
  unsigned char four[16];
  uint64_t stack, frame, flags, control = 3ul << 22, status_after, killed_here, pid = (uint64_t)getpid();
  register uint64_t x0 __asm__("x0") = pid;
  register uint64_t x1 __asm__("x1") = SIGUSR1;
  register uint64_t x8 __asm__("x8") = SYS_kill;
  register uint64_t x10 __asm__("x10") = 10;
  register uint64_t x19 __asm__("x19") = 0x1919191919191919;
  register uint64_t x28 __asm__("x28") = 0x2828282828282828;
  __asm__ volatile(
      "ldr q3, [%[three]]; msr fpcr, %[control]; mov %[stack], sp; mov %[frame], x29; adr %[here], 1f; cmp xzr, xzr\n"
      "svc 0\n"
      "1: mrs %[flags], nzcv; mrs %[status], fpsr; str q4, [%[four]]; msr fpcr, xzr; msr fpsr, xzr"
      : "+r"(x0), "+r"(x10), "+r"(x19), "+r"(x28), [stack] "=&r"(stack), [frame] "=&r"(frame), [flags] "=&r"(flags),
        [status] "=&r"(status_after), [here] "=&r"(killed_here)
      : "r"(x1), "r"(x8), [control] "r"(control), [three] "r"(three), [four] "r"(four)
      : "memory", "cc", "v3", "v4");
  uint64_t result = x0, x10_after = x10;
  const mcontext_t *machine = &seen.uc_mcontext;
  CHECK_EQ(handled, 1);
  CHECK_EQ(result, 0);
  CHECK_EQ(machine->pc, killed_here);
  CHECK_EQ(machine->sp, stack);
  CHECK_EQ(machine->regs[0], 0);
  CHECK_EQ(machine->regs[1], SIGUSR1);
  CHECK_EQ(machine->regs[8], SYS_kill);
  CHECK_EQ(machine->regs[10], 10);
  CHECK_EQ(machine->regs[19], 0x1919191919191919);
  CHECK_EQ(machine->regs[28], 0x2828282828282828);
  CHECK_EQ(machine->regs[29], frame);
  // Equal and carry, in user mode with nothing masked.
  CHECK_EQ(machine->pstate & 0xf00003df, 0x60000000);

  // siginfo lies first in the frame, then the context; there is no red zone to leave alone.
  CHECK_EQ((uintptr_t)info_at % 16, 0);
  CHECK_EQ((uintptr_t)context_at - (uintptr_t)info_at, sizeof(siginfo_t));
  CHECK_EQ(offsetof(ucontext_t, uc_mcontext), 176);
  CHECK(stack_inside < (uintptr_t)info_at && (uintptr_t)context_at < stack);
  CHECK_EQ(stack_inside % 16, 0);
  CHECK_EQ(frame_record[0], frame);
  // Unwinders recognize the way back by its code: mov x8, __NR_rt_sigreturn; svc 0.
  CHECK_EQ(return_code[0], 0xd2801168);
  CHECK_EQ(return_code[1], 0xd4000001);

  CHECK(memcmp(&seen_v3, three, 16) == 0);
  CHECK_EQ(seen_control, control);
  CHECK_EQ(seen_status, 0);
  for (int i = 0; i < 16; i++) CHECK_EQ(four[i], 0x44);
  CHECK_EQ(status_after, 1 << 3);
  CHECK_EQ(x10_after, 0x10101010);
  CHECK_EQ(flags, 0x50000000);
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
  CHECK(sigismember(&seen.uc_sigmask, SIGTERM) && !sigismember(&seen.uc_sigmask, SIGUSR1));

  action.sa_sigaction = change_mask;
  REQUIRE(sigaction(SIGUSR1, &action, 0) == 0);
  raise(SIGUSR1);
  sigprocmask(SIG_BLOCK, 0, &set);
  CHECK(sigismember(&set, SIGUSR2) && sigismember(&set, SIGTERM) && !sigismember(&set, SIGUSR1));
  return finish();
}
