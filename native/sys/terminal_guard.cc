// terminal_guard.cc: see terminal_guard.h. man 2 ioctl_tty, man 3 termios.

#include "sys/terminal_guard.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

#include "sys/thread.h"

namespace hv {
namespace {

// The kernel's struct termios: C libraries have another. Neither has padding, so bytes can be compared.
using Modes = struct termios;

// In memory that the keeper shares.
struct Shared {
  Modes original;
  Modes guest;
  // Whether the guest's modes are in force. `guest` holds them, except while the guest sets others.
  std::atomic<bool> changed;
  std::atomic<bool> changing;
};

int terminal = -1;
Shared* shared = nullptr;
pid_t keeper = 0;
// hv was stopped, and the guest's modes have yet to be set again.
bool is_away = false;

void CloseAllBut(int kept_fd, int other_fd) {
  int low = kept_fd < other_fd ? kept_fd : other_fd;
  int high = kept_fd < other_fd ? other_fd : kept_fd;
  auto close_range = [](unsigned first, unsigned last) {
    if (first > last || ::syscall(SYS_close_range, first, last, 0) == 0) return;
    // Before Linux 5.9.
    rlimit limit = {};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    for (rlim_t fd = first; fd <= last && fd < limit.rlim_cur; fd++) ::close(static_cast<int>(fd));
  };
  if (low > 0) close_range(0, static_cast<unsigned>(low) - 1);
  close_range(static_cast<unsigned>(low) + 1, static_cast<unsigned>(high) - 1);
  close_range(static_cast<unsigned>(high) + 1, ~0u);
}

// The keeper's whole life: it only makes system calls, as after any fork of a process with threads. A session of its own keeps
// away the signals that the terminal and the shell send to hv's job.
[[noreturn]] void Keep(int death) {
  ::setsid();
  ::prctl(PR_SET_NAME, "hv-terminal");
  CloseAllBut(terminal, death);
  char nothing;
  while (::read(death, &nothing, 1) < 0 && errno == EINTR) {
  }
  Modes now;
  // Another program may have set modes since: a shell that was quicker, and restores them itself.
  if ((shared->changed || shared->changing) && ::ioctl(terminal, TCGETS, &now) == 0 &&
      (shared->changing || std::memcmp(&now, &shared->guest, sizeof(now)) == 0)) {
    ::ioctl(terminal, TCSETS, &shared->original);
  }
  ::_exit(0);
}

int StartKeeper() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return -1;
  // hv keeps the other end open until it ends. The keeper blocks all signals for life.
  BlockedSignals blocked;
  // Not libc's fork(), which would wait for the locks that other threads hold.
  keeper = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (keeper == 0) Keep(ends[0]);
  ::close(ends[0]);
  if (keeper > 0) return 0;
  ::close(ends[1]);
  return -1;
}

// -1, with errno: hv guards no terminal.
int Unguarded() {
  errno = ENOTTY;
  return -1;
}

}  // namespace

int GuardTerminal(int fd) {
  if (shared == nullptr) {
    // SAFETY: never unmapped: signal handlers and the keeper use it until they end.
    void* page =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return -1;
    shared = new (page) Shared{};
  }
  if (::ioctl(fd, TCGETS, &shared->original) < 0) return -1;
  terminal = fd;
  // Started now, because in its jail hv cannot make processes.
  return keeper > 0 ? 0 : StartKeeper();
}

int TerminalKeeper() { return keeper > 0 ? keeper : 0; }

int BeginTerminalChange() {
  if (terminal < 0) return Unguarded();
  shared->changing = true;
  return 0;
}

int EndTerminalChange() {
  if (terminal < 0) return Unguarded();
  const int result = ::ioctl(terminal, TCGETS, &shared->guest);
  shared->changed = true;
  shared->changing = false;
  return result;
}

void RestoreTerminal() {
  if (terminal < 0) return;
  // Setting modes from the background would stop the process with SIGTTOU, unless that is blocked.
  BlockedSignals blocked;
  shared->changing = false;
  if (shared->changed.exchange(false) && IsTerminalForeground(terminal) != 0)
    ::ioctl(terminal, TCSETS, &shared->original);
  if (keeper <= 0) return;
  ::kill(keeper, SIGKILL);
  ::waitpid(keeper, nullptr, 0);
  keeper = 0;
}

void LeaveTerminal() {
  if (terminal < 0 || !shared->changed || IsTerminalForeground(terminal) == 0) return;
  BlockedSignals blocked;
  ::ioctl(terminal, TCGETS, &shared->guest);
  ::ioctl(terminal, TCSETS, &shared->original);
  shared->changed = false;
  is_away = true;
}

void ReturnToTerminal() {
  if (!is_away || IsTerminalForeground(terminal) == 0) return;
  BlockedSignals blocked;
  // The user may have changed them meanwhile: stty.
  ::ioctl(terminal, TCGETS, &shared->original);
  ::ioctl(terminal, TCSETS, &shared->guest);
  shared->changed = true;
  is_away = false;
}

int IsTerminalForeground(int fd) {
  pid_t group = 0;
  if (::ioctl(fd, TIOCGPGRP, &group) < 0) return -1;
  return group == ::getpgrp() ? 1 : 0;
}

}  // namespace hv
