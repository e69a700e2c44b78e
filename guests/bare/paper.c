// paper BENCHMARK: a microbenchmark of Dall et al., ARM Virtualization (ISCA 2016), table II, or of their Optimizing the Design
// and Implementation of the Linux ARM Hypervisor (ATC 2017), table 2. ci/bench/paper-vm.mjs is the host's side, and says how.

#include "paper.h"

#include "machine.h"

// The guest's messages through its doorbell; with `out` they are numbers from 0 on.
enum { MARK = 0xfffffffd, COMPARE = 0xfffffffe, DONE = 0xffffffff };
// `request` of the mailbox: the clocks have been compared.
enum { LEAVE = 0xffffffff };
// More batches of what KVM answers, which is quick.
enum { BATCHES = 400, BATCHES_OF_QUESTIONS = 100, BATCH = 50 };

#define LOAD(word) __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define STORE(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELEASE)

static long completion_ticks;

static int is(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) a++, b++;
  return *a == *b;
}

// The clock's own cost is taken off: the figure is how much longer one reading takes with the completion in it than without.
void on_interrupt(unsigned long interrupt, unsigned long now) {
  unsigned long first = counter();
  unsigned long before = counter();
  complete(interrupt);
  unsigned long after = counter();
  completion_ticks += (long)(after - before) - (long)(before - first);
  mailbox->stamp = now;
  STORE(mailbox->taken, mailbox->taken + 1);
}

// Both clocks at one moment: within an exit of each other, which is enough to compare their rates; or closer, by many questions.
static void mark_clocks(int compares) {
  mailbox->counter = counter();
  ring(compares ? COMPARE : MARK);
  if (!compares) return;
  for (;;) {
    unsigned request = LOAD(mailbox->request);
    if (request == LEAVE) return;
    if (request == mailbox->reply) {
      relax();
      continue;
    }
    mailbox->counter = counter();
    STORE(mailbox->reply, request);
  }
}

// A macro, because a call through a pointer would be part of the figure.
#define MEASURE(operation, batches)                      \
  for (int batch = 0; batch < batches; batch++) {        \
    unsigned long begun = counter();                     \
    for (int i = 0; i < BATCH; i++) operation;           \
    mailbox->samples[batch] = (long)(counter() - begun); \
  }

static void interrupt_itself(void) {
  unsigned taken = mailbox->taken;
  send_interrupt(0);
  while (LOAD(mailbox->taken) == taken) continue;
}

static void measure_completion(void) {
  let_interrupts();
  for (int batch = 0; batch < BATCHES; batch++) {
    completion_ticks = 0;
    for (int i = 0; i < BATCH; i++) interrupt_itself();
    mailbox->samples[batch] = completion_ticks;
  }
}

void be_second(void) {
  let_interrupts();
  STORE(mailbox->ready, 1);
  for (;;) relax();
}

static void measure_ipi(void) {
  start_second();
  while (!LOAD(mailbox->ready)) relax();
  for (unsigned i = 0; i < mailbox->events; i++) {
    unsigned long sent = counter();
    send_interrupt(1);
    while (LOAD(mailbox->taken) == i) relax();
    mailbox->samples[i] = (long)(mailbox->stamp - sent);
  }
}

static void measure_out(void) {
  for (unsigned i = 0; i < mailbox->events; i++) {
    mailbox->stamp = counter();
    ring(i);
  }
}

// The host counts what it has sent: `taken` tells it when to send the next one.
static void take_interrupts(int waits) {
  let_interrupts();
  STORE(mailbox->ready, 1);
  while (LOAD(mailbox->taken) < mailbox->events) {
    if (waits)
      wait_for_interrupt();
    else
      relax();
  }
}

static int measure(const char *name) {
  if (is(name, "hypercall")) {
    MEASURE(hypercall(), BATCHES);
  } else if (is(name, "controller")) {
    MEASURE(touch_controller(), BATCHES);
  } else if (is(name, "io-user") || is(name, "switch")) {
    MEASURE(ask(), BATCHES_OF_QUESTIONS);
  } else if (is(name, "completion")) {
    measure_completion();
  } else if (is(name, "ipi")) {
    measure_ipi();
  } else if (is(name, "out")) {
    measure_out();
  } else if (is(name, "in") || is(name, "in-waiting")) {
    take_interrupts(is(name, "in-waiting"));
  } else {
    return 2;
  }
  return 0;
}

int main(unsigned long argc, char **argv) {
  open_controller();
  if (argc == 0) be_second();
  mailbox->frequency = counter_frequency();
  int compares = is(argv[0], "out") || is(argv[0], "in") || is(argv[0], "in-waiting");
  mark_clocks(compares);
  int status = measure(argv[0]);
  if (status != 0) return status;
  mark_clocks(compares);
  for (;;) ring(DONE);
}
