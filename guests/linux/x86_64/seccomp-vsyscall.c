// seccomp-vsyscall: filters over calls that jump into the vsyscall page. The kernel's arch/x86/entry/vsyscall/vsyscall_64.c.
#include "filter.h"
#include "processes.h"

#define TIME 0xffffffffff600400ul

static siginfo_t trap;
static uintptr_t trap_pc;

static void on_trap(int number, siginfo_t *info, void *context) {
  (void)number;
  trap = *info;
  trap_pc = *context_pc(context);
}

static long vsyscall_time(void *stored) { return ((long (*)(void *))TIME)(stored); }

static void errors(void) {
  time_t now = vsyscall_time(0);
  CHECK(now > 0);
  CHECK_EQ(answer(0, SYS_time, SECCOMP_RET_ERRNO | EFAULT), 0);
  // It does not fault, as it would if the call failed so.
  CHECK_EQ(vsyscall_time(0), -EFAULT);
}

static void traps(void) {
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGSYS, &action, 0) == 0);
  CHECK_EQ(answer(0, SYS_time, SECCOMP_RET_TRAP | 5), 0);
  CHECK_EQ(vsyscall_time(0), SYS_time);
  CHECK_EQ(trap.si_signo, SIGSYS);
  CHECK_EQ(trap.si_errno, 5);
  CHECK_EQ(trap.si_syscall, SYS_time);
  CHECK_EQ((uintptr_t)trap.si_call_addr, TIME);
  // The handler sees the caller.
  CHECK(llabs((long long)(trap_pc - (uintptr_t)traps)) < 1 << 20);
}

static void address(void) {
  const struct sock_filter program[] = {
      LOAD(offsetof(struct seccomp_data, instruction_pointer)), UNLESS_EQUAL((uint32_t)TIME, 3),
      LOAD(offsetof(struct seccomp_data, instruction_pointer) + 4), UNLESS_EQUAL((uint32_t)(TIME >> 32), 1),
      RETURN(SECCOMP_RET_ERRNO | EXDEV), RETURN(SECCOMP_RET_ALLOW)};
  CHECK_EQ(set_filter(0, program, COUNT(program)), 0);
  CHECK_EQ(vsyscall_time(0), -EXDEV);
  CHECK(syscall(SYS_time, 0) > 0);
}

static void killed(void) {
  CHECK_EQ(answer(0, SYS_time, SECCOMP_RET_KILL_PROCESS), 0);
  vsyscall_time(0);
}

static void strictly_killed(void) {
  REQUIRE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
  vsyscall_time(0);
}

int main(void) {
  limit_time();
  renounce_privileges();
  CHECK_IN_CHILD errors();
  CHECK_IN_CHILD traps();
  CHECK_IN_CHILD address();
  CHECK_EQ(ended(CHILD(killed())), 128 + SIGSYS);
  CHECK_EQ(ended(CHILD(strictly_killed())), 128 + SIGKILL);
  return finish();
}
