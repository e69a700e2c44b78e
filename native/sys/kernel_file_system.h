// kernel_file_system.h: what a descriptor leads to: whether a file system whose files are parts of the host's kernel (processes, devices,
// settings, hooks), and whether the same file as another.
#pragma once

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstdint>

namespace hv {

// O_PATH descriptors will do.
inline bool IsSameFile(int one, int other) {
  struct statx of_one, of_other;
  return ::statx(one, "", AT_EMPTY_PATH, STATX_INO, &of_one) == 0 &&
         ::statx(other, "", AT_EMPTY_PATH, STATX_INO, &of_other) == 0 &&
         of_one.stx_ino == of_other.stx_ino && of_one.stx_dev_major == of_other.stx_dev_major &&
         of_one.stx_dev_minor == of_other.stx_dev_minor;
}

// Names that linux/magic.h lacks, or lacks in the headers that hv is built with.
constexpr uint32_t kConfigFs = 0x62656570;     // fs/configfs/mount.c
constexpr uint32_t kFuseControl = 0x65735543;  // fs/fuse/control.c
constexpr uint32_t kResctrl = 0x07655821;      // linux/magic.h, RDTGROUP_SUPER_MAGIC
constexpr uint32_t kNfsd = 0x6e667364;         // fs/nfsd/nfsctl.c

// Whether a descriptor's file is in one of these; an O_PATH descriptor will do. A file that cannot be asked counts as one.
inline bool IsInKernelFileSystem(int fd) {
  struct statfs status;
  if (::fstatfs(fd, &status) < 0) return true;
  switch (static_cast<uint32_t>(status.f_type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case SELINUX_MAGIC:
    case SMACK_MAGIC:
    case BPF_FS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case EFIVARFS_MAGIC:
    case PSTOREFS_MAGIC:
    case BINFMTFS_MAGIC:
    case NSFS_MAGIC:
    case XENFS_SUPER_MAGIC:
    case kConfigFs:
    case kFuseControl:
    case kResctrl:
    case kNfsd:
      return true;
    default:
      return false;
  }
}

}  // namespace hv
