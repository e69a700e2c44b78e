// host_locks.cc: the host's file locks for the vfs. Contract: src/vfs/host-addon.ts. None of them waits.

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "napi/host_call.h"

namespace hv {
namespace {

// The range in a call's arguments (fd, type, start, length).
struct flock RangeOf(const HostCall& call) {
  struct flock range = {};
  range.l_type = static_cast<short>(call.Int(1));
  range.l_whence = SEEK_SET;
  range.l_start = call.Int(2);
  range.l_len = call.Int(3);
  return range;
}

// hostLock(fd, type, start, length): a record lock of the open file, fcntl(F_OFD_SETLK).
napi_value Lock(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  struct flock range = RangeOf(call);
  return call.ReturnCall(::fcntl(call.Fd(0), F_OFD_SETLK, &range));
}

// hostGetLock(fd, type, start, length, out): the lock that would keep hostLock from succeeding, fcntl(F_OFD_GETLK).
napi_value GetLock(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  double* out = call.Doubles(4, 4);
  if (out == nullptr) return call.Return(-EINVAL);
  struct flock range = RangeOf(call);
  int result = ::fcntl(call.Fd(0), F_OFD_GETLK, &range);
  out[0] = range.l_type;
  out[1] = static_cast<double>(range.l_start);
  out[2] = static_cast<double>(range.l_len);
  out[3] = range.l_pid;
  return call.ReturnCall(result);
}

// hostFlock(fd, operation): flock(2), with LOCK_NB whatever the operation says.
napi_value Flock(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.ReturnCall(::flock(call.Fd(0), static_cast<int>(call.Int(1)) | LOCK_NB));
}

// hostIsOpenForWriting(fd): whether anybody has the file open to write it. A read lease is refused then: man 2 fcntl.
napi_value IsOpenForWriting(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  if (::fcntl(call.Fd(0), F_SETLEASE, F_RDLCK) < 0)
    return call.Return(errno == EAGAIN ? 1 : -errno);
  return call.ReturnCall(::fcntl(call.Fd(0), F_SETLEASE, F_UNLCK));
}

}  // namespace

void ExportHostLocks(napi_env env, napi_value exports) {
  ExportHostCall(env, exports, "hostLock", Lock);
  ExportHostCall(env, exports, "hostGetLock", GetLock);
  ExportHostCall(env, exports, "hostFlock", Flock);
  ExportHostCall(env, exports, "hostIsOpenForWriting", IsOpenForWriting);
}

}  // namespace hv
