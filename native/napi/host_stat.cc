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

// hostStat(directory, name, out): lstat of a name, of the descriptor itself when the name is ''.
napi_value Stat(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name name(env, call.value(1));
  double* out = call.Doubles(2, kStatFields);
  if (name.error() != 0) return call.Return(name.error());
  if (out == nullptr) return call.Return(-EINVAL);
  struct statx status;
  int flags = kFlags | (name.length() == 0 ? AT_EMPTY_PATH : 0);
  if (::statx(call.Fd(0), name.c_str(), flags, kMask, &status) < 0) return call.Return(-errno);
  Tell(out, status, IsKernelMountPoint(call.Fd(0), name.c_str(), status.stx_attributes));
  return call.Return(0);
}

// hostStatKnown(directory, path, ino, devMajor, devMinor, out): 1 if the path leads to that file. Links in it may lead anywhere, so
// nothing is told about another file.
napi_value StatKnown(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  ByteString path(env, call.value(1));
  double* out = call.Doubles(5, kStatFields);
  if (path.error() != 0 || out == nullptr) return call.Return(0);
  struct statx status;
  if (::statx(call.Fd(0), path.c_str(), kFlags, kMask, &status) < 0) return call.Return(0);
  // Compared as hostStat tells it: rounded.
  bool same = static_cast<double>(status.stx_ino) == call.Double(2) &&
              status.stx_dev_major == call.Int(3) && status.stx_dev_minor == call.Int(4);
  if (!same) return call.Return(0);
  Tell(out, status, IsKernelMountPoint(call.Fd(0), path.c_str(), status.stx_attributes));
  return call.Return(1);
}

// hostStatFs(fd, out)
napi_value StatFs(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  double* out = call.Doubles(1, kStatFsFields);
  if (out == nullptr) return call.Return(-EINVAL);
  struct statfs status;
  if (::fstatfs(call.Fd(0), &status) < 0) return call.Return(-errno);
  const double fields[kStatFsFields] = {
      static_cast<double>(status.f_type),   static_cast<double>(status.f_bsize),
      static_cast<double>(status.f_blocks), static_cast<double>(status.f_bfree),
      static_cast<double>(status.f_bavail), static_cast<double>(status.f_files),
      static_cast<double>(status.f_ffree),  static_cast<double>(status.f_namelen),
  };
  std::memcpy(out, fields, sizeof fields);
  return call.Return(0);
}

}  // namespace

void ExportHostStat(napi_env env, napi_value exports) {
  ExportHostCall(env, exports, "hostStat", Stat);
  ExportHostCall(env, exports, "hostStatKnown", StatKnown);
  ExportHostCall(env, exports, "hostStatFs", StatFs);
}

}  // namespace hv
