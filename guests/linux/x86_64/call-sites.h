// call-sites.h: the guests call-sites and known-call-sites, for a call without arguments: its number, CALL, and the function of the C
// library, RESULT.
#pragma once
#include <asm/prctl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "fault.h"

#define OFTEN 64

#define TEXT_OF(number) #number
#define MOV(number) "mov $" TEXT_OF(number) ", %%eax\n"
#define TOP_MOV(number) "mov $" TEXT_OF(number) ", %eax\n"

// Between the call and `behind_call` stands a nop, which SYSCALL's step includes. A page of its own for the code that is moved and written.
__asm__(
    ".text\n.balign 4096\n.global code, behind_call, call_itself, spin, spin_end, code_end\n"
    // long code(void)
    "code:\n"
    TOP_MOV(CALL) "call_itself: syscall\n"
    "nop\n"
    "behind_call: ret\n"
    // void spin(long *count): calls for ever
    ".balign 16\n"
    "spin:\n"
    "1:\n" TOP_MOV(CALL) "syscall\n"
    "incq (%rdi)\njmp 1b\n"
    "spin_end:\n"
    ".balign 4096\ncode_end:\n");
long code(void);
void spin(volatile long *count);
extern char behind_call[], call_itself[], spin_end[], code_end[];

static void call_often(long (*call)(void)) {
  for (int i = 0; i < OFTEN; i++) CHECK_EQ(call(), RESULT());
}

struct result {
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, flags, red_zone;
};

// The call with these registers and flags, and a red zone.
static struct result call_with(uint64_t seed, uint64_t flags) {
  struct result out;
  uint64_t words[9];
  for (size_t i = 0; i < COUNT(words); i++) words[i] = seed * (i + 3);
  __asm__ volatile(
      "push %%rbp\npush %[flags]\npush %[out]\n"
      "mov (%[in]), %%rbx\nmov 8(%[in]), %%rdx\nmov 16(%[in]), %%rdi\nmov 24(%[in]), %%rbp\n"
      "mov 32(%[in]), %%r8\nmov 40(%[in]), %%r9\nmov 48(%[in]), %%r10\nmov 56(%[in]), %%r12\n"
      "mov %%r8, -8(%%rsp)\n"
      "mov 8(%%rsp), %%rsi\nmov %%rsi, -16(%%rsp)\nlea -16(%%rsp), %%rsp\npopfq\nlea 8(%%rsp), %%rsp\n"
      "mov $0x5151, %%esi\n"
      "mov %%r8, -8(%%rsp)\n"
      MOV(CALL) "syscall\n"
      "xchg %%rax, (%%rsp)\n"
      "mov %%rbx, 8(%%rax)\nmov %%rcx, 16(%%rax)\nmov %%rdx, 24(%%rax)\nmov %%rsi, 32(%%rax)\nmov %%rdi, 40(%%rax)\n"
      "mov %%rbp, 48(%%rax)\nmov %%r8, 56(%%rax)\nmov %%r9, 64(%%rax)\nmov %%r10, 72(%%rax)\nmov %%r11, 80(%%rax)\n"
      "mov %%r12, 88(%%rax)\nmov -8(%%rsp), %%rbx\nmov %%rbx, 104(%%rax)\n"
      "pushfq\npop 96(%%rax)\ncld\n"
      "pop (%%rax)\nadd $8, %%rsp\npop %%rbp\n"
      :
      : [flags] "r"(flags), [out] "r"(&out), [in] "a"(words)
      : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "memory", "cc");
  for (size_t i = 0; i < COUNT(words); i++) words[i] = seed * (i + 3);
  CHECK_EQ(out.rbx, words[0]);
  CHECK_EQ(out.rdx, words[1]);
  CHECK_EQ(out.rsi, 0x5151);
  CHECK_EQ(out.rdi, words[2]);
  CHECK_EQ(out.rbp, words[3]);
  CHECK_EQ(out.r8, words[4]);
  CHECK_EQ(out.r9, words[5]);
  CHECK_EQ(out.r10, words[6]);
  CHECK_EQ(out.r12, words[7]);
  CHECK_EQ(out.flags, flags);
  CHECK_EQ(out.r11, flags);
  CHECK_EQ(out.red_zone, words[4]);
  CHECK_EQ(out.rax, RESULT());
  return out;
}

static void check_registers(void) {
  // IF and the bit that is always 1; then CF, PF, ZF, SF, DF, OF and AC of a call after the other.
  static const uint64_t flags[] = {0x202, 0x203, 0x206, 0x242, 0x282, 0x602, 0xa02, 0xed7};
  uint64_t behind = 0;
  for (uint64_t i = 0; i < OFTEN; i++) {
    struct result result = call_with(0x0123456789abcdef * (i + 1), flags[i % COUNT(flags)]);
    if (i > 0) CHECK_EQ(result.rcx, behind);
    behind = result.rcx;
    CHECK(memcmp((char *)behind - 2, "\x0f\x05", 2) == 0);
  }
}

// A stack pointer that leads nowhere is the program's own business.
static void check_stack_pointers(void) {
  static const uint64_t pointers[] = {0, 8, 0x7fff00001800, 0xdeadbeefdeadbeef, -1ull};
  for (int i = 0; i < OFTEN; i++) {
    uint64_t result, pointer = pointers[(size_t)i % COUNT(pointers)], after = pointer;
    __asm__ volatile("mov %%rsp, %%r12\nmov %[sp], %%rsp\n" MOV(CALL) "syscall\nmov %%rsp, %[sp]\nmov %%r12, %%rsp\n"
                     : "=&a"(result), [sp] "+r"(after)::"rcx", "r11", "r12", "memory", "cc");
    CHECK_EQ(after, pointer);
    CHECK_EQ(result, RESULT());
  }
}

// The call itself is still there for who jumps to it, with a number of his own.
static void check_jump_behind(void) {
  for (int i = 0; i < OFTEN; i++) {
    long result;
    __asm__ volatile("call *%[call]" : "=a"(result) : "a"(SYS_getpid), [call] "r"(call_itself) : "rcx", "r11", "memory", "cc");
    CHECK_EQ(result, getpid());
  }
}

static volatile int ticks, strays;
static volatile long spins;

static void on_tick(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  // On a slow machine some come before it spins, and after the last one that counts.
  if (spins == 0 || ticks == 30) return;
  uintptr_t pc = *context_pc(context);
  if (pc < (uintptr_t)spin || pc >= (uintptr_t)spin_end) strays++;
  if (++ticks == 30) siglongjmp(fault_resume, 1);
}

// Where a signal comes, nothing but the program's own code is to be seen.
static void check_signals(void) {
  struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
  spins = 0;
  if (sigsetjmp(fault_resume, 1) == 0) {
    REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
    spin(&spins);
  }
  REQUIRE(setitimer(ITIMER_REAL, &never, 0) == 0);
  CHECK_EQ(ticks, 30);
  CHECK_EQ(strays, 0);
}

// A call that a signal interrupts ends, or is made anew.
static void on_alarm(int number) { (void)number, ticks++; }

static void check_restarts(void) {
  int ends[2];
  char byte;
  REQUIRE(pipe(ends) == 0);
  for (int i = 0; i < OFTEN; i++) {
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
  }
  // The first one may come before it reads.
  struct itimerval often = {{0, 100000}, {0, 3000}}, once = {{0, 0}, {0, 3000}}, never = {{0, 0}, {0, 0}};
  struct sigaction action = {.sa_handler = on_alarm};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  ticks = 0;
  REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
  CHECK_ERRNO(read(ends[0], &byte, 1), EINTR);
  REQUIRE(setitimer(ITIMER_REAL, &never, 0) == 0);
  CHECK(ticks > 0);

  action.sa_flags = SA_RESTART;
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    usleep(30000);
    _exit(write(ends[1], "y", 1) != 1);
  }
  ticks = 0;
  REQUIRE(setitimer(ITIMER_REAL, &once, 0) == 0);
  CHECK_EQ(read(ends[0], &byte, 1), 1);
  CHECK_EQ(byte, 'y');
  // A slow machine reads first.
  while (ticks == 0) continue;
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  close(ends[0]);
  close(ends[1]);
}

// The child makes its calls where its parent did.
static void check_forks(void) {
  for (int i = 0; i < 4; i++) {
    pid_t parent = getpid(), child = i % 2 ? vfork() : fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(code() == RESULT() && getppid() == parent ? 0 : 1);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
  }
}

static int thread_main(void *done) {
  for (int i = 0; i < OFTEN; i++) CHECK_EQ(code(), RESULT());
  *(volatile int *)done = 1;
  return 0;
}

static void check_threads(void) {
  static char stacks[4][16384] __attribute__((aligned(16)));
  volatile int done[4] = {0}, tids[4];
  for (size_t i = 0; i < 4; i++) {
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
    tids[i] = 1;
    REQUIRE(clone(thread_main, stacks[i] + sizeof(stacks[i]), flags, (void *)&done[i], 0, 0, (int *)&tids[i]) > 0);
  }
  for (size_t i = 0; i < 4; i++) {
    for (int tid; (tid = tids[i]) != 0;) syscall(SYS_futex, &tids[i], FUTEX_WAIT, tid, 0, 0, 0);
    CHECK(done[i]);
  }
}

static volatile int steps;
static uintptr_t stepped[16];

static void on_step(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  if (steps < (int)COUNT(stepped)) stepped[steps++] = *context_pc(context);
}

// Each instruction is a step, where it stands.
static void check_single_steps(void) {
  struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGTRAP, &action, 0) == 0);
  call_often(code);
  for (int i = 0; i < 2; i++) {
    steps = 0;
    __asm__ volatile("lea -128(%%rsp), %%rsp\npushfq\norq $0x100, (%%rsp)\npopfq\ncall code\npushfq\nandq $~0x100, (%%rsp)\npopfq\n"
                     "lea 128(%%rsp), %%rsp" ::
                         : "rax", "rcx", "r11", "memory", "cc");
    CHECK_EQ(stepped[0], (uintptr_t)code);
    CHECK_EQ(stepped[1], (uintptr_t)call_itself);
    CHECK_EQ(stepped[2], (uintptr_t)behind_call);
  }
}

// Code that can be written is what its file says; and goes on to be called.
static void check_code(void) {
  static const unsigned char own_code[] = {0xb8, CALL, 0, 0, 0, 0x0f, 0x05, 0x90, 0xc3};
  size_t length = (size_t)(code_end - (char *)code);
  call_often(code);
  CHECK_EQ(mprotect((void *)code, length, PROT_READ | PROT_WRITE), 0);
  CHECK(memcmp((void *)code, own_code, sizeof(own_code)) == 0);
  CHECK_EQ(mprotect((void *)code, length, PROT_READ | PROT_EXEC), 0);
  call_often(code);

  CHECK_EQ(madvise((void *)code, length, MADV_DONTNEED), 0);
  call_often(code);

  char *place = mmap(0, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(place != MAP_FAILED);
  REQUIRE(mremap((void *)code, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
  CHECK(memcmp(place, own_code, sizeof(own_code)) == 0);
  call_often((long (*)(void))place);
  REQUIRE(mremap(place, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, code) == (void *)code);
  call_often(code);

  // From here it is another program's: getpid.
  CHECK_EQ(mprotect((void *)code, length, PROT_READ | PROT_WRITE), 0);
  ((volatile unsigned char *)code)[1] = SYS_getpid;
  CHECK_EQ(mprotect((void *)code, length, PROT_READ | PROT_EXEC), 0);
  for (int i = 0; i < OFTEN; i++) CHECK_EQ(code(), getpid());
}

// What the program wrote into its code stays, whoever forks and calls there.
static void check_written_code(void) {
  size_t length = (size_t)(code_end - (char *)code);
  REQUIRE(mprotect((void *)code, length, PROT_READ | PROT_WRITE) == 0);
  ((volatile unsigned char *)code)[1] = SYS_getpid;
  REQUIRE(mprotect((void *)code, length, PROT_READ | PROT_EXEC) == 0);
  for (int i = 0; i < 2; i++) {
    pid_t child = fork();
    REQUIRE(child >= 0);
    for (int j = 0; j < OFTEN; j++) CHECK_EQ(code(), getpid());
    REQUIRE(mprotect((void *)code, length, PROT_READ | PROT_WRITE) == 0);
    REQUIRE(mprotect((void *)code, length, PROT_READ | PROT_EXEC) == 0);
    CHECK_EQ(code(), getpid());
    if (child == 0) _exit(finish());
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
  }
}

// A private mapping follows its file as long as nobody writes there.
static void check_file(void) {
  static const unsigned char file_code[] = {0xb8, CALL, 0, 0, 0, 0x0f, 0x05, 0xc3};
  int fd = memfd_create("code", 0);
  REQUIRE(ftruncate(fd, (off_t)PAGE) == 0 && pwrite(fd, file_code, sizeof(file_code), 64) == sizeof(file_code));
  char *mapped = mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  REQUIRE(mapped != MAP_FAILED);
  call_often((long (*)(void))(mapped + 64));
  unsigned char number = SYS_getpid;
  REQUIRE(pwrite(fd, &number, 1, 65) == 1);
  for (int i = 0; i < OFTEN; i++) CHECK_EQ(((long (*)(void))(mapped + 64))(), getpid());
  REQUIRE(ftruncate(fd, 70) == 0);
  CHECK_EQ(mapped[70], 0);
}

// Whoever has a GS base of his own keeps it.
static void check_gs(void) {
  unsigned long base = 1, words[2] = {0x1234, 0x5678}, word;
  CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_GS, &base), 0);
  CHECK_EQ(base, 0);
  REQUIRE(syscall(SYS_arch_prctl, ARCH_SET_GS, words) == 0);
  for (int i = 0; i < OFTEN; i++) CHECK_EQ(syscall(SYS_getppid), getppid());
  __asm__ volatile("mov %%gs:8, %0" : "=r"(word));
  CHECK_EQ(word, 0x5678);
  CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_GS, &base), 0);
  CHECK_EQ(base, (unsigned long)words);
  REQUIRE(syscall(SYS_arch_prctl, ARCH_SET_GS, 0) == 0);
  CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_GS, &base), 0);
  CHECK_EQ(base, 0);
}

// In a process of its own, with the sites that were patched before.
static void check(void (*part)(void)) {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    part();
    _exit(finish());
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

int main(void) {
  call_often(code);
  check(check_registers);
  check(check_stack_pointers);
  check(check_jump_behind);
  check(check_signals);
  check(check_restarts);
  check(check_forks);
  check(check_threads);
  check(check_single_steps);
  check(check_gs);
  check(check_code);
  check(check_written_code);
  check(check_file);
  return finish();
}
