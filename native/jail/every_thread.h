// every_thread.h: makes each thread of this process do what a thread can only do for itself: give up rights.
#ifndef HV_JAIL_EVERY_THREAD_H_
#define HV_JAIL_EVERY_THREAD_H_

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

  // Those that there are now, but for the kernel's and this one.
  std::set<pid_t> Others();

  // Calls act(argument) on each thread, this one first, one after another, also on those that are made meanwhile. It runs in a
  // signal handler: nothing but system calls, by syscall(2). Returns 0, or the first errno; ETIMEDOUT: a thread did not
  // answer within two seconds; ESRCH: one has been born that this process knows no number of. One caller at a time.
  int Do(int (*act)(const void*), const void* argument);

 private:
  static constexpr pid_t kUnknown = -1;

  // Of a thread; 0: of none, or it has ended.
  pid_t NumberOf(const dirent& entry);

  // Open all the time: who has given up to open files still finds the others.
  std::unique_ptr<DIR, int (*)(DIR*)> tasks_;
  bool has_other_numbers_;
  // By those that /proc has. Who has given up to open files learns of no new ones.
  std::map<pid_t, pid_t> numbers_;
  // The kernel's own threads in this process: KVM has one. They never run what is in its memory.
  std::set<pid_t> workers_;
};

}  // namespace hv

#endif  // HV_JAIL_EVERY_THREAD_H_
