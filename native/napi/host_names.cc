// host_names.cc: the host's names for the vfs: makes, moves and removes them in a directory, and sets attributes by descriptor.
// Contract: src/vfs/host-addon.ts. A name is one component.

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "napi/host_beneath.h"
#include "napi/host_call.h"

namespace hv {
namespace {

// hostMakeDirectory(directory, name, mode)
napi_value MakeDirectory(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name name(env, call.value(1));
  if (name.error() != 0) return call.Return(name.error());
  return call.ReturnCall(
      ::mkdirat(call.Fd(0), name.c_str(), static_cast<mode_t>(call.Int(2)) & 01777));
}

// hostMakeNode(directory, name, mode): a fifo or a socket: no other kind of node is ever made on the host.
napi_value MakeNode(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name name(env, call.value(1));
  if (name.error() != 0) return call.Return(name.error());
  const auto mode = static_cast<mode_t>(call.Int(2));
  if (!S_ISFIFO(mode) && !S_ISSOCK(mode)) return call.Return(-EPERM);
  return call.ReturnCall(::mknodat(call.Fd(0), name.c_str(), mode & (S_IFMT | 01777), 0));
}

// hostSymlink(target, directory, name)
napi_value Symlink(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  ByteString target(env, call.value(0));
  Name name(env, call.value(2));
  if (target.error() != 0) return call.Return(target.error());
  if (name.error() != 0) return call.Return(name.error());
  return call.ReturnCall(::symlinkat(target.c_str(), call.Fd(1), name.c_str()));
}

// hostLink(oldDirectory, oldName, newDirectory, newName)
napi_value Link(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name from(env, call.value(1));
  Name to(env, call.value(3));
  if (from.error() != 0) return call.Return(from.error());
  if (to.error() != 0) return call.Return(to.error());
  return call.ReturnCall(::linkat(call.Fd(0), from.c_str(), call.Fd(2), to.c_str(), 0));
}

// hostUnlink(directory, name, isDirectory)
napi_value Unlink(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name name(env, call.value(1));
  if (name.error() != 0) return call.Return(name.error());
  return call.ReturnCall(::unlinkat(call.Fd(0), name.c_str(), call.Int(2) != 0 ? AT_REMOVEDIR : 0));
}

// hostRename(oldDirectory, oldName, newDirectory, newName, flags)
napi_value Rename(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name from(env, call.value(1));
  Name to(env, call.value(3));
  if (from.error() != 0) return call.Return(from.error());
  if (to.error() != 0) return call.Return(to.error());
  return call.ReturnCall(::syscall(SYS_renameat2, call.Fd(0), from.c_str(), call.Fd(2), to.c_str(),
                                   static_cast<unsigned>(call.Int(4))));
}

// hostChangeMode(fd, mode). Set-user-ID and set-group-ID would give host users the power of the file's owner: they are not
// set. A directory may have set-group-ID, which gives its files its group.
napi_value ChangeMode(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  int64_t found = ModeOf(call.Fd(0), "");
  if (found < 0) return call.Return(found);
  if (S_ISLNK(found)) return call.Return(-EOPNOTSUPP);
  mode_t mode = static_cast<mode_t>(call.Int(1)) & (S_ISDIR(found) ? 03777 : 01777);
  // fchmod refuses O_PATH descriptors; the magic link leads to that very inode.
  return call.ReturnCall(::fchmodat(OwnDescriptors(), DescriptorName(call.Fd(0)).text, mode, 0));
}

// hostChangeOwner(fd, uid, gid): -1 leaves an id as it is.
napi_value ChangeOwner(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.ReturnCall(::fchownat(call.Fd(0), "", static_cast<uid_t>(call.Int(1)),
                                    static_cast<gid_t>(call.Int(2)), AT_EMPTY_PATH));
}

// hostSetTimes(fd, times): access and modification time, seconds and nanoseconds each;
// negative nanoseconds leave that time as it is.
napi_value SetTimes(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  double* times = call.Doubles(1, 4);
  if (times == nullptr) return call.Return(-EINVAL);
  struct timespec specs[2];
  for (int i = 0; i < 2; i++) {
    specs[i].tv_sec = static_cast<time_t>(times[2 * i]);
    specs[i].tv_nsec = times[2 * i + 1] < 0 ? UTIME_OMIT : static_cast<long>(times[2 * i + 1]);
  }
  // The kernel's call, because libc refuses the empty path that AT_EMPTY_PATH is for.
  return call.ReturnCall(::syscall(SYS_utimensat, call.Fd(0), "", specs, AT_EMPTY_PATH));
}

}  // namespace

void ExportHostNames(napi_env env, napi_value exports) {
  ExportHostCall(env, exports, "hostMakeDirectory", MakeDirectory);
  ExportHostCall(env, exports, "hostMakeNode", MakeNode);
  ExportHostCall(env, exports, "hostSymlink", Symlink);
  ExportHostCall(env, exports, "hostLink", Link);
  ExportHostCall(env, exports, "hostUnlink", Unlink);
  ExportHostCall(env, exports, "hostRename", Rename);
  ExportHostCall(env, exports, "hostChangeMode", ChangeMode);
  ExportHostCall(env, exports, "hostChangeOwner", ChangeOwner);
  ExportHostCall(env, exports, "hostSetTimes", SetTimes);
}

}  // namespace hv
