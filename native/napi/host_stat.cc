// host_stat.cc: what the host says about its files, by name or path, for the vfs.
// Contract: src/vfs/host-addon.ts.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstring>

#include "napi/host_beneath.h"
#include "napi/host_call.h"

namespace hv {
namespace {

constexpr size_t kStatFields = 21;
constexpr size_t kStatFsFields = 8;

constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
constexpr unsigned kMask = STATX_BASIC_STATS | STATX_BTIME;

void Tell(double* out, const struct statx& status, bool is_kernel) {
  const double fields[kStatFields] = {
      static_cast<double>(status.stx_mode),
      static_cast<double>(status.stx_nlink),
      static_cast<double>(status.stx_uid),
      static_cast<double>(status.stx_gid),
      static_cast<double>(status.stx_size),
      static_cast<double>(status.stx_blocks),
      static_cast<double>(status.stx_blksize),
      static_cast<double>(status.stx_ino),
      static_cast<double>(status.stx_dev_major),
      static_cast<double>(status.stx_dev_minor),
      static_cast<double>(status.stx_rdev_major),
      static_cast<double>(status.stx_rdev_minor),
      static_cast<double>(status.stx_atime.tv_sec),
      static_cast<double>(status.stx_atime.tv_nsec),
      static_cast<double>(status.stx_mtime.tv_sec),
      static_cast<double>(status.stx_mtime.tv_nsec),
      static_cast<double>(status.stx_ctime.tv_sec),
      static_cast<double>(status.stx_ctime.tv_nsec),
      static_cast<double>(status.stx_btime.tv_sec),
      static_cast<double>(status.stx_btime.tv_nsec),
      is_kernel ? 1.0 : 0.0,
  };
  std::memcpy(out, fields, sizeof fields);
}

// lstat of a name, of the descriptor itself when the name is ''.
int Stat(int directory, const Name& name, const Doubles<kStatFields>& out) {
  struct statx status;
  int flags = kFlags | (name.length() == 0 ? AT_EMPTY_PATH : 0);
  if (::statx(directory, name.c_str(), flags, kMask, &status) < 0) return -1;
  Tell(out.get(), status, IsKernelMountPoint(directory, name.c_str(), status.stx_attributes));
  return 0;
}

// 1 if the path leads to that file. Links in it may lead anywhere, so nothing is told about another file.
int StatKnown(int directory, const ByteString& path, double ino, int64_t major, int64_t minor,
              const Doubles<kStatFields>& out) {
  struct statx status;
  if (::statx(directory, path.c_str(), kFlags, kMask, &status) < 0) return 0;
  // Compared as Stat tells it: rounded.
  bool same = static_cast<double>(status.stx_ino) == ino && status.stx_dev_major == major &&
              status.stx_dev_minor == minor;
  if (!same) return 0;
  Tell(out.get(), status, IsKernelMountPoint(directory, path.c_str(), status.stx_attributes));
  return 1;
}

int StatFs(int fd, const Doubles<kStatFsFields>& out) {
  struct statfs status;
  if (::fstatfs(fd, &status) < 0) return -1;
  const double fields[kStatFsFields] = {
      static_cast<double>(status.f_type),   static_cast<double>(status.f_bsize),
      static_cast<double>(status.f_blocks), static_cast<double>(status.f_bfree),
      static_cast<double>(status.f_bavail), static_cast<double>(status.f_files),
      static_cast<double>(status.f_ffree),  static_cast<double>(status.f_namelen),
  };
  std::memcpy(out.get(), fields, sizeof fields);
  return 0;
}

}  // namespace

void ExportHostStat(napi_env env, napi_value exports) {
  ExportHostCall<Stat>(env, exports, "hostStat");
  ExportHostCall<StatKnown>(env, exports, "hostStatKnown");
  ExportHostCall<StatFs>(env, exports, "hostStatFs");
}

}  // namespace hv
