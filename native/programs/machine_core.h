// machine_core.h: hands the core of a dying process on to the host: the kernel pipes it to a second instance of this program (core(5)).
#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include "machine_host.h"
#include "machine_pump.h"

enum { kMostOfWho = kWhoBytes / 2 - 1 };

static void WriteSetting(const char* path, const char* text) {
  const long file = Call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
  const long result = file < 0 ? file : Call(SYS_write, file, text, Length(text));
  if (result < 0) Complain("write ", path, -result);
  if (file >= 0) Call(SYS_close, file);
}

// From now on. The kernel starts this program in the first process's root, from which no path leads to /hv/init.
static void AskForCores(void) {
  // One at a time, and the dying process waits until its core is handed on.
  WriteSetting("/proc/sys/kernel/core_pipe_limit", "1");
  WriteSetting("/proc/sys/kernel/core_pattern", "|/proc/1/exe %e (%P)");
  // Also for programs that have changed their user: whoever sees the core can see their memory anyway.
  WriteSetting("/proc/sys/fs/suid_dumpable", "2");
}

// The second instance: `arguments` are those of the pattern, and the core comes through standard input.
static _Noreturn void HandCoreOn(char** arguments) {
  char who[kWhoBytes];
  const long host = TryConnect(kCorePort);
  // The host has a core already.
  if (host < 0) Exit(1);
  for (int at = 1; at <= 2; at++)
    if (Length(arguments[at]) > kMostOfWho) arguments[at][kMostOfWho] = '\0';
  Append(Append(Append(who, arguments[1]), " "), arguments[2]);
  Call(SYS_write, host, who, sizeof(who));
  // Keeps a reader: as long as there is one, the kernel waits. So it waits until the host has all of the core.
  Call(SYS_dup, 0);
  struct Pump pump;
  Start(&pump, 0, (int)host);
  while (pump.to >= 0) Pour(&pump);
  char byte;
  Call(SYS_read, host, &byte, 1);
  Exit(0);
}
