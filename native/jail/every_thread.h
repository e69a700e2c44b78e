// every_thread.h: makes every thread of this process do what a thread can only do for itself: give up rights.
#pragma once

#include <dirent.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <set>

namespace hv {

class EveryThread {
 public:
  // Throws std::system_error where /proc is not mounted.
  EveryThread();

  // The threads that there are now, except the kernel's and this one.
  std::set<pid_t> Others();

  // Calls act(argument) on each thread, this one first, one after another, also on those that are made meanwhile. It runs in a
  // signal handler: it may only make system calls, with syscall(2). Returns 0, or the first errno; ETIMEDOUT: a thread did not
  // answer within two seconds; ESRCH: a new thread's number is not known to this process. One caller at a time.
  int Do(int (*act)(const void*), const void* argument);

 private:
  static constexpr pid_t kUnknown = -1;

  // The number of a thread; 0: the entry is no thread's, or the thread has ended.
  pid_t NumberOf(const dirent& entry);

  // Stays open: a process that may no longer open files still finds the other threads.
  std::unique_ptr<DIR, int (*)(DIR*)> tasks_;
  bool has_other_numbers_;
  // From the numbers that /proc has. A process that may no longer open files learns no new ones.
  std::map<pid_t, pid_t> numbers_;
  // The kernel's own threads in this process: KVM has one. They never run code in the process's memory.
  std::set<pid_t> workers_;
};

}  // namespace hv
