// host_beneath.h: opens what lies in a directory, and tells where a file system of the host's kernel begins there.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sys/fd.h"
#include "sys/kernel_file_system.h"

namespace hv {

// Opens a name (host_call.h): one component that is not `..`, and no link is followed, so it never leaves the directory. Not openat2(2),
// whose flags a jail's filter could not see.
inline int OpenName(int directory, const char* name, int flags, mode_t mode) {
  int fd;
  do {
    fd = ::openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, mode & 07777);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

// Opens afresh what a descriptor leads to.
inline Fd OpenAgain(int fd, int flags) {
  Fd again(::open(OwnName(fd).text, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0));
  if (again.get() < 0 || IsSameFile(fd, again.get())) return again;
  errno = ENOENT;
  return Fd();
}

// Whether a file system of the host's kernel is mounted on a name. Asked before anything is opened there.
inline bool IsKernelMountPoint(int directory, const char* name, uint64_t attributes) {
  if ((attributes & STATX_ATTR_MOUNT_ROOT) == 0) return false;
  // The directory's descriptor was admitted: host_fs.cc.
  if (*name == '\0' || std::strcmp(name, ".") == 0) return false;
  Fd fd(OpenName(directory, name, O_PATH, 0));
  return fd.get() < 0 || IsInKernelFileSystem(fd.get());
}

}  // namespace hv
