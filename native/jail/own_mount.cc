// own_mount.cc: calls open_tree(2) and move_mount(2).

#include "jail/own_mount.h"

#include <limits.h>
#include <sys/stat.h>

#include <cerrno>

#include "sys/fd.h"
#include "sys/kernel_file_system.h"

namespace hv {
namespace {

// linux/mount.h's OPEN_TREE_CLONE and MOVE_MOUNT_F_EMPTY_PATH.
constexpr unsigned kClone = 1, kEmptySource = 4;

// Only a mount of one's own namespace can be cloned, and the descriptor is of the old one's: its path leads there again.
int OpenByPath(int fd, Fd* again) {
  char path[PATH_MAX];
  const ssize_t length = ::readlink(OwnName(fd).text, path, sizeof(path) - 1);
  if (length < 0) return errno;
  path[length] = '\0';
  *again = Fd(::open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (again->get() < 0) return errno;
  return IsSameFile(fd, again->get()) ? 0 : ESTALE;
}

int GiveOwnMount(const FileRule& file, int flags) {
  Fd place;
  if (const int error = OpenByPath(file.fd, &place); error != 0) return error;
  Fd mount(static_cast<int>(
      ::syscall(kOpenTree, place.get(), "", kClone | O_CLOEXEC | AT_EMPTY_PATH | kRecursive)));
  if (mount.get() < 0) return errno;
  // Before Linux 5.12 the other layers have to do.
  if (MakeInert(mount.get(), "", !file.is_writable) != 0 && errno != ENOSYS) return errno;
  if ((flags & O_PATH) == 0)
    mount = Fd(::open(OwnName(mount.get()).text, flags | O_NOCTTY | O_CLOEXEC, 0));
  return mount.get() < 0 || ::dup3(mount.get(), file.fd, O_CLOEXEC) < 0 ? errno : 0;
}

int AttachFile(int fd, const std::string& top) {
  std::string at = top;
  for (const char* name : {"/proc", "/self", "/fd"})
    if (::mkdir((at += name).c_str(), 0755) != 0 && errno != EEXIST) return errno;
  at += "/" + std::to_string(fd);
  const Fd place(::open(at.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (place.get() < 0) return errno;
  return ::syscall(kMoveMount, fd, "", AT_FDCWD, at.c_str(), kEmptySource) == 0 ? 0 : errno;
}

}  // namespace

int GiveOwnMounts(const std::vector<FileRule>& files) {
  for (const FileRule& file : files) {
    const int flags = ::fcntl(file.fd, F_GETFL);
    if (flags < 0) return errno;
    const int error = GiveOwnMount(file, flags);
    // An open file leads to no other one, and may have no path.
    if (error != 0 && (flags & O_PATH) != 0) return error;
  }
  return 0;
}

int AttachFiles(const std::vector<FileRule>& files, const std::string& top) {
  for (const FileRule& file : files) {
    if ((::fcntl(file.fd, F_GETFL) & O_PATH) == 0 || !S_ISREG(ModeOf(file.fd, ""))) continue;
    if (const int error = AttachFile(file.fd, top); error != 0) return error;
  }
  return 0;
}

}  // namespace hv
