// machine.c: machine.h over a PL011 and PSCI.

#include "machine.h"

#include "io.h"

void put(const char *bytes, unsigned long length) {
  for (unsigned long i = 0; i < length; i++) store32(SERIAL_DATA, (unsigned char)bytes[i]);
}

int get(void) {
  for (;;) {
    unsigned flags = load32(SERIAL_FLAGS);
    if (!(flags & RECEIVER_EMPTY)) return (int)(load32(SERIAL_DATA) & 0xff);
    if (!(flags & CARRIER_DETECT)) return -1;
  }
}

// SYSTEM_OFF has no status of its own.
void finish(unsigned status) {
  if (status != 0) store32(EXIT_STATUS, status);
  for (;;) call_below(PSCI_SYSTEM_OFF, 0);
}
