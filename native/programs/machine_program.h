// machine_program.h: turns a child of the first process into the program that a machine is for.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>

#include "machine_host.h"
#include "machine_init.h"
#include "no_libc.h"

enum { kSignalSetBytes = 8 };

// The program, and what it starts with.
struct Program {
  const char* directory;
  char** arguments;
  char** environment;
  const uint32_t* groups;
  const struct Order* order;
  const struct Key* key;
  int proc;
  // The child's standard streams.
  int streams[3];
};

static _Noreturn void Report(int report, unsigned kind, long error) {
  Tell(report, kind, (unsigned)-error);
  Exit(0);
}

static const char* Find(char** environment, const char* name) {
  const long length = Length(name);
  for (; *environment != 0; environment++) {
    long at = 0;
    while (at < length && (*environment)[at] == name[at]) at++;
    if (at == length && (*environment)[at] == '=') return *environment + at + 1;
  }
  return "";
}

static int HasSlash(const char* name) {
  while (*name != '\0' && *name != '/') name++;
  return *name == '/';
}

// Like execvp(3), but without its shell for files of an unknown format.
static long Execute(const struct Program* program) {
  const char* name = program->arguments[0];
  if (HasSlash(name)) return Call(SYS_execve, name, program->arguments, program->environment);
  char path[kOrderBytes];
  long error = -ENOENT;
  for (const char* at = Find(program->environment, "PATH");; at++) {
    char* end = path;
    while (*at != '\0' && *at != ':') *end++ = *at++;
    if (end == path) *end++ = '.';
    *end++ = '/';
    Append(end, name);
    const long result = Call(SYS_execve, path, program->arguments, program->environment);
    if (result != -ENOENT && result != -ENOTDIR) error = result;
    if (*at == '\0') return error;
  }
}

// In the child. `report` closes when the program is executed.
static _Noreturn void Become(const struct Program* program, int report) {
  const struct Order* order = program->order;
  const uint64_t none = 0;
  // As root: the least that another user may go back to.
  const long scored = SetOomScore(program->proc, PROGRAM_OOM_SCORE);
  if (scored < 0) Report(report, kNotBegun, scored);
  Call(SYS_setsid, 0);
  if (order->has_terminal) Call(SYS_ioctl, program->streams[0], TIOCSCTTY, 0);
  // All of them are above 2.
  for (int fd = 0; fd < 3; fd++) Call(SYS_dup3, program->streams[fd], fd, 0);
  Call(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, kSignalSetBytes);
  Call(SYS_umask, order->umask);
  Call(SYS_setpriority, PRIO_PROCESS, 0, order->nice);
  Call(SYS_setgroups, order->groups, program->groups);
  Call(SYS_setresgid, order->gid, order->gid, order->gid);
  Call(SYS_setresuid, order->uid, order->uid, order->uid);
  // Its relay's end is its own. Another user would clear it.
  Call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  const long changed = Call(SYS_chdir, program->directory);
  if (changed < 0) Report(report, kNoDirectory, changed);
  Report(report, kNotExecuted, Execute(program));
}
