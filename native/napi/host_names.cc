// host_names.cc: the host's names for the vfs: makes, moves and removes them in a directory, and sets attributes by descriptor.
// Contract: src/vfs/host-addon.ts. A name is one component.

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "napi/host_change.h"

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
  // mknodat(3) is a symbol of glibc 2.33.
  return call.ReturnCall(
      ::syscall(SYS_mknodat, call.Fd(0), name.c_str(), mode & (S_IFMT | 01777), 0));
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

int SetMode(int fd, mode_t mode) {
  if (MayChangeByPath() && HasFchmodat2())
    return static_cast<int>(::syscall(kFchmodat2, fd, "", mode, AT_EMPTY_PATH));
  const int result = ThroughOpened(fd, [&](int opened) { return ::fchmod(opened, mode); });
  if (result == 0 || !MayChangeByPath()) return result;
  // What cannot be opened, on an older kernel, without a jail.
  const int error = errno;
  if (::chmod(OwnName(fd).text, mode) == 0) return 0;
  errno = error;
  return -1;
}

// hostChangeMode(fd, mode). Set-user-ID and set-group-ID would give host users the power of the file's owner: they are not
// set. A directory may have set-group-ID, which gives its files its group.
napi_value ChangeMode(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  int64_t found = ModeOf(call.Fd(0), "");
  if (found < 0) return call.Return(found);
  if (S_ISLNK(found)) return call.Return(-EOPNOTSUPP);
  mode_t mode = static_cast<mode_t>(call.Int(1)) & (S_ISDIR(found) ? 03777 : 01777);
  int result = SetMode(call.Fd(0), mode);
  // No set-ID bit passes a jail's filter: a directory loses its own, as where Linux finds that its group is not the caller's.
  if (result < 0 && errno == EPERM && (mode & S_ISGID) != 0)
    result = SetMode(call.Fd(0), mode & 01777);
  return call.ReturnCall(result);
}

// hostChangeOwner(fd, uid, gid): -1 leaves an id as it is.
napi_value ChangeOwner(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  const auto uid = static_cast<uid_t>(call.Int(1));
  const auto gid = static_cast<gid_t>(call.Int(2));
  const int fd = call.Fd(0);
  if (MayChangeByPath()) return call.ReturnCall(::fchownat(fd, "", uid, gid, AT_EMPTY_PATH));
  return call.ReturnCall(ThroughOpened(fd, [&](int opened) { return ::fchown(opened, uid, gid); }));
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
  const int fd = call.Fd(0);
  if (MayChangeByPath())
    return call.ReturnCall(::syscall(SYS_utimensat, fd, "", specs, AT_EMPTY_PATH));
  return call.ReturnCall(ThroughOpened(fd, [&](int opened) { return ::futimens(opened, specs); }));
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
