// ticks: waits for interrupts of two timers, then sends back in capitals what the serial line receives, until it ends. It never polls.

#include "ticks.h"

#include "machine.h"

static void count(enum source timer, const char *name) {
  start_timer(timer);
  for (int left = 3; left > 0;) {
    enum source source = take_interrupt();
    if (source == timer) {
      print(name);
      if (--left > 0) start_timer(timer);
    }
    complete_interrupt(source);
  }
  stop_timer(timer);
}

int main(unsigned long argc, char **argv) {
  (void)argc;
  (void)argv;
  open_interrupts();
  count(SECOND_TIMER, "second timer\n");
  count(FIRST_TIMER, "first timer\n");
  // The end of input interrupts nobody: the timer looks for it.
  start_timer(FIRST_TIMER);
  for (;;) {
    enum source source = take_interrupt();
    int byte;
    while ((byte = receive()) >= 0) {
      char capital = (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
      put(&capital, 1);
    }
    if (source == FIRST_TIMER) start_timer(FIRST_TIMER);
    complete_interrupt(source);
    if (byte == -2) return 0;
  }
}
