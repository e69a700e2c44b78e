// ptrace-floor.c: what one system call costs when only ptrace(2) answers it: the floor under hv's ptrace platform.
// Prints nanoseconds a call, the median of batches. Arguments: [MILLISECONDS].
//
// The child calls getppid for ever, with the bare instruction; no call is made: PTRACE_SYSEMU stops it at each, and the answer is
// written into its registers. Tracer and child share one CPU, because waking a process on another takes several times as long.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "batches.h"

enum { ANSWER = 1234, BATCH_CALLS = 100 };
// The C library's headers for arm64 lack it; Linux has it there, with this number, since 5.3 (asm/ptrace.h).
enum { SYSEMU = 31 };

// Each call's answer is kept where the tracer finds it at the next call.
#if defined(__x86_64__)
__attribute__((noreturn)) static void call_for_ever(void) {
  __asm__ volatile("1: mov %0, %%eax\n syscall\n mov %%rax, %%rbx\n jmp 1b" : : "i"(SYS_getppid));
  __builtin_unreachable();
}
static void answer(struct user_regs_struct *registers) { registers->rax = ANSWER; }
static int number(const struct user_regs_struct *registers) { return registers->orig_rax; }
static uint64_t kept(const struct user_regs_struct *registers) { return registers->rbx; }
#else
__attribute__((noreturn)) static void call_for_ever(void) {
  __asm__ volatile("mov x8, %0\n 1: svc #0\n mov x19, x0\n b 1b" : : "i"(SYS_getppid));
  __builtin_unreachable();
}
static void answer(struct user_regs_struct *registers) { registers->regs[0] = ANSWER; }
static int number(const struct user_regs_struct *registers) { return registers->regs[8]; }
static uint64_t kept(const struct user_regs_struct *registers) { return registers->regs[19]; }
#endif

static long check(long result, const char *call) {
  if (result >= 0) return result;
  fprintf(stderr, "ptrace-floor: %s: %s\n", call, strerror(errno));
  exit(1);
}

static void pin(void) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(check(sched_getcpu(), "sched_getcpu"), &cpus);
  check(sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
}

static void wait_for(pid_t child, int signal) {
  int status = 0;
  check(waitpid(child, &status, 0), "waitpid");
  if (WIFSTOPPED(status) && WSTOPSIG(status) == signal) return;
  fprintf(stderr, "ptrace-floor: wait status %#x\n", status);
  exit(1);
}

static struct user_regs_struct next_call(pid_t child) {
  struct user_regs_struct registers;
  struct iovec vector = {&registers, sizeof(registers)};
  check(ptrace((enum __ptrace_request)SYSEMU, child, 0, 0), "PTRACE_SYSEMU");
  wait_for(child, SIGTRAP | 0x80);
  check(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &vector), "PTRACE_GETREGSET");
  return registers;
}

static void answer_calls(void *context, int calls) {
  pid_t child = *(pid_t *)context;
  while (calls-- > 0) {
    struct user_regs_struct registers = next_call(child);
    answer(&registers);
    struct iovec vector = {&registers, sizeof(registers)};
    check(ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &vector), "PTRACE_SETREGSET");
  }
}

int main(int argc, char **argv) {
  pin();
  pid_t child = check(fork(), "fork");
  if (child == 0) {
    check(ptrace(PTRACE_TRACEME, 0, 0, 0), "PTRACE_TRACEME");
    // Not with raise, which makes more calls on its way out: only the loop may make calls.
    kill(getpid(), SIGSTOP);
    call_for_ever();
  }
  wait_for(child, SIGSTOP);
  check(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
        "PTRACE_SETOPTIONS");

  printf("%.1f\n",
         median_batch_ns(answer_calls, &child, BATCH_CALLS, argc > 1 ? atoi(argv[1]) : 1000) /
             BATCH_CALLS);
  // The loop must have had its answers; otherwise it was not its call that stopped.
  struct user_regs_struct last = next_call(child);
  return number(&last) == SYS_getppid && kept(&last) == ANSWER ? 0 : 1;
}
