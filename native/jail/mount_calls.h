// mount_calls.h: mount calls that older headers lack: linux/mount.h. Their numbers are the same on all architectures.
#ifndef HV_JAIL_MOUNT_CALLS_H_
#define HV_JAIL_MOUNT_CALLS_H_

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace hv {

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

}  // namespace hv

#endif  // HV_JAIL_MOUNT_CALLS_H_
