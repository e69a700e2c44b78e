// thread-pointer: TPIDR_EL0 is the program's own, through system calls, faults and handlers. Arm ARM, TPIDR_EL0.
#include "fault.h"

static __thread int thread_local_value = 77;

static uint64_t thread_pointer(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
  return value;
}

static void set_thread_pointer(uint64_t value) { __asm__ volatile("msr tpidr_el0, %0" ::"r"(value) : "memory"); }

static uint64_t inside, set_inside;

// Touches no thread-local variable: errno is one.
static void look(int number, siginfo_t *info, void *context) {
  (void)info;
  inside = thread_pointer();
  if (set_inside) set_thread_pointer(set_inside);
  if (number == SIGILL) *context_pc(context) += 4;
}

int main(void) {
  static const uint64_t none[6];
  static const uint64_t values[] = {0, 1, 0x1234567890abcdef, 0x8000000000000000, 0xffff800000001000, ~0ul};
  struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGILL, &action, 0) == 0 && sigaction(SIGUSR1, &action, 0) == 0);
  const uint64_t usual = thread_pointer(), to_itself[6] = {(uint64_t)getpid(), SIGUSR1};

  CHECK(usual != 0);
  CHECK_EQ(thread_local_value, 77);
  for (size_t i = 0; i < COUNT(values); i++) {
    uint64_t after[4], seen[2];
    set_inside = 0;
    set_thread_pointer(values[i]);
    after[0] = thread_pointer();
    raw_call(SYS_getpid, none);
    after[1] = thread_pointer();
    raw_call(SYS_sched_yield, none);
    after[2] = thread_pointer();
    __asm__ volatile("udf 0" ::: "memory");
    seen[0] = inside;
    after[3] = thread_pointer();
    // It is not part of a signal's frame: a value that a handler sets stays.
    set_inside = 0x4711;
    raw_call(SYS_kill, to_itself);
    seen[1] = inside;
    uint64_t left = thread_pointer();
    set_thread_pointer(usual);

    for (size_t j = 0; j < COUNT(after); j++) CHECK_EQ(after[j], values[i]);
    CHECK_EQ(seen[0], values[i]);
    CHECK_EQ(seen[1], values[i]);
    CHECK_EQ(left, 0x4711);
  }

  // The read-only one is for the kernel to write; it is 0 for a 64-bit program.
  uint64_t read_only;
  __asm__ volatile("mrs %0, tpidrro_el0" : "=r"(read_only));
  CHECK_EQ(read_only, 0);
  catch_faults();
  CHECK_EQ(FAULT_OF(__asm__ volatile("msr tpidrro_el0, xzr")), SIGILL);
  return finish();
}
