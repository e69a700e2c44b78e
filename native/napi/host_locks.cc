// host_locks.cc: the host's file locks for the vfs. Contract: src/vfs/host-addon.ts. None of them waits.

#include <fcntl.h>
#include <sys/file.h>

#include "napi/host_call.h"

namespace hv {
namespace {

struct flock RangeOf(int64_t type, int64_t start, int64_t length) {
  struct flock range = {};
  range.l_type = static_cast<short>(type);
  range.l_whence = SEEK_SET;
  range.l_start = start;
  range.l_len = length;
  return range;
}

// A record lock of the open file.
int Lock(int fd, int64_t type, int64_t start, int64_t length) {
  struct flock range = RangeOf(type, start, length);
  return ::fcntl(fd, F_OFD_SETLK, &range);
}

// The lock that would keep Lock from succeeding.
int GetLock(int fd, int64_t type, int64_t start, int64_t length, const Doubles<4>& out) {
  struct flock range = RangeOf(type, start, length);
  int result = ::fcntl(fd, F_OFD_GETLK, &range);
  out.Store(range.l_type, range.l_start, range.l_len, range.l_pid);
  return result;
}

int Flock(int fd, int64_t operation) { return ::flock(fd, static_cast<int>(operation) | LOCK_NB); }

// Whether anybody has the file open to write it. A read lease is refused then: man 2 fcntl.
int IsOpenForWriting(int fd) {
  if (::fcntl(fd, F_SETLEASE, F_RDLCK) < 0) return errno == EAGAIN ? 1 : -1;
  return ::fcntl(fd, F_SETLEASE, F_UNLCK);
}

}  // namespace

void ExportHostLocks(napi_env env, napi_value exports) {
  ExportHostCall<Lock>(env, exports, "hostLock");
  ExportHostCall<GetLock>(env, exports, "hostGetLock");
  ExportHostCall<Flock>(env, exports, "hostFlock");
  ExportHostCall<IsOpenForWriting>(env, exports, "hostIsOpenForWriting");
}

}  // namespace hv
