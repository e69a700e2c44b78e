// host_change.h: descriptors through which a file's mode, owner and times are changed.
#pragma once

#include <sys/syscall.h>

#include <utility>

#include "napi/host_beneath.h"
#include "napi/host_call.h"

namespace hv {

// fchmodat2(2), the same number on all architectures: Linux 6.6. A container's filter may not know it.
constexpr long kFchmodat2 = 452;
inline bool HasFchmodat2() {
  static const bool has = ::syscall(kFchmodat2, -1, "", 0, AT_EMPTY_PATH) < 0 && errno == EBADF;
  return has;
}

// Whether what an O_PATH descriptor leads to may be changed: not in a jail without a tree of its own (jail/call_filter.h).
inline bool& MayChangeByPath() {
  static bool may = true;
  return may;
}

// A descriptor of a name, to change it through: of O_PATH if that is enough, or if the name cannot be opened.
inline Fd OpenToChange(int directory, const char* name) {
  struct statx found;
  const bool is_enough = MayChangeByPath() && HasFchmodat2();
  if (!is_enough && StatusOf(directory, name, &found) == 0 && IsFileOrDirectory(found.stx_mode) &&
      !IsKernelMountPoint(directory, name, found.stx_attributes)) {
    for (int access : {O_RDONLY, O_WRONLY}) {
      Fd fd(OpenName(directory, name, access | O_NOCTTY | O_NONBLOCK, 0));
      if (fd.get() >= 0) return fd;
    }
  }
  return Fd(OpenName(directory, name, O_PATH, 0));
}

// What a descriptor leads to, open: the same descriptor, unless it is of O_PATH.
class Opened {
 public:
  explicit Opened(int fd) : fd_(fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_PATH) == 0) return;
    const int64_t mode = ModeOf(fd, "");
    if (S_ISDIR(mode)) own_ = Fd(OpenName(fd, ".", O_RDONLY | O_DIRECTORY, 0));
    if (S_ISREG(mode)) own_ = OpenAgain(fd, O_RDONLY);
    // A link, or what must not be opened.
    if (!IsFileOrDirectory(mode)) errno = EOPNOTSUPP;
    fd_ = own_.get();
  }
  // Negative, with errno: it cannot be opened.
  int fd() const { return fd_; }

 private:
  int fd_;
  Fd own_;
};

// Calls `change` with what a descriptor leads to, open.
template <typename Call>
int ThroughOpened(int fd, Call change) {
  const Opened opened(fd);
  return opened.fd() < 0 ? -1 : change(opened.fd());
}

}  // namespace hv
