// paper.h: shared by paper.c, the architecture's part of it, and ci/bench/paper-vm.mjs, which runs it.
#pragma once

// Guest and host share this memory, which is separate from the machine's.
#define MAILBOX 0x50000000ul

enum { SAMPLES_MAX = 1024 };

struct mailbox {
  // The clocks are compared: the host counts up, the guest answers, and `counter` is what its own clock says.
  unsigned request;
  unsigned reply;
  unsigned long counter;
  // How many interrupts were taken, and when the last one was; before an access of `out`: the time of that access.
  unsigned taken;
  unsigned ready;
  unsigned long stamp;
  // How many interrupts the host wants, SAMPLES_MAX at most.
  unsigned events;
  // arm64: which GIC the machine has.
  unsigned gic_version;
  // The clock's frequency, where the processor tells it: arm64.
  unsigned long frequency;
  // Clock ticks.
  long samples[SAMPLES_MAX];
};

static struct mailbox *const mailbox = (struct mailbox *)MAILBOX;

// The clock that all processors of the machine share.
static inline unsigned long counter(void);
static inline unsigned long counter_frequency(void);
// A call that KVM answers itself.
static inline void hypercall(void);
// A read of an interrupt controller register that KVM emulates.
static inline void touch_controller(void);
// A store to a device that the process emulates, and a load from it.
static inline void ring(unsigned value);
static inline void ask(void);
// This processor's interrupts: takes them from here on; waits until one has come.
static inline void let_interrupts(void);
static inline void wait_for_interrupt(void);
// Lets others go first, where an emulated machine's processors take turns.
static inline void relax(void);
// Sends one to processor `index`.
static inline void send_interrupt(unsigned index);
// Tells the interrupt controller that the interrupt that was taken is done.
static inline void complete(unsigned long interrupt);

// Sets up the interrupt controller, and this processor's part of it, with interrupts still masked.
void open_controller(void);
// Starts the second processor in `be_second`.
void start_second(void);

// What the architecture calls.
void be_second(void);
void on_interrupt(unsigned long interrupt, unsigned long now);

#include "paper-ops.h"
