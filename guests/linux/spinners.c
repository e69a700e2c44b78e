// spinners: threads that load, store and fault in pages that one thread takes away and gives back: none ever uses a page that is gone.
#include <pthread.h>
#include <setjmp.h>

#include "processes.h"

#define PAGES 8
#define MOST 3
#define ROUND_NS 250000000ll
#define SECRET 0x5ec2e75ec2e75ec2ul
#define POISON 0xdeadbeefdeadbeeful

typedef volatile unsigned long word;

static char *area;
static volatile bool stop;
static volatile long rounds[MOST], faults[MOST], wrong[MOST];
// The area's state: for `fresh` its content, 0 in between; for `closed` odd while it is closed.
static unsigned long generation;
static __thread sigjmp_buf resume;

static void on_fault(int number) {
  (void)number;
  siglongjmp(resume, 1);
}

static word *page(int i) { return (word *)(area + (size_t)i * PAGE); }
static unsigned long now(void) { return __atomic_load_n(&generation, __ATOMIC_ACQUIRE); }
static void set(unsigned long to) { __atomic_store_n(&generation, to, __ATOMIC_SEQ_CST); }
static unsigned long load(word *from) { return __atomic_load_n(from, __ATOMIC_ACQUIRE); }

// ---- what spinners do once in a page; each counts what it should never see

// Stores poison; loads what it or another spinner stored, or zero: never the secret of the pages that come after.
static void use_unmapped(int self, word *at) {
  unsigned long found = load(at + 8);
  if (found != 0 && found != POISON) wrong[self]++;
  at[8] = POISON;
}

// Counts up in a word of its own.
static void store_own(int self, word *at) { at[64 * self]++; }

static void load_closed(int self, word *at) {
  unsigned long before = now();
  (void)load(at);
  if (before % 2 && now() == before) wrong[self]++;
}

static void load_fresh(int self, word *at) {
  unsigned long before = now(), found = load(at + 16);
  if (before && now() == before && found != before) wrong[self]++;
}

static void load_dropped(int self, word *at) {
  unsigned long before = now(), found = load(at + 16);
  if (before && now() == before && found != 0) wrong[self]++;
}

struct spinner {
  int self;
  void (*once)(int self, word *at);
};

static void *spin(void *argument) {
  struct spinner *spinner = argument;
  volatile int i = 0;
  while (!stop) {
    if (sigsetjmp(resume, 0)) faults[spinner->self]++;
    while (!stop) {
      i = (i + 1) % PAGES;
      spinner->once(spinner->self, page(i));
      rounds[spinner->self]++;
    }
  }
  return 0;
}

// ---- what the changer does, again and again

static void map(char *at, int protection) {
  REQUIRE(mmap(at, PAGES * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
}

// On a busy machine some spinners have had no turn when the time is over: then they get the CPU.
static bool is_over;

static void let_run(int turns) {
  if (is_over) sleep_ms(1);
  for (volatile int i = 0; i < turns; i++) continue;
}

// Other pages, which may well use the same memory, must be zero, and hold only what this thread stored.
static void change_unmapped(void) {
  word *other = (word *)(area + PAGES * PAGE);
  size_t words = PAGES * PAGE / sizeof(word);
  let_run(3000);
  REQUIRE(munmap(area, PAGES * PAGE) == 0);
  map((char *)other, PROT_READ | PROT_WRITE);
  for (size_t i = 0; i < words; i++) CHECK_EQ(other[i], 0);
  for (size_t i = 0; i < words; i++) other[i] = SECRET;
  let_run(3000);
  for (size_t i = 0; i < words; i++) CHECK(other[i] == SECRET);
  REQUIRE(munmap((void *)other, PAGES * PAGE) == 0);
  map(area, PROT_READ | PROT_WRITE);
}

static void check_still(void) {
  unsigned long before[PAGES][MOST];
  for (int i = 0; i < PAGES; i++)
    for (int j = 0; j < MOST; j++) before[i][j] = page(i)[64 * j];
  let_run(3000);
  for (int i = 0; i < PAGES; i++)
    for (int j = 0; j < MOST; j++) CHECK_EQ(page(i)[64 * j], before[i][j]);
}

static void change_read_only(void) {
  let_run(3000);
  REQUIRE(mprotect(area, PAGES * PAGE, PROT_READ) == 0);
  check_still();
  REQUIRE(mprotect(area, PAGES * PAGE, PROT_READ | PROT_WRITE) == 0);
}

static void change_closed(void) {
  let_run(3000);
  REQUIRE(mprotect(area, PAGES * PAGE, PROT_NONE) == 0);
  set(generation + 1);
  let_run(3000);
  set(generation + 1);
  REQUIRE(mprotect(area, PAGES * PAGE, PROT_READ) == 0);
}

static void change_fresh(void) {
  static unsigned long count;
  set(0);
  count++;
  if (count % 2) REQUIRE(munmap(area, PAGES * PAGE) == 0);
  map(area, PROT_READ | PROT_WRITE);
  for (int i = 0; i < PAGES; i++) {
    CHECK_EQ(page(i)[16], 0);
    page(i)[16] = count;
  }
  set(count);
  let_run(3000);
}

static void change_dropped(void) {
  set(0);
  for (int i = 0; i < PAGES; i++) page(i)[16] = SECRET;
  let_run(1000);
  REQUIRE(madvise(area, PAGES * PAGE, MADV_DONTNEED) == 0);
  set(now_ns() | 1);
  let_run(3000);
}

static bool all_ran(int spinners, bool should_fault) {
  for (int i = 0; i < spinners; i++)
    if (!rounds[i] || (should_fault && !faults[i])) return false;
  return true;
}

static void check(int spinners, void (*once)(int, word *), void (*change)(void), bool should_fault) {
  pthread_t threads[MOST];
  struct spinner all[MOST];
  memset((void *)rounds, 0, sizeof(rounds)), memset((void *)faults, 0, sizeof(faults)), memset((void *)wrong, 0, sizeof(wrong));
  set(0), stop = is_over = false;
  map(area, PROT_READ | PROT_WRITE);
  for (int i = 0; i < spinners; i++) {
    all[i] = (struct spinner){i, once};
    REQUIRE(pthread_create(&threads[i], 0, spin, &all[i]) == 0);
  }
  long long start = now_ns();
  while (now_ns() < start + ROUND_NS) change();
  is_over = true;
  while (!all_ran(spinners, should_fault) && now_ns() < start + 20000000000ll) change();
  CHECK(all_ran(spinners, should_fault));
  stop = true;
  for (int i = 0; i < spinners; i++) {
    pthread_join(threads[i], 0);
    CHECK_EQ(wrong[i], 0);
  }
}

int main(void) {
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
  limit_time();
  REQUIRE(sigaction(SIGSEGV, &action, 0) == 0);
  area = mmap(0, 2 * PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED);
  for (int spinners = 1; spinners <= MOST; spinners += 2) {
    check(spinners, use_unmapped, change_unmapped, true);
    check(spinners, store_own, change_read_only, true);
    check(spinners, load_closed, change_closed, true);
    check(spinners, load_fresh, change_fresh, false);
    check(spinners, load_dropped, change_dropped, false);
  }
  return finish();
}
