// kernel_file_system.h: what a descriptor leads to: its kind and its name, whether a file system whose files are parts of the host's kernel
// (processes, devices, settings, hooks), and whether the same file as another.
#pragma once

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstdint>

namespace hv {

// Mode and attributes of a name in a directory, or of the descriptor itself for ''. Uses statx(2), because the symbols fstat and
// fstatat are newer than the glibc that hv requires.
inline int StatusOf(int directory, const char* name, struct statx* status) {
  int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name == '\0' ? AT_EMPTY_PATH : 0);
  return ::statx(directory, name, flags, STATX_TYPE | STATX_MODE, status);
}

// st_mode; -1, with errno.
inline int64_t ModeOf(int directory, const char* name) {
  struct statx status;
  return StatusOf(directory, name, &status) < 0 ? -1 : int64_t{status.stx_mode};
}

inline bool IsFileOrDirectory(int64_t mode) { return S_ISREG(mode) || S_ISDIR(mode); }

// The name of what a descriptor leads to: a magic link. In a jail with a tree of its own there are such names for the single files that its
// guest sees, mounts of them (jail/own_mount.h), and no others.
struct OwnName {
  explicit OwnName(int fd) { ::snprintf(text, sizeof text, "/proc/self/fd/%d", fd); }
  char text[32];
};

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
