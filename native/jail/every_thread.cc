// every_thread.cc: sends a signal to one thread after another, as the C library's setuid(2) does: nptl(7).

#include "jail/every_thread.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

#include "arch/restorer.h"
#include "sys/fd.h"
#include "sys/futex.h"
#include "sys/ioctl.h"
#include "sys/kernel_action.h"

namespace hv {
namespace {

// The C library's own signal: it lets no thread of a program block it. Its handler is restored when this is over.
constexpr int kSignal = 33;
// Each longer than the last: some two seconds together.
constexpr int kPauses = 30;

// What the thread that is asked has to do.
struct Errand {
  int (*act)(const void*);
  const void* argument;
  // 0: it has begun, or no thread is asked.
  std::atomic<pid_t> thread;
  std::atomic<uint32_t> done;
  int error;
};
Errand errand;

void RunErrand(int) {
  const int saved = errno;
  pid_t self = static_cast<pid_t>(::syscall(SYS_gettid));
  // Fails for an errand that was given up.
  if (errand.thread.compare_exchange_strong(self, 0)) {
    errand.error = errand.act(errand.argument);
    errand.done = 1;
    FutexWake(errand.done);
  }
  errno = saved;
}

// Returns 0 also for a thread that has ended.
int Ask(pid_t thread) {
  errand.error = 0;
  errand.done = 0;
  errand.thread = thread;
  if (::syscall(SYS_tgkill, ::getpid(), thread, kSignal) != 0) {
    errand.thread = 0;
    return errno == ESRCH ? 0 : errno;
  }
  GrowingPause pause;
  for (int pauses = 0; errand.done == 0; pauses++) {
    pause.Wait(errand.done, 0);
    const bool is_gone = ::syscall(SYS_tgkill, ::getpid(), thread, 0) != 0;
    if (errand.done != 0 || (!is_gone && pauses < kPauses)) continue;
    pid_t unasked = thread;
    if (errand.thread.compare_exchange_strong(unasked, 0)) return is_gone ? 0 : ETIMEDOUT;
    if (is_gone) return 0;
  }
  return errand.error;
}

// 0: the text is no number.
template <typename Number>
Number ToNumber(const char* text, int base) {
  while (*text == ' ' || *text == '\t') text++;
  Number number = 0;
  std::from_chars(text, text + std::strlen(text), number, base);
  return number;
}

// What follows `field` and a colon in a thread's status, or nothing: man 5 proc_pid_status.
std::string StatusOf(int tasks, const char* thread, const char* field) {
  const Fd status(::openat(tasks, (std::string(thread) + "/status").c_str(), O_RDONLY | O_CLOEXEC));
  char text[4096];
  const ssize_t length = status.get() < 0 ? 0 : ::read(status.get(), text, sizeof(text) - 1);
  text[std::max<ssize_t>(length, 0)] = '\0';
  const std::string name = std::string("\n") + field + ':';
  const char* line = std::strstr(text, name.c_str());
  return line == nullptr ? "" : std::string(line + name.size(), ::strchrnul(line + 1, '\n'));
}

// No thread that the C library has made can block it.
bool BlocksSignal(int tasks, const char* thread) {
  const std::string blocked = StatusOf(tasks, thread, "SigBlk");
  return (ToNumber<uint64_t>(blocked.c_str(), 16) >> (kSignal - 1) & 1) != 0;
}

// /proc may belong to a PID namespace above this process's, and have other numbers: man 7 pid_namespaces.
bool HasOtherNumbers() {
  char self[32] = {};
  return ::readlink("/proc/self", self, sizeof(self) - 1) > 0 &&
         ToNumber<pid_t>(self, 10) != ::getpid();
}

class Handler {
 public:
  Handler() {
    const uint64_t restorer = arch::RestorerAddress();
    // SAFETY: the address of a function, as the kernel's structure holds it.
    const KernelAction action = {reinterpret_cast<uint64_t>(&RunErrand),
                                 SA_RESTART | (restorer == 0 ? 0 : kRestorer), restorer,
                                 ~uint64_t{0}};
    Check(::syscall(SYS_rt_sigaction, kSignal, &action, &old_, sizeof(KernelSignalSet)),
          "rt_sigaction");
  }
  ~Handler() { ::syscall(SYS_rt_sigaction, kSignal, &old_, nullptr, sizeof(KernelSignalSet)); }
  Handler(const Handler&) = delete;

 private:
  KernelAction old_ = {};
};

}  // namespace

EveryThread::EveryThread()
    : tasks_(::opendir("/proc/self/task"), ::closedir), has_other_numbers_(HasOtherNumbers()) {
  if (!tasks_) throw std::system_error(errno, std::generic_category(), "/proc/self/task");
  while (const dirent* entry = ::readdir(tasks_.get()))
    if (BlocksSignal(::dirfd(tasks_.get()), entry->d_name)) workers_.insert(NumberOf(*entry));
}

pid_t EveryThread::NumberOf(const dirent& entry) {
  const pid_t number = ToNumber<pid_t>(entry.d_name, 10);
  if (number == 0 || !has_other_numbers_) return number;
  pid_t& own = numbers_[number];
  if (own != 0) return own;
  // Numbers from the outermost namespace to its own.
  const std::string all = StatusOf(::dirfd(tasks_.get()), entry.d_name, "NSpid");
  own = ToNumber<pid_t>(all.c_str() + all.find_last_of(" \t") + 1, 10);
  if (own != 0) return own;
  return ::faccessat(::dirfd(tasks_.get()), entry.d_name, F_OK, 0) == 0 ? kUnknown : 0;
}

std::set<pid_t> EveryThread::Others() {
  std::set<pid_t> others;
  ::rewinddir(tasks_.get());
  while (const dirent* entry = ::readdir(tasks_.get()))
    if (const pid_t thread = NumberOf(*entry); thread > 0 && !workers_.contains(thread))
      others.insert(thread);
  others.erase(static_cast<pid_t>(::syscall(SYS_gettid)));
  return others;
}

int EveryThread::Do(int (*act)(const void*), const void* argument) {
  const pid_t self = static_cast<pid_t>(::syscall(SYS_gettid));
  if (const int error = act(argument); error != 0) return error;
  errand.act = act;
  errand.argument = argument;
  Handler handler;
  std::set<pid_t> done = {self};
  for (bool found = true; found;) {
    found = false;
    ::rewinddir(tasks_.get());
    while (const dirent* entry = ::readdir(tasks_.get())) {
      const pid_t thread = NumberOf(*entry);
      if (thread == kUnknown) return ESRCH;
      if (thread == 0 || workers_.contains(thread) || !done.insert(thread).second) continue;
      found = true;
      if (const int error = Ask(thread); error != 0) return error;
    }
  }
  return 0;
}

}  // namespace hv
