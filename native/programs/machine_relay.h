// machine_relay.h: hands a program's streams, signals and end on between the program and the host: a process for each program.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "machine_host.h"
#include "machine_program.h"
#include "machine_pump.h"

// What the program's children may still write after it has ended: at most this much, and only until they pause.
enum { kLateBytes = 1 << 20, kPauseMs = 50 };
enum { kTerminalGroup = 5 };
enum { kChildrenBytes = 1 << 12 };

// Until the host has heard how it ended.
static _Noreturn void AwaitHost(int control) {
  char byte;
  while (Call(SYS_read, control, &byte, 1) > 0) {
  }
  Exit(0);
}

// Returns the result, unless it is a negative errno: the program then does not begin.
static long Require(int control, long result) {
  if (result >= 0) return result;
  Tell(control, kNotBegun, (unsigned)-result);
  AwaitHost(control);
}

static void MakePipe(int control, int ends[2]) {
  Require(control, Call(SYS_pipe2, ends, O_CLOEXEC));
}

static int Nonblocking(int fd) {
  Call(SYS_fcntl, fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void SetSize(int master, unsigned rows, unsigned columns) {
  const struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
  Call(SYS_ioctl, master, TIOCSWINSZ, &size);
}

// Makes a terminal of the machine. Returns its master; all streams are its other end, which the program's user owns.
static int MakeTerminal(int control, struct Program* program) {
  const struct Order* order = program->order;
  const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  const long master = Require(control, Call(SYS_openat, AT_FDCWD, "/dev/ptmx", flags | O_NONBLOCK));
  int unlocked = 0;
  Call(SYS_ioctl, master, TIOCSPTLCK, &unlocked);
  const long end = Require(control, Call(SYS_ioctl, master, TIOCGPTPEER, flags));
  SetSize((int)master, order->rows, order->columns);
  Call(SYS_fchown, end, order->uid, kTerminalGroup);
  for (int fd = 0; fd < 3; fd++) program->streams[fd] = (int)end;
  return (int)master;
}

// A connection that begins with the program's key.
static int ConnectFor(const struct Key* key, unsigned port) {
  const int stream = Connect(port);
  Call(SYS_write, stream, key, sizeof(*key));
  return stream;
}

enum { kPumps = 3 };

struct Relay {
  int control, children, master;
  long program;
  struct Pump pumps[kPumps];
};

static void Lay(struct Relay* relay, struct Program* program) {
  relay->master = -1;
  if (program->order->has_terminal) {
    const int stream = Nonblocking(ConnectFor(program->key, kInputPort));
    relay->master = MakeTerminal(relay->control, program);
    // Closing this end leaves the other open.
    Start(&relay->pumps[0], stream, (int)Call(SYS_fcntl, relay->master, F_DUPFD_CLOEXEC, 0));
    Start(&relay->pumps[1], relay->master, stream);
    Start(&relay->pumps[2], -1, -1);
    return;
  }
  for (int fd = 0; fd < 3; fd++) {
    int ends[2];
    const int stream = Nonblocking(ConnectFor(program->key, kInputPort + (unsigned)fd));
    MakePipe(relay->control, ends);
    program->streams[fd] = ends[fd == 0 ? 0 : 1];
    if (fd == 0)
      Start(&relay->pumps[fd], stream, Nonblocking(ends[1]));
    else
      Start(&relay->pumps[fd], Nonblocking(ends[0]), stream);
  }
}

static void Begin(struct Relay* relay, const struct Program* program) {
  int report[2];
  MakePipe(relay->control, report);
  relay->program = Require(relay->control, Call(SYS_clone, SIGCHLD));
  if (relay->program == 0) Become(program, report[1]);
  Call(SYS_close, report[1]);
  for (int fd = 0; fd < 3; fd++)
    if (fd == 0 || program->streams[fd] != program->streams[0])
      Call(SYS_close, program->streams[fd]);
  struct News news;
  const long told = Call(SYS_read, report[0], &news, sizeof(news));
  Call(SYS_close, report[0]);
  if (told != sizeof(news)) {
    Tell(relay->control, kStarted, (unsigned)relay->program);
    return;
  }
  Tell(relay->control, news.kind, news.value);
  AwaitHost(relay->control);
}

static void Obey(const struct Relay* relay) {
  struct News news;
  Read(relay->control, &news, sizeof(news));
  if (news.kind == kSignal) Call(SYS_kill, relay->program, news.value);
  if (news.kind == kSize && relay->master >= 0)
    SetSize(relay->master, news.value & 0xffff, news.value >> 16);
}

// A signalfd(2) that is ready when a child has ended. Of other signals, only SIGKILL and SIGSTOP are left: a host that reads no more sends
// SIGPIPE.
static int ListenForChildren(void) {
  const uint64_t children = 1ull << (SIGCHLD - 1);
  const uint64_t all = ~0ull;
  Call(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, kSignalSetBytes);
  return (int)Call(SYS_signalfd4, -1, &children, kSignalSetBytes, O_CLOEXEC | O_NONBLOCK);
}

static void CollectAll(int children) {
  struct signalfd_siginfo told;
  Call(SYS_read, children, &told, sizeof(told));
  while (Call(SYS_wait4, -1, 0, WNOHANG, 0) > 0) {
  }
}

// Collects processes that have ended. Returns whether the program has.
static int Collect(const struct Relay* relay, int* status) {
  struct signalfd_siginfo told;
  Call(SYS_read, relay->children, &told, sizeof(told));
  int has_ended = 0, each = 0;
  for (;;) {
    const long ended = Call(SYS_wait4, -1, &each, WNOHANG, 0);
    if (ended <= 0) return has_ended;
    if (ended != relay->program) continue;
    *status = each;
    has_ended = 1;
  }
}

static int IsOpen(const struct Pump* pump) { return IsFull(pump) || pump->from >= 0; }

static void PourReady(struct Relay* relay, const struct pollfd* ready) {
  for (int at = 0; at < kPumps; at++)
    if (ready[at].fd >= 0 && ready[at].revents != 0) Pour(&relay->pumps[at]);
}

// Serves until the program has ended. Returns how it ended.
static int Serve(struct Relay* relay) {
  for (;;) {
    struct pollfd ready[kPumps + 2];
    for (int at = 0; at < kPumps; at++) ready[at] = Wait(&relay->pumps[at]);
    ready[kPumps] = (struct pollfd){relay->control, POLLIN, 0};
    ready[kPumps + 1] = (struct pollfd){relay->children, POLLIN, 0};
    if (Call(SYS_ppoll, ready, kPumps + 2, 0, 0, 0) < 0) continue;
    PourReady(relay, ready);
    int status = 0;
    if (ready[kPumps + 1].revents != 0 && Collect(relay, &status)) return status;
    if (ready[kPumps].revents != 0) Obey(relay);
  }
}

// Hands on what the program has written, and what the processes that it left behind still write.
static void Drain(struct Relay* relay) {
  struct Pump* pumps = relay->pumps;
  EndInput(&pumps[0]);
  for (int at = 1; at < kPumps; at++) pumps[at].late = 0;
  for (;;) {
    struct pollfd ready[kPumps] = {{-1, 0, 0}, {-1, 0, 0}, {-1, 0, 0}};
    int is_full = 0;
    for (int at = 1; at < kPumps; at++) {
      if (!IsFull(&pumps[at]) && pumps[at].late >= kLateBytes) EndInput(&pumps[at]);
      if (IsOpen(&pumps[at])) ready[at] = Wait(&pumps[at]);
      is_full |= IsFull(&pumps[at]);
    }
    if (ready[1].fd < 0 && ready[2].fd < 0) break;
    // A host that is slow to take the output is waited for.
    const struct timespec pause = {0, kPauseMs * 1000000};
    if (Call(SYS_ppoll, ready, kPumps, is_full ? 0 : &pause, 0, 0) == 0) break;
    PourReady(relay, ready);
  }
  for (int at = 1; at < kPumps; at++) EndOutput(&pumps[at]);
}

// Ends what the program has left behind: as their subreaper, this process is the parent of all that have lost theirs.
static void EndChildren(void) {
  char list[kChildrenBytes];
  for (;;) {
    const long file =
        Call(SYS_openat, AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    const long length = file < 0 ? 0 : Call(SYS_read, file, list, sizeof(list));
    if (file >= 0) Call(SYS_close, file);
    // Without CONFIG_PROC_CHILDREN, or when a program has taken /proc away, they stay.
    if (length <= 0) return;
    int child = 0;
    for (long at = 0; at < length; at++) {
      if (list[at] != ' ') {
        child = child * 10 + (list[at] - '0');
        continue;
      }
      if (child > kFirstProcess) Call(SYS_kill, child, SIGKILL);
      child = 0;
    }
    Call(SYS_wait4, -1, 0, 0, 0);
  }
}
