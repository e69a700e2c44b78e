// call-code.h: for call-sites.h: x86_64's code that makes the call CALL, and what a call must leave alone here.
#pragma once
#include <asm/prctl.h>

#define TEXT_OF(number) #number
// With PADDED, there is a nop between the number and the call, and padding in reach: cs nopw 0(%rax,%rax,1), which is also executed.
#ifdef PADDED
#define GAP "nop\n"
#define PAD ".byte 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0\n"
#define GAP_BYTES 0x90,
#define PAD_BYTES , 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0
enum { GAP_STEPS = 1 };
#else
#define GAP ""
#define PAD ""
#define GAP_BYTES
#define PAD_BYTES
enum { GAP_STEPS = 0 };
#endif
#define MOV(number) "mov $" TEXT_OF(number) ", %%eax\n" GAP
#define TOP_MOV(number) "mov $" TEXT_OF(number) ", %eax\n" GAP

// Between the call and `behind_call` is a nop, which SYSCALL's step includes. The code that is moved and written has a page of its own.
__asm__(
    ".text\n.balign 4096\n.global code, behind_call, call_itself, spin, spin_end, code_end\n"
    // long code(void)
    "code:\n"
    TOP_MOV(CALL) "call_itself: syscall\n"
    "nop\n"
    "behind_call: ret\n" PAD
    // void spin(long *count): calls for ever
    ".balign 16\n"
    "spin:\n"
    "1:\n" TOP_MOV(CALL) "syscall\n"
    PAD "incq (%rdi)\njmp 1b\n"
    "spin_end:\n"
    ".balign 4096\ncode_end:\n");

#define SITE_CODE(number) {0xb8, number, 0, 0, 0, GAP_BYTES 0x0f, 0x05, 0x90, 0xc3 PAD_BYTES}

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
      MOV(CALL) "syscall\n" PAD
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
  // IF and the bit that is always 1; then CF, PF, ZF, SF, DF, OF and AC, one call after the other.
  static const uint64_t flags[] = {0x202, 0x203, 0x206, 0x242, 0x282, 0x602, 0xa02, 0xed7};
  uint64_t behind = 0;
  for (uint64_t i = 0; i < OFTEN; i++) {
    struct result result = call_with(0x0123456789abcdef * (i + 1), flags[i % COUNT(flags)]);
    if (i > 0) CHECK_EQ(result.rcx, behind);
    behind = result.rcx;
    // What makes room for a call without padding is in front of it.
    if (!GAP_STEPS) CHECK(memcmp((char *)behind - 2, "\x0f\x05", 2) == 0);
  }
}

// A stack pointer that leads nowhere is the program's own business.
static void check_stack_pointers(void) {
  static const uint64_t pointers[] = {0, 8, 0x7fff00001800, 0xdeadbeefdeadbeef, -1ull};
  for (int i = 0; i < OFTEN; i++) {
    uint64_t result, pointer = pointers[(size_t)i % COUNT(pointers)], after = pointer;
    __asm__ volatile("mov %%rsp, %%r12\nmov %[sp], %%rsp\n" MOV(CALL) "syscall\n" PAD "mov %%rsp, %[sp]\nmov %%r12, %%rsp\n"
                     : "=&a"(result), [sp] "+r"(after)::"rcx", "r11", "r12", "memory", "cc");
    CHECK_EQ(after, pointer);
    CHECK_EQ(result, RESULT());
  }
}

// The call itself is still there for code that jumps to it with another number.
static void check_jump_behind(void) {
  for (int i = 0; i < OFTEN; i++) {
    long result;
    __asm__ volatile("call *%[call]" : "=a"(result) : "a"(SYS_getpid), [call] "r"(call_itself) : "rcx", "r11", "memory", "cc");
    CHECK_EQ(result, getpid());
  }
}

static volatile int steps;
static uintptr_t stepped[16];

static void on_step(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  if (steps < (int)COUNT(stepped)) stepped[steps++] = *context_pc(context);
}

// Each instruction is one step, at its own address.
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
    CHECK_EQ(stepped[1 + GAP_STEPS], (uintptr_t)call_itself);
    CHECK_EQ(stepped[2 + GAP_STEPS], (uintptr_t)behind_call);
  }
}

// A program that sets a GS base of its own keeps it.
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

static void check_architecture(void) {
  check(check_registers);
  check(check_stack_pointers);
  check(check_jump_behind);
  check(check_single_steps);
  check(check_gs);
}
