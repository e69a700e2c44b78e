// machine_init.h: what machine_init.c and src/machine/program agree on.
#pragma once

#include <stdint.h>

// Ports of the host. The first process connects to kMachinePort before any program runs, and gets a Key for each program to start. It
// forks a relay for each, which connects to the program's ports: control, then the streams, with a terminal only the input. The key is
// what comes first on each of them. A core comes over kCorePort when a process dies with one and an order wants it. kWhoBytes come
// first: up to a zero, whose core it is.
enum { kControlPort = 0x6876, kInputPort, kOutputPort, kErrorPort, kCorePort, kMachinePort };
enum { kWhoBytes = 64 };

// Random: only the first process, a program's relay and the host know it.
struct Key {
  uint8_t bytes[16];
};

// To kMachinePort: a program that gets no relay, and the errno.
struct Refusal {
  struct Key key;
  uint32_t error;
};

// /hv/mounts of the initramfs: texts, each ended by a zero: 'r' or 'w', and a path in the tree, which is a mount of its own, read-only or
// not. What contains others comes first.
enum { kMountsBytes = 1 << 16 };

// /hv/cards of the initramfs: one for each network card, eth0 first. In network byte order; a card without an address has 0, and so has
// one without a gateway.
struct Card {
  uint32_t address, mask, gateway;
};
enum { kMostCards = 32 };

// Over a program's kControlPort, from the host, once. All numbers are little-endian.
struct Order {
  // Bytes that follow this structure: `groups` numbers of 32 bits; then texts, each ended by a zero: the machine's name, the
  // working directory, `arguments` of the program, `variables` of its environment.
  uint32_t bytes;
  uint32_t has_terminal, wants_core;
  uint32_t uid, gid;
  uint32_t umask;
  int32_t nice;
  uint32_t rows, columns;
  uint32_t groups, arguments, variables;
};
enum { kOrderBytes = 1 << 20, kMostTexts = 1 << 14, kMostGroups = 1 << 12 };

// From the host after the order, and from the machine: that it has started, and then how it ended.
struct News {
  uint32_t kind;
  uint32_t value;
};
enum {
  // From the host: a signal's number; the terminal's rows, and its columns in the upper half.
  kSignal = 1,
  kSize = 2,
  // From the machine: how the program ended, as wait(2) reports it, or an errno.
  kEnded = 3,
  kNoDirectory = 4,
  kNotExecuted = 5,
  // Its process ID.
  kStarted = 6,
  // What the machine lacks for it, as an errno.
  kNotBegun = 7,
};
