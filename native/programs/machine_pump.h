// machine_pump.h: one direction of a stream: what was read from one descriptor and not yet written to another.
#pragma once

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "no_libc.h"

enum { kPumpBytes = 1 << 16 };

struct Pump {
  int from, to;
  long begin, end;
  // Bytes read since the program ended.
  long late;
  char bytes[kPumpBytes];
};

static void Start(struct Pump* pump, int from, int to) {
  pump->from = from;
  pump->to = to;
  pump->begin = pump->end = pump->late = 0;
}

// Ends one direction of a stream. A socket's other direction stays open; what is no socket is closed.
static void End(int* fd, int direction) {
  if (*fd >= 0 && Call(SYS_shutdown, *fd, direction) == -ENOTSOCK) Call(SYS_close, *fd);
  *fd = -1;
}

// Nothing more comes.
static void EndOutput(struct Pump* pump) { End(&pump->to, SHUT_WR); }

// Nothing more is taken. A process at the other end of a pipe notices.
static void EndInput(struct Pump* pump) { End(&pump->from, SHUT_RD); }

static int IsFull(const struct Pump* pump) { return pump->begin < pump->end; }

static void Pour(struct Pump* pump) {
  if (IsFull(pump)) {
    const long written =
        Call(SYS_write, pump->to, pump->bytes + pump->begin, pump->end - pump->begin);
    if (written == -EAGAIN || written == -EINTR) return;
    if (written < 0) {
      EndInput(pump);
      pump->end = pump->begin = 0;
    } else {
      pump->begin += written;
    }
  } else if (pump->from >= 0) {
    const long got = Call(SYS_read, pump->from, pump->bytes, kPumpBytes);
    if (got == -EAGAIN || got == -EINTR) return;
    pump->begin = 0;
    pump->end = got > 0 ? got : 0;
    pump->late += pump->end;
    // EIO: a terminal that nobody has open.
    if (got <= 0) EndInput(pump);
  }
  if (!IsFull(pump) && pump->from < 0) EndOutput(pump);
}

static struct pollfd Wait(const struct Pump* pump) {
  if (IsFull(pump)) return (struct pollfd){pump->to, POLLOUT, 0};
  return (struct pollfd){pump->from, POLLIN, 0};
}
