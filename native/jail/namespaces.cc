// namespaces.cc: calls unshare(2) on this thread, setns(2) on the others, and pivot_root(2).

#include "jail/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "jail/own_mount.h"
#include "sys/fd.h"
#include "sys/futex.h"
#include "sys/thread.h"

namespace hv {
namespace {

struct Kind {
  int flag;
  const char* name;
};
// The tree of files comes last: after it there is no /proc.
constexpr Kind kKinds[] = {{CLONE_NEWIPC, "ipc"},
                           {CLONE_NEWUTS, "uts"},
                           {CLONE_NEWNET, "net"},
                           {CLONE_NEWCGROUP, "cgroup"},
                           {CLONE_NEWNS, "mnt"}};

// Any existing directory will do: what the mount hides is out of sight in a moment anyway. /proc exists: every_thread.h.
constexpr char kTop[] = "/proc";
constexpr unsigned long kInert = MS_NOSUID | MS_NODEV | MS_NOEXEC;
// A process without rights has to fill it; then it becomes read-only.
constexpr mode_t kDirectoryMode = 0755;

// A namespace that this thread is in.
struct Entered {
  Fd fd;
  int flag;
  size_t index;
};

int Follow(const void* argument) {
  const auto& all = *static_cast<const std::vector<Entered>*>(argument);
  // A thread that shares its root with others may not enter a tree of files.
  if (::syscall(SYS_unshare, CLONE_FS) != 0) return errno;
  for (const Entered& entered : all)
    if (::syscall(SYS_setns, entered.fd.get(), entered.flag) != 0) return errno;
  return 0;
}

int Failed(int result) { return result == 0 ? 0 : errno; }

int MakeDirectories(const std::string& path) {
  for (size_t end = path.find('/', sizeof(kTop)); end != std::string::npos;
       end = path.find('/', end + 1))
    if (::mkdir(path.substr(0, end).c_str(), kDirectoryMode) != 0 && errno != EEXIST) return errno;
  return ::mkdir(path.c_str(), kDirectoryMode) == 0 || errno == EEXIST ? 0 : errno;
}

// Together with what is mounted below it, which a user namespace may not uncover (man 7 mount_namespaces). Linux 5.12.
int ShowWhole(const std::string& directory, const std::string& at) {
  if (::mount(directory.c_str(), at.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) return errno;
  return Failed(static_cast<int>(MakeInert(AT_FDCWD, at.c_str(), true)));
}

int Show(const std::string& directory) {
  const std::string at = kTop + directory;
  if (const int error = MakeDirectories(at); error != 0) return error;
  if (::mount(directory.c_str(), at.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return errno == EINVAL ? ShowWhole(directory, at) : errno;
  return Failed(
      ::mount(nullptr, at.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | kInert, nullptr));
}

int MoveInto(const std::vector<std::string>& shown, const std::vector<FileRule>& files) {
  for (const std::string& directory : shown)
    if (const int error = Show(directory); error != 0) return error;
  if (const int error = AttachFiles(files, kTop); error != 0) return error;
  if (::mount(nullptr, kTop, nullptr, MS_REMOUNT | MS_RDONLY | kInert, nullptr) != 0) return errno;
  if (::chdir(kTop) != 0) return errno;
  // The old root then lies over the new one, at the same place.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return errno;
  if (::umount2(".", MNT_DETACH) != 0) return errno;
  return Failed(::chdir("/"));
}

// If this fails, the tree is as it was. Precondition: this thread is in a mount namespace of its own.
int BuildTree(const std::vector<std::string>& shown, const std::vector<FileRule>& files) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  if (const int error = GiveOwnMounts(files); error != 0) return error;
  if (::mount("hv", kTop, "tmpfs", kInert, "mode=755,size=1m") != 0) return errno;
  const int error = MoveInto(shown, files);
  if (error != 0) ::umount2(kTop, MNT_DETACH);
  return error;
}

Fd OpenOwn(const Kind& kind) {
  const std::string path = std::string("/proc/thread-self/ns/") + kind.name;
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

Builder::Builder()
    : thread_(StartThread({}, [this] {
        while (is_told_ == 0) FutexWait(is_told_, 0);
        if (work_) work_();
      })) {}

Builder::~Builder() { Run({}); }

void Builder::Run(std::function<void()> work) {
  if (!thread_.joinable()) return;
  work_ = std::move(work);
  is_told_ = 1;
  FutexWake(is_told_);
  thread_.join();
}

std::vector<Namespace> EnterNamespaces(EveryThread& threads, const std::vector<std::string>& shown,
                                       const std::vector<FileRule>& files) {
  std::vector<Namespace> result;
  std::vector<Entered> all;
  for (const Kind& kind : kKinds) {
    int error = Failed(::unshare(kind.flag));
    Fd own = OpenOwn(kind);
    if (error == 0 && kind.flag == CLONE_NEWNS) error = BuildTree(shown, files);
    if (error == 0) all.push_back({std::move(own), kind.flag, result.size()});
    result.push_back({kind.name, error});
  }
  if (all.empty()) return result;
  if (const int error = threads.Do(Follow, &all); error != 0)
    for (const Entered& entered : all) result[entered.index].error = error;
  return result;
}

}  // namespace hv
