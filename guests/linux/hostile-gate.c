// hostile-gate: where programs can reach a gate for their calls (ptrace, PVM hosts), they harm only themselves, whatever they do to it,
// its frame or its trampolines.
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "fault.h"
#include "gate-frame.h"

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

static void jump_anywhere(void) {
  catch_faults_on_own_stack();
  for (int i = 0; i < 300; i++) {
    // exit(2) and its like would end the test; rt_sigreturn(2) reads any stack.
    static const uint64_t numbers[] = {SYS_getppid, SYS_gettid, SYS_sched_yield, 9999, -1ull, 1ull << 32};
    uint64_t behind = some_address(), number = numbers[next_random() % COUNT(numbers)];
    FAULT_OF(jump_to_gate(gate, behind, number, next_random() % 2 ? some_address() : 0));
  }
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

// Calls that were never made, answers that were never given, and places where calls under way continue.
static int forge(void *unused) {
  (void)unused;
  static const uint32_t calls[] = {SYS_getppid, SYS_gettid, SYS_sched_yield, 9999, 0xffffffff};
  for (;;) {
    *(volatile uint32_t *)(frame + NUMBER) = calls[next_random() % COUNT(calls)];
    *(volatile uint32_t *)(frame + STATE) = (uint32_t)(next_random() % 4);
    // With more, the program itself would wait.
    if (next_random() % 4 == 0) *(volatile uint32_t *)(frame + POLLING) = (uint32_t)(next_random() % 1000);
    if (next_random() % 64 == 0) *(volatile uint64_t *)(frame + SAVED + next_random() % (SAVED_WORDS + 1) * 8) = some_address();
    for (volatile int i = 0; i < 50; i++) continue;
  }
  return 0;
}

static void call_beside(int (*other)(void *)) {
  static char stack[65536] __attribute__((aligned(16)));
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  frame = find_frame(gate);
  REQUIRE(clone(other, stack + sizeof(stack), flags, 0) > 0);
  for (int i = 0; i < 4000; i++) {
    syscall(SYS_getppid);
    call_at_frame(frame);
  }
}

static void call_while_scribbled(void) { call_beside(scribble); }
static void call_while_forged(void) { call_beside(forge); }

// Alone, so that the sentry polls it: it changes its own frame's contents itself.
static void forge_own(void) {
  frame = find_frame(gate);
  for (int i = 0; i < 4000; i++) {
    syscall(SYS_getppid);
    static const uint64_t offsets[] = {STATE, RESULT, NUMBER, SAVED};
    uint64_t choice = next_random() % (3 + SAVED_WORDS), more = choice < 3 ? 0 : choice - 3;
    *(volatile uint64_t *)(frame + offsets[choice - more] + 8 * more) = next_random() % 3;
    call_at_frame(frame);
  }
}

static void lose_gate(void) {
  for (int i = 0; i < 64; i++) syscall(SYS_getppid);
  write_frame(GATE, some_address());
  catch_faults();
  FAULT_OF(syscall(SYS_getppid));
}

// For each page of trampolines, with calls that come from there.
static void each_trampolines(void (*lose)(void *page, size_t length)) {
  for (int i = 0; i < 64; i++) {
    syscall(SYS_getppid);
    void *page = mmap(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(mprotect(page, PAGE, PROT_READ), 0);
    CHECK_EQ(munmap(page, PAGE), 0);
  }
  FILE *maps = fopen("/proc/self/maps", "r");
  REQUIRE(maps);
  unsigned long start, end;
  for (char line[512]; fgets(line, sizeof(line), maps);)
    if (strstr(line, "[hv-calls]") && sscanf(line, "%lx-%lx", &start, &end) == 2) lose((void *)start, end - start);
  fclose(maps);
  for (int i = 0; i < 64; i++) CHECK_EQ(syscall(SYS_getppid), getppid());
}

static void unmap(void *page, size_t length) { CHECK_EQ(munmap(page, length), 0); }
static void make_data(void *page, size_t length) { CHECK_EQ(mprotect(page, length, PROT_READ | PROT_WRITE), 0); }
static void cover(void *page, size_t length) {
  CHECK(mmap(page, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page);
}
static void lose_trampolines(void) { each_trampolines(unmap); }
static void write_trampolines(void) { each_trampolines(make_data); }
static void cover_trampolines(void) { each_trampolines(cover); }

// A program that starts after this one ended finds no trace of it.
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

static int status_of(void (*part)(void)) {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);
    part();
    _exit(finish());
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  return status;
}

static void (*silent_part)(void);

static void run_silently(void) {
  int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, 1);
  dup2(nowhere, 2);
  silent_part();
}

// However it ends, and whatever it prints: it may have jumped into the end of main, or forged a write(2).
static void let(void (*part)(void)) {
  silent_part = part;
  status_of(run_silently);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    for (int i = 0; i < 64; i++) CHECK_EQ(syscall(SYS_getppid), getppid());
    return finish();
  }
  catch_faults();
  gate = find_gate();
  if (gate == 0) return finish();
  pid_t self = getpid();
  let(jump_anywhere);
  let(call_while_scribbled);
  let(call_while_forged);
  let(forge_own);
  ALSO(let);
  let(lose_gate);
  CHECK_EQ(status_of(lose_trampolines), 0);
  CHECK_EQ(status_of(write_trampolines), 0);
  CHECK_EQ(status_of(cover_trampolines), 0);
  start_innocents();
  CHECK_EQ(getpid(), self);
  CHECK_EQ(find_gate(), gate);
  return finish();
}
