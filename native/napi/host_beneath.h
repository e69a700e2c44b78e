// host_beneath.h: opens what lies beneath a directory, and tells where a file system of the host's kernel begins there.
#ifndef HV_NAPI_HOST_BENEATH_H_
#define HV_NAPI_HOST_BENEATH_H_

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sys/fd.h"
#include "sys/kernel_file_system.h"

namespace hv {

inline int OpenBeneath(int directory, const char* path, int flags, mode_t mode) {
  struct open_how how = {};
  how.flags = static_cast<uint64_t>(flags);
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode & 07777 : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  int fd;
  do {
    fd = static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
  } while (fd < 0 && errno == EINTR);
  return fd;
}

// /proc/self/fd, opened while that is possible: a jail has no /proc. A name in it is a descriptor's number, and leads to that very
// inode. -1: /proc is not mounted.
inline int OwnDescriptors() {
  static const int directory = ::open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return directory;
}

struct DescriptorName {
  explicit DescriptorName(int fd) { ::snprintf(text, sizeof text, "%d", fd); }
  char text[16];
};

// Whether a file system of the host's kernel is mounted on a name. Asked before anything is opened there.
inline bool IsKernelMountPoint(int directory, const char* name, uint64_t attributes) {
  if ((attributes & STATX_ATTR_MOUNT_ROOT) == 0) return false;
  if (*name == '\0') return IsInKernelFileSystem(directory);
  Fd fd(OpenBeneath(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0));
  return fd.get() < 0 || IsInKernelFileSystem(fd.get());
}

}  // namespace hv

#endif  // HV_NAPI_HOST_BENEATH_H_
