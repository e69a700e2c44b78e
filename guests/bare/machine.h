// machine.h: what hv's bare machine offers a bare-metal guest, the same on every architecture (src/machine/README.md).
#pragma once

// Sends bytes over the serial line: standard output.
void put(const char *bytes, unsigned long length);
// Sends a string.
void print(const char *text);
// Sends a number, in hexadecimal.
void print_hex(unsigned long value);
// The next byte of standard input; waits for it. -1: there are no more bytes.
int get(void);
// Ends the run with a status from 0 to 255.
_Noreturn void finish(unsigned status);

// A guest begins here; its return value is its status. argv[0] is the first argument after the program's name.
int main(unsigned long argc, char **argv);
