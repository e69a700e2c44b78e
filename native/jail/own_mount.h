// own_mount.h: gives what a guest sees a mount of its own, of which nothing lies above: open_tree(2).
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "jail/file_rule.h"

namespace hv {

// linux/mount.h: what older headers lack. The numbers of the calls are the same on all architectures.
constexpr long kOpenTree = 428, kMoveMount = 429, kMountSetattr = 442;
// With all that is mounted beneath: fcntl.h's AT_RECURSIVE.
constexpr unsigned kRecursive = 0x8000;
constexpr uint64_t kReadOnly = 1, kInertAttributes = 2 | 4 | 8;

struct MountAttributes {
  uint64_t set, clear, propagation, user_namespace;
};

// mount_setattr(2): Linux 5.12. Sets nosuid, nodev and noexec. Returns a negative number and sets errno on failure.
inline long MakeInert(int directory, const char* path, bool is_read_only) {
  const MountAttributes attributes = {kInertAttributes | (is_read_only ? kReadOnly : 0), 0, 0, 0};
  return ::syscall(kMountSetattr, directory, path, AT_EMPTY_PATH | kRecursive, &attributes,
                   sizeof(attributes));
}

// Replaces each descriptor by one of a new mount, with all that is mounted beneath: from a directory, `..` then leads to the directory
// itself. In the mount nothing is executed, no device is opened, and nothing is changed unless it is writable. Later mounts of the
// host do not appear in it. An open file is opened anew, with its flags, if it still has a path.
// Preconditions: this thread has just entered a mount namespace of its own; /proc is still there. Returns 0 or an errno; ESTALE: the
// path of a descriptor leads elsewhere now.
int GiveOwnMounts(const std::vector<FileRule>& files);

// Attaches the mounts of single files, where a process without /proc opens them again: at `top`/proc/self/fd/NUMBER.
int AttachFiles(const std::vector<FileRule>& files, const std::string& top);

}  // namespace hv
