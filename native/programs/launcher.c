// launcher.c: starts a program in its own user and PID namespaces, and ends as it ends: a process with threads cannot enter any.
//
//   launcher PROGRAM NAME [ARG...] user=000,pid=000
//
// The program gets the arguments after PROGRAM. The zeros become what the host answered for each namespace: 0, the program is in one,
// or an errno. There are three processes, each the parent of the next:
//
//   launcher   the only child of the process that started it. It ends as the program does, and dies with the thread that started it.
//   init       the first of the PID namespace: when it ends, the kernel ends everything in there. It dies with the launcher.
//   program    not the namespace's first process: that one's own signals do nothing, and it gets all orphans
//
// Where the host allows neither namespace, the launcher itself executes the program. Built without a C library, of which only
// constants are used here: build_program.sh. The addon contains it, and it runs from a memfd.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "no_libc.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { kTextBytes = 4096, kCannotExecute = 127, kOwnerIsGone = 1 };
// The pipes or sockets that the program was given: they show whether their other ends are open.
enum { kFirstPipe = 3, kPipes = 2 };

struct Command {
  const char* program;
  char** arguments;
  char** environment;
  // The last argument.
  char* answers;
};

// Puts what the host answered for a namespace into the three digits after its name.
static void Answer(const struct Command* command, int digits, long error) {
  for (int at = digits + 2; at >= digits; at--, error /= 10)
    command->answers[at] = (char)('0' + error % 10);
}
enum { kUserDigits = 5, kPidDigits = 13 };

static _Noreturn void Fail(const char* call, long error) {
  char text[64];
  char* end = Append(Append(text, call), " failed with errno ");
  end = Append(AppendNumber(end, (unsigned long)error), "\n");
  Call(SYS_write, 2, text, end - text);
  Exit(kCannotExecute);
}

static _Noreturn void Execute(const struct Command* command) {
  Fail("execve(2)", -Call(SYS_execve, command->program, command->arguments, command->environment));
}

// The owner of a pipe or socket that this process was given may have died before PR_SET_PDEATHSIG.
static int IsOwnerGone(void) {
  for (int fd = kFirstPipe; fd < kFirstPipe + kPipes; fd++) {
    struct pollfd pipe = {fd, 0, 0};
    const struct timespec now = {0, 0};
    if (Call(SYS_ppoll, &pipe, 1, &now, 0, 0) == 1 && (pipe.revents & (POLLHUP | POLLERR)))
      return 1;
  }
  return 0;
}

static void CloseAllBut(int fd) {
  if (Call(SYS_close_range, fd + 1, ~0u, 0) == 0 && Call(SYS_close_range, 0, fd - 1, 0) == 0)
    return;
  // Before Linux 5.9.
  struct rlimit limit = {0, 0};
  Call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
  for (int each = 0; each < (int)limit.rlim_cur; each++)
    if (each != fd) Call(SYS_close, each);
}

// Makes execve(2) leave, to a user who is not root, the capabilities that the jail needs until it is closed. They count in the new
// user namespace alone.
static void KeepCapabilities(void) {
  static const int kept[] = {CAP_SETPCAP, CAP_SYS_ADMIN, CAP_SYS_CHROOT};
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  if (Call(SYS_capget, &header, data) != 0) return;
  for (int at = 0; at < 3; at++) data[0].inheritable |= 1u << kept[at];
  if (Call(SYS_capset, &header, data) != 0) return;
  for (int at = 0; at < 3; at++) Call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[at]);
}

// For a process that from now on only waits.
static void GiveUp(int but) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
  Call(SYS_capset, &header, none);
  Call(SYS_prctl, PR_SET_DUMPABLE, 0);
  CloseAllBut(but);
}

// The first process: `launcher` is its end of the socket to the launcher.
static _Noreturn void Init(const struct Command* command, int launcher, int is_user) {
  char go;
  Call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (Call(SYS_read, launcher, &go, 1) != 1) Exit(kOwnerIsGone);
  const long program = Call(SYS_clone, SIGCHLD);
  if (program == 0) {
    Call(SYS_setsid, 0);
    if (is_user) KeepCapabilities();
    Execute(command);
  }
  if (program < 0) Fail("clone(2)", -program);
  Call(SYS_prctl, PR_SET_NAME, "hv-init");
  GiveUp(launcher);
  for (;;) {
    int status = 0;
    const long ended = Call(SYS_wait4, -1, &status, __WALL);
    if (ended < 0 && ended != -EINTR) Exit(kOwnerIsGone);
    if (ended != program) continue;
    Call(SYS_write, launcher, &status, sizeof(status));
    Exit(0);
  }
}

// Waits for the program's end, and ends the same way.
static _Noreturn void EndAs(long init, int end) {
  GiveUp(end);
  int status = 0, of_init = 0;
  long got;
  do got = Call(SYS_read, end, &status, sizeof(status));
  while (got == -EINTR);
  // After this, everything in its namespace has ended.
  while (Call(SYS_wait4, init, &of_init, __WALL) == -EINTR) {
  }
  if (got != sizeof(status)) status = of_init;
  if (WIFSIGNALED(status)) {
    const struct rlimit no_core = {0, 0};
    Call(SYS_prlimit64, 0, RLIMIT_CORE, &no_core);
    Call(SYS_kill, Call(SYS_getpid, 0), WTERMSIG(status));
    Exit(128 + WTERMSIG(status));
  }
  Exit(WEXITSTATUS(status));
}

static long Put(const char* path, const char* text) {
  const long fd = Call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -fd;
  const long written = Call(SYS_write, fd, text, Length(text));
  Call(SYS_close, fd);
  return written < 0 ? -written : 0;
}

static long Read(const char* path, char* text) {
  const long fd = Call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -fd;
  const long length = Call(SYS_read, fd, text, kTextBytes - 1);
  Call(SYS_close, fd);
  if (length < 0) return -length;
  text[length] = '\0';
  return length == kTextBytes - 1 ? E2BIG : 0;
}

static const char* ReadNumber(const char* text, unsigned long* number) {
  while (*text == ' ' || *text == '\n') text++;
  *number = 0;
  while (*text >= '0' && *text <= '9') *number = *number * 10 + (unsigned long)(*text++ - '0');
  return text;
}

// Maps every id of the launcher's user namespace to itself: man 7 user_namespaces.
static long WriteAllIds(const char* own, const char* path) {
  char ranges[kTextBytes], text[2 * kTextBytes];
  const long error = Read(own, ranges);
  if (error != 0) return error;
  char* end = text;
  *end = '\0';
  for (const char* at = ranges; *at != '\0';) {
    unsigned long first, outside, count;
    at = ReadNumber(ReadNumber(ReadNumber(at, &first), &outside), &count);
    if (count == 0) break;
    end = Append(AppendNumber(end, first), " ");
    end = Append(AppendNumber(end, first), " ");
    end = Append(AppendNumber(end, count), "\n");
  }
  return Put(path, text);
}

static long WriteOwnId(unsigned long id, const char* path) {
  char text[64];
  char* end = Append(AppendNumber(text, id), " ");
  Append(AppendNumber(end, id), " 1\n");
  return Put(path, text);
}

// Maps all ids, if this user may map them, else only its own.
static long MapIds(long init) {
  char self[32], expected[32], path[64];
  const long length = Call(SYS_readlinkat, AT_FDCWD, "/proc/self", self, sizeof(self) - 1);
  if (length < 0) return -length;
  self[length] = '\0';
  // In a /proc of another PID namespace that number is another process.
  AppendNumber(expected, (unsigned long)Call(SYS_getpid, 0));
  for (int at = 0; at <= length; at++)
    if (self[at] != expected[at]) return ENOENT;

  char* name = Append(AppendNumber(Append(path, "/proc/"), (unsigned long)init), "/");
  Append(name, "uid_map");
  long error = WriteAllIds("/proc/self/uid_map", path);
  if (error != 0) error = WriteOwnId((unsigned long)Call(SYS_geteuid, 0), path);
  if (error != 0) return error;
  Append(name, "gid_map");
  if (WriteAllIds("/proc/self/gid_map", path) == 0) return 0;
  // A process that could leave a group would gain what the group is denied.
  Append(name, "setgroups");
  error = Put(path, "deny");
  if (error != 0) return error;
  Append(name, "gid_map");
  return WriteOwnId((unsigned long)Call(SYS_getegid, 0), path);
}

// Returns an errno if the host does not give these namespaces. Nothing is left of the attempt.
static long Start(const struct Command* command, unsigned long namespaces) {
  int ends[2];
  long error = Call(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
  if (error < 0) return -error;
  const long init = Call(SYS_clone, namespaces | SIGCHLD);
  if (init == 0) {
    Call(SYS_close, ends[0]);
    Init(command, ends[1], (namespaces & CLONE_NEWUSER) != 0);
  }
  Call(SYS_close, ends[1]);
  error = init < 0 ? -init : 0;
  if (error == 0 && (namespaces & CLONE_NEWUSER) != 0) error = MapIds(init);
  if (error == 0) {
    Call(SYS_write, ends[0], "", 1);
    EndAs(init, ends[0]);
  }
  Call(SYS_close, ends[0]);
  if (init > 0) {
    Call(SYS_kill, init, SIGKILL);
    Call(SYS_wait4, init, 0, __WALL);
  }
  return error;
}

// `stack`: as execve(2) leaves it.
__attribute__((used)) static _Noreturn void Main(long* stack) {
  const long count = stack[0];
  char** arguments = (char**)(stack + 1);
  if (count < 4) Exit(kCannotExecute);
  const struct Command command = {arguments[1], arguments + 2, arguments + count + 1,
                                  arguments[count - 1]};
  if (Length(command.answers) != kPidDigits + 3) Exit(kCannotExecute);
  Call(SYS_prctl, PR_SET_NAME, "hv-launcher");
  Call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (IsOwnerGone()) Exit(kOwnerIsGone);
  // The answers are right when the program reads them: Start returns only where the host refuses.
  const long user = Start(&command, CLONE_NEWUSER | CLONE_NEWPID);
  Answer(&command, kUserDigits, user);
  Answer(&command, kPidDigits, Start(&command, CLONE_NEWPID));
  Execute(&command);
}

START_OF(Main);
