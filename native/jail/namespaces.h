// namespaces.h: a network, a tree of files and names that a process has for itself: man 7 namespaces.
#ifndef HV_JAIL_NAMESPACES_H_
#define HV_JAIL_NAMESPACES_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "jail/every_thread.h"

namespace hv {

struct Namespace {
  // As in /proc/PID/ns.
  const char* name;
  // 0: every thread is in a new one.
  int error;
};

// A thread that was there before the others were restricted: it builds what they could not any more.
class Builder {
 public:
  Builder();
  // Without work, it ends.
  ~Builder();
  Builder(const Builder&) = delete;

  // Once. What it throws ends the process.
  void Run(std::function<void()> work);

 private:
  std::function<void()> work_;
  std::atomic<uint32_t> is_told_ = 0;
  std::thread thread_;
};

// Enters new ones: IPC objects, the host's name, network, cgroups, and a tree of files where nothing is but `shown`: directories, for
// reading, at their own paths. What is open stays open. A process with threads cannot have a new user namespace:
// unshare(2). The caller's thread is no exception: it has to be one that may mount.
std::vector<Namespace> EnterNamespaces(EveryThread& threads, const std::vector<std::string>& shown);

}  // namespace hv

#endif  // HV_JAIL_NAMESPACES_H_
