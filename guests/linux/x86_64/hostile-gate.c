// hostile-gate: where programs reach a gate for their calls (ptrace, PVM hosts), nothing that they do to it, its frame or its trampolines harms
// anybody but themselves.
#include <sched.h>
#include <sys/wait.h>

#include "fault.h"

// native/arch/x86_64/layout.h, native/shim/abi.h, native/shim/stub.h
enum { STATE = 0, LISTENING = 4, NUMBER = 8, RESULT = 64, ACTION = 72, CALLER = 80, GATE = 88 };
enum { SAVED_RSP = 0x80, SAVED_RCX = 0x88, SAVED_RFLAGS = 0x90, STACK = 0x98, STACK_TOP = 0x200 };

static uint64_t read_frame(long offset) {
  uint64_t word;
  __asm__ volatile("mov %%gs:(%1), %0" : "=r"(word) : "r"(offset));
  return word;
}

static void write_frame(long offset, uint64_t word) { __asm__ volatile("mov %0, %%gs:(%1)" ::"r"(word), "r"(offset) : "memory"); }

static uint64_t gate;
static uint64_t seed = 88172645463325252;

static uint64_t next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

static const uint64_t addresses[] = {0, 1, 7, 0x1000, 0x7fff00000000, 0x7fff00001000, 0x7fff00003000, 0x7fff00008000, 0x7fffffffffff,
                                     0x800000000000, 0xffff800000000000, -1ull, 1ull << 63};

static uint64_t some_address(void) {
  uint64_t choice = next_random() % (COUNT(addresses) + 3);
  if (choice < COUNT(addresses)) return addresses[choice];
  if (choice == COUNT(addresses)) return gate - next_random() % 256;
  return (uint64_t)(uintptr_t)some_address + next_random() % 65536;
}

// As a patched site does, but with an address of its own choice to go on at.
static void jump_to_gate(uint64_t behind, uint64_t number, uint64_t pointer) {
  __asm__ volatile("mov %%rsp, %%rbx\nmov %[sp], %%rsp\njmp *%[gate]" ::[gate] "r"(gate), "c"(behind), "a"(number), [sp] "r"(pointer)
                   : "rbx", "r11", "memory");
  __builtin_unreachable();
}

static void jump_anywhere(void) {
  catch_faults_on_own_stack();
  for (int i = 0; i < 300; i++) {
    // exit(2) and its like would end the test, rt_sigreturn(2) reads any stack.
    static const uint64_t numbers[] = {SYS_getppid, SYS_gettid, SYS_sched_yield, 9999, -1ull, 1ull << 32};
    uint64_t behind = some_address(), number = numbers[next_random() % COUNT(numbers)];
    FAULT_OF(jump_to_gate(behind, number, next_random() % 2 ? some_address() : 0));
  }
}

// The frame that the first thread began with: its own still, or another's. A stub's says where it is, a window's lies behind the gate.
static volatile uint8_t *find_frame(void) {
  uint64_t stack = read_frame(STACK);
  return (volatile uint8_t *)(stack ? stack - STACK_TOP : gate - gate % 4096 + 4096);
}

static volatile uint8_t *frame;

static int scribble(void *unused) {
  (void)unused;
  static const uint64_t offsets[] = {CALLER, CALLER, CALLER, GATE + 8, RESULT, ACTION, 0x100, 0x1f8};
  for (;;) {
    uint64_t offset = offsets[next_random() % COUNT(offsets)];
    *(volatile uint64_t *)(frame + offset) = some_address();
    write_frame((long)offset, some_address());
  }
  return 0;
}

// Calls that nobody made, answers that nobody gave, and where those that are under way go on.
static int forge(void *unused) {
  (void)unused;
  static const uint32_t calls[] = {SYS_getppid, SYS_gettid, SYS_sched_yield, 9999, 0xffffffff};
  for (;;) {
    *(volatile uint32_t *)(frame + NUMBER) = calls[next_random() % COUNT(calls)];
    *(volatile uint32_t *)(frame + STATE) = (uint32_t)(next_random() % 4);
    // More would be waited for by the program itself.
    if (next_random() % 4 == 0) *(volatile uint32_t *)(frame + LISTENING) = (uint32_t)(next_random() % 1000);
    if (next_random() % 64 == 0) *(volatile uint64_t *)(frame + SAVED_RSP + next_random() % 4 * 8) = some_address();
    for (volatile int i = 0; i < 50; i++) continue;
  }
  return 0;
}

static void call_beside(int (*other)(void *)) {
  static char stack[65536] __attribute__((aligned(16)));
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  frame = find_frame();
  REQUIRE(clone(other, stack + sizeof(stack), flags, 0) > 0);
  for (int i = 0; i < 4000; i++) {
    syscall(SYS_getppid);
    __asm__ volatile("mov $110, %%eax\nsyscall" ::: "rax", "rcx", "r11", "memory");
  }
}

static void call_while_scribbled(void) { call_beside(scribble); }
static void call_while_forged(void) { call_beside(forge); }

// Alone, so that it is listened to: what it finds in its frame it changes itself.
static void forge_own(void) {
  frame = find_frame();
  for (int i = 0; i < 4000; i++) {
    syscall(SYS_getppid);
    static const uint64_t offsets[] = {STATE, SAVED_RCX, SAVED_RFLAGS, SAVED_RSP, RESULT, NUMBER};
    *(volatile uint64_t *)(frame + offsets[next_random() % COUNT(offsets)]) = next_random() % 3;
    __asm__ volatile("mov $110, %%eax\nsyscall" ::: "rax", "rcx", "r11", "memory");
  }
}

// What the sentry is told to patch: every address in turn, with this call.
static void name_callers(void) {
  for (int i = 0; i < 5000; i++) {
    uint64_t caller = next_random() % 2 ? some_address() : (uint64_t)(uintptr_t)name_callers + (uint64_t)i % 512;
    write_frame(CALLER, caller);
    __asm__ volatile("lea 1f(%%rip), %%rcx\njmp *%%gs:%c1\n1:" ::"a"(SYS_getppid), "i"(GATE) : "rcx", "r11", "memory");
  }
}

static void lose_gate(void) {
  for (int i = 0; i < 64; i++) syscall(SYS_getppid);
  write_frame(GATE, some_address());
  catch_faults();
  FAULT_OF(syscall(SYS_getppid));
}

static void lose_trampolines(void) {
  for (int i = 0; i < 64; i++) syscall(SYS_getppid);
  FILE *maps = fopen("/proc/self/maps", "r");
  REQUIRE(maps);
  unsigned long start, end;
  for (char line[512]; fgets(line, sizeof(line), maps);)
    if (strstr(line, "[hv-calls]") && sscanf(line, "%lx-%lx", &start, &end) == 2) CHECK_EQ(munmap((void *)start, end - start), 0);
  fclose(maps);
  for (int i = 0; i < 64; i++) CHECK_EQ(syscall(SYS_getppid), getppid());
}

// A program that starts where this one ended finds nothing of it.
static void leave_traps(void) {
  for (int offset = 0; offset < 4096; offset += 8)
    if (offset >= CALLER) write_frame(offset, 0x6e);
  _exit(0);
}

static void start_innocents(void) {
  for (int i = 0; i < 10; i++) {
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) leave_traps();
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      execl("/proc/self/exe", "innocent", "innocent", (char *)0);
      _exit(9);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
  }
}

// Whatever becomes of it.
static void let(void (*part)(void)) {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);
    part();
    _exit(finish());
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    for (int i = 0; i < 64; i++) CHECK_EQ(syscall(SYS_getppid), getppid());
    return finish();
  }
  catch_faults();
  if (FAULT_OF(gate = read_frame(GATE)) != 0 || gate == 0) return finish();
  pid_t self = getpid();
  let(jump_anywhere);
  let(call_while_scribbled);
  let(call_while_forged);
  let(forge_own);
  let(name_callers);
  let(lose_gate);
  let(lose_trampolines);
  start_innocents();
  CHECK_EQ(getpid(), self);
  CHECK_EQ(read_frame(GATE), gate);
  return finish();
}
