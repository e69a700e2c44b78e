// host_fs.cc: the host's files for the vfs: every path beneath a directory descriptor, every answer a number.
// Contract: src/vfs/host-addon.ts. A result is >= 0, a failure is -errno; nothing throws.

#include <fcntl.h>
#include <napi.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "napi/exports.h"
#include "napi/host_beneath.h"
#include "napi/host_call.h"
#include "napi/host_change.h"
#include "sys/fd.h"
#include "sys/kernel_file_system.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

// The wall around the host's kernel: a descriptor of one of its file systems is closed before it is handed out. -EXDEV.
napi_value Admit(const HostCall& call, Fd fd) {
  if (fd.get() < 0) return call.Return(-errno);
  if (IsInKernelFileSystem(fd.get())) return call.Return(-EXDEV);
  return call.Return(ThreadFds::Lend(std::move(fd)));
}

// The bits that a new mode may have: those that give a program the power of its owner are never written to the host.
mode_t WithoutSetId(int64_t mode) { return static_cast<mode_t>(mode) & 01777; }

// Removes such bits from a file that a guest may write to: its content is the guest's, its owner somebody else.
int DropSetId(int fd, int64_t mode, int flags) {
  bool has_bits = S_ISREG(mode) && (mode & (S_ISUID | S_ISGID)) != 0;
  if ((flags & O_ACCMODE) == O_RDONLY || !has_bits) return 0;
  return ::fchmod(fd, WithoutSetId(mode)) < 0 ? -errno : 0;
}

// hostOpenRoot(path): an O_PATH descriptor of what the user named. Follows links: the user may name one.
napi_value OpenRoot(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  ByteString path(env, call.value(0));
  if (path.error() != 0) return call.Return(path.error());
  return Admit(call, Fd(::open(path.c_str(), O_PATH | O_CLOEXEC)));
}

// hostOpenDirectory(directory, name): an O_PATH descriptor of a directory in it.
napi_value OpenDirectory(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name name(env, call.value(1));
  if (name.error() != 0) return call.Return(name.error());
  return Admit(call, Fd(OpenName(call.Fd(0), name.c_str(), O_PATH | O_DIRECTORY, 0)));
}

// hostOpenPath(directory, name): a descriptor of a name of any kind: for attributes.
napi_value OpenPath(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name name(env, call.value(1));
  if (name.error() != 0) return call.Return(name.error());
  return Admit(call, OpenToChange(call.Fd(0), name.c_str()));
}

// hostOpen(directory, name, flags, mode): regular files and directories only. The kind is checked before opening, because
// opening a device may do something, and after it, because the name may have changed hands.
napi_value Open(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name name(env, call.value(1));
  if (name.error() != 0) return call.Return(name.error());
  int directory = call.Fd(0);
  int flags = static_cast<int>(call.Int(2)) | O_NOCTTY | O_NONBLOCK;
  mode_t mode = WithoutSetId(call.Int(3));
  bool creates = (flags & O_CREAT) != 0;
  if (!creates) {
    struct statx found;
    if (StatusOf(directory, name.c_str(), &found) < 0) return call.Return(-errno);
    if (!IsFileOrDirectory(found.stx_mode)) return call.Return(-ENXIO);
    if (IsKernelMountPoint(directory, name.c_str(), found.stx_attributes))
      return call.Return(-EXDEV);
  }
  Fd fd(OpenName(directory, name.c_str(), flags, mode));
  if (fd.get() < 0) return call.Return(-errno);
  int64_t opened = ModeOf(fd.get(), "");
  if (opened < 0) return call.Return(opened);
  if (!IsFileOrDirectory(opened)) return call.Return(-ENXIO);
  if (IsInKernelFileSystem(fd.get())) return call.Return(-EXDEV);
  // The process's umask may differ from the guest's.
  if (creates && (opened & 07777) != mode && ::fchmod(fd.get(), mode) < 0)
    return call.Return(-errno);
  if (!creates) {
    int error = DropSetId(fd.get(), opened, flags);
    if (error < 0) return call.Return(error);
  }
  return call.Return(ThreadFds::Lend(std::move(fd)));
}

// hostAdopt(fd): takes over a descriptor that was opened elsewhere, if a guest may have what it leads to.
napi_value Adopt(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return Admit(call, Fd(call.Fd(0)));
}

bool Gives(int fd, int access) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0) return false;
  return (flags & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == access;
}

// hostOpenSelf(fd, flags): opens afresh what a descriptor of ours names (a mounted single file). A jail may forbid that: a descriptor that
// gives as much is then duplicated.
napi_value OpenSelf(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  int64_t mode = ModeOf(call.Fd(0), "");
  if (mode < 0) return call.Return(mode);
  if (!IsFileOrDirectory(mode)) return call.Return(-ENXIO);
  if (IsInKernelFileSystem(call.Fd(0))) return call.Return(-EXDEV);
  int flags = static_cast<int>(call.Int(1)) & ~(O_CREAT | O_EXCL | O_NOFOLLOW);
  Fd fd = OpenAgain(call.Fd(0), flags);
  if (fd.get() < 0 && Gives(call.Fd(0), flags & O_ACCMODE))
    fd = Fd(::fcntl(call.Fd(0), F_DUPFD_CLOEXEC, 0));
  if (fd.get() < 0) return call.Return(-errno);
  int error = DropSetId(fd.get(), mode, flags);
  if (error < 0) return call.Return(error);
  return call.Return(ThreadFds::Lend(std::move(fd)));
}

// hostReadDirectory(fd, buffer): raw struct linux_dirent64 records.
napi_value ReadDirectory(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Bytes buffer = call.Buffer(1);
  return call.ReturnCall(::syscall(SYS_getdents64, call.Fd(0), buffer.data, buffer.length));
}

// hostReadLink(directory, name, buffer)
napi_value ReadLink(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Name name(env, call.value(1));
  if (name.error() != 0) return call.Return(name.error());
  Bytes buffer = call.Buffer(2);
  // SAFETY: bytes as chars, of a buffer of that length.
  return call.ReturnCall(
      ::readlinkat(call.Fd(0), name.c_str(), reinterpret_cast<char*>(buffer.data), buffer.length));
}

// hostRead(fd, buffer, position): read(2) when the position is negative.
napi_value Read(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Bytes buffer = call.Buffer(1);
  int64_t position = call.Int(2);
  ssize_t count;
  do {
    count = position < 0 ? ::read(call.Fd(0), buffer.data, buffer.length)
                         : ::pread(call.Fd(0), buffer.data, buffer.length, position);
  } while (count < 0 && errno == EINTR);
  return call.ReturnCall(count);
}

// hostWrite(fd, buffer, position): write(2) when the position is negative.
napi_value Write(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  Bytes buffer = call.Buffer(1);
  int64_t position = call.Int(2);
  ssize_t count;
  do {
    count = position < 0 ? ::write(call.Fd(0), buffer.data, buffer.length)
                         : ::pwrite(call.Fd(0), buffer.data, buffer.length, position);
  } while (count < 0 && errno == EINTR);
  return call.ReturnCall(count);
}

// Writes with a flag of pwritev2(2), at the descriptor's position.
napi_value WriteWith(napi_env env, napi_callback_info info, int flag) {
  HostCall call(env, info);
  Bytes buffer = call.Buffer(1);
  struct iovec piece = {buffer.data, buffer.length};
  ssize_t count;
  do {
    count = ::pwritev2(call.Fd(0), &piece, 1, -1, flag);
  } while (count < 0 && errno == EINTR);
  return call.ReturnCall(count);
}

// hostAppend(fd, buffer): writes at the end of the file in one step, whatever the descriptor's flags.
napi_value Append(napi_env env, napi_callback_info info) {
  return WriteWith(env, info, RWF_APPEND);
}

// hostWriteNow(fd, buffer): writes what the stream takes without waiting, whatever the descriptor's flags.
napi_value WriteNow(napi_env env, napi_callback_info info) {
  return WriteWith(env, info, RWF_NOWAIT);
}

// hostSeek(fd, offset, whence)
napi_value Seek(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.ReturnCall(::lseek(call.Fd(0), call.Int(1), static_cast<int>(call.Int(2))));
}

// hostClose(fd)
napi_value Close(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.ReturnCall(ThreadFds::Close(call.Fd(0)));
}

// hostTruncate(fd, size)
napi_value Truncate(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.ReturnCall(::ftruncate(call.Fd(0), call.Int(1)));
}

// hostAllocate(fd, mode, offset, length)
napi_value Allocate(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.ReturnCall(
      ::fallocate(call.Fd(0), static_cast<int>(call.Int(1)), call.Int(2), call.Int(3)));
}

// hostSync(fd)
napi_value Sync(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.ReturnCall(::fsync(call.Fd(0)));
}

}  // namespace

void ExportHostFs(Napi::Env env, Napi::Object exports) {
  ExportHostCall(env, exports, "hostOpenRoot", OpenRoot);
  ExportHostCall(env, exports, "hostOpenDirectory", OpenDirectory);
  ExportHostCall(env, exports, "hostOpenPath", OpenPath);
  ExportHostCall(env, exports, "hostOpen", Open);
  ExportHostCall(env, exports, "hostOpenSelf", OpenSelf);
  ExportHostCall(env, exports, "hostAdopt", Adopt);
  ExportHostCall(env, exports, "hostReadDirectory", ReadDirectory);
  ExportHostCall(env, exports, "hostReadLink", ReadLink);
  ExportHostCall(env, exports, "hostRead", Read);
  ExportHostCall(env, exports, "hostWrite", Write);
  ExportHostCall(env, exports, "hostAppend", Append);
  ExportHostCall(env, exports, "hostWriteNow", WriteNow);
  ExportHostCall(env, exports, "hostSeek", Seek);
  ExportHostCall(env, exports, "hostClose", Close);
  ExportHostCall(env, exports, "hostTruncate", Truncate);
  ExportHostCall(env, exports, "hostAllocate", Allocate);
  ExportHostCall(env, exports, "hostSync", Sync);
  ExportHostLocks(env, exports);
  ExportHostNames(env, exports);
  ExportHostStat(env, exports);
  ExportHostStream(env, exports);
  ExportHostTerminal(env, exports);
}

}  // namespace hv
