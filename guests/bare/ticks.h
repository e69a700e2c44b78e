// ticks.h: what ticks.c needs of each architecture: two timers and the serial line, by interrupts.
#pragma once

enum source { FIRST_TIMER, SECOND_TIMER, SERIAL_LINE, OTHER };

enum { PERIOD_MS = 10 };

// Opens the interrupt controller, and lets the serial line interrupt when it receives.
void open_interrupts(void);
// Interrupts once, or again and again, from a period on.
void start_timer(enum source timer);
void stop_timer(enum source timer);
// Waits for an interrupt, and takes one.
enum source take_interrupt(void);
// Tells the controller that what was taken is done with.
void complete_interrupt(enum source source);
// The next byte of standard input, without waiting. -1: there is none now; -2: nor will there be.
int receive(void);
