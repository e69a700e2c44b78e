// host_stat.cc: what the host says about its files, by name or path, for the vfs.
// Contract: src/vfs/host-addon.ts.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "napi/host_beneath.h"
#include "napi/host_call.h"

namespace hv {
namespace {

constexpr size_t kStatFields = 21;
constexpr size_t kStatFsFields = 8;

constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
constexpr unsigned kMask = STATX_BASIC_STATS | STATX_BTIME;

void Tell(const Doubles<kStatFields>& out, const struct statx& s, bool is_kernel) {
  out.Store(s.stx_mode, s.stx_nlink, s.stx_uid, s.stx_gid, s.stx_size, s.stx_blocks, s.stx_blksize,
            s.stx_ino, s.stx_dev_major, s.stx_dev_minor, s.stx_rdev_major, s.stx_rdev_minor,
            s.stx_atime.tv_sec, s.stx_atime.tv_nsec, s.stx_mtime.tv_sec, s.stx_mtime.tv_nsec,
            s.stx_ctime.tv_sec, s.stx_ctime.tv_nsec, s.stx_btime.tv_sec, s.stx_btime.tv_nsec,
            is_kernel);
}

// lstat of a name, of the descriptor itself when the name is ''.
int Stat(int directory, const Name& name, const Doubles<kStatFields>& out) {
  struct statx status;
  int flags = kFlags | (name.length() == 0 ? AT_EMPTY_PATH : 0);
  if (::statx(directory, name.c_str(), flags, kMask, &status) < 0) return -1;
  Tell(out, status, IsKernelMountPoint(directory, name.c_str(), status.stx_attributes));
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
  Tell(out, status, IsKernelMountPoint(directory, path.c_str(), status.stx_attributes));
  return 1;
}

int StatFs(int fd, const Doubles<kStatFsFields>& out) {
  struct statfs status;
  if (::fstatfs(fd, &status) < 0) return -1;
  out.Store(status.f_type, status.f_bsize, status.f_blocks, status.f_bfree, status.f_bavail,
            status.f_files, status.f_ffree, status.f_namelen);
  return 0;
}

}  // namespace

void ExportHostStat(napi_env env, napi_value exports) {
  ExportHostCall<Stat>(env, exports, "hostStat");
  ExportHostCall<StatKnown>(env, exports, "hostStatKnown");
  ExportHostCall<StatFs>(env, exports, "hostStatFs");
}

}  // namespace hv
