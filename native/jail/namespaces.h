// namespaces.h: gives a process a network, a tree of files and names of its own: man 7 namespaces.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "jail/every_thread.h"
#include "jail/file_rule.h"
#include "sys/fd.h"

namespace hv {

// programs/launcher.c, in memory that nobody can change any more. The descriptor lies above those of a child's standard streams.
// Throws std::system_error.
Fd OpenLauncher();

struct Namespace {
  // As in /proc/PID/ns.
  const char* name;
  // 0: every thread is in a new namespace.
  int error;
};

// A thread made before the others were restricted: it builds what they no longer can.
class Builder {
 public:
  Builder();
  // Ends the thread if it got no work.
  ~Builder();
  Builder(const Builder&) = delete;

  // At most once. An exception of `work` ends the process.
  void Run(std::function<void()> work);

 private:
  std::function<void()> work_;
  std::atomic<uint32_t> is_told_ = 0;
  std::thread thread_;
};

// Enters new namespaces: IPC objects, the host's name, network, cgroups, and a tree of files with nothing but `shown`: directories,
// for reading, at their own paths. What is open stays open; `files` get mounts of their own (own_mount.h). A process with threads cannot have a new user namespace:
// unshare(2). The calling thread enters them too, and must be allowed to mount.
std::vector<Namespace> EnterNamespaces(EveryThread& threads, const std::vector<std::string>& shown,
                                       const std::vector<FileRule>& files);

}  // namespace hv
