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

// The wall around the host's kernel: a descriptor of one of its file systems is closed before it is handed out. EXDEV.
int Admit(Fd fd) {
  if (fd.get() < 0) return -1;
  if (IsInKernelFileSystem(fd.get())) return Fail(EXDEV);
  return ThreadFds::Lend(std::move(fd));
}

// The bits that a new mode may have: those that give a program the power of its owner are never written to the host.
mode_t WithoutSetId(int64_t mode) { return static_cast<mode_t>(mode) & 01777; }

// Removes such bits from a file that a guest may write to: its content is the guest's, its owner somebody else.
int DropSetId(int fd, int64_t mode, int flags) {
  bool has_bits = S_ISREG(mode) && (mode & (S_ISUID | S_ISGID)) != 0;
  if ((flags & O_ACCMODE) == O_RDONLY || !has_bits) return 0;
  return ::fchmod(fd, WithoutSetId(mode));
}

// What the user named, O_PATH. Follows links: the user may name one.
int OpenRoot(const ByteString& path) { return Admit(Fd(::open(path.c_str(), O_PATH | O_CLOEXEC))); }

// A directory in another one, O_PATH.
int OpenDirectory(int directory, const Name& name) {
  return Admit(Fd(OpenName(directory, name.c_str(), O_PATH | O_DIRECTORY, 0)));
}

// A descriptor of a name of any kind: for attributes.
int OpenPath(int directory, const Name& name) {
  return Admit(OpenToChange(directory, name.c_str()));
}

// Regular files and directories only. The kind is checked before opening, because opening a device may do something, and after it, because
// the name may have changed hands.
int Open(int directory, const Name& name, int64_t wanted, int64_t new_mode) {
  int flags = static_cast<int>(wanted) | O_NOCTTY | O_NONBLOCK;
  mode_t mode = WithoutSetId(new_mode);
  bool creates = (flags & O_CREAT) != 0;
  if (!creates) {
    struct statx found;
    if (StatusOf(directory, name.c_str(), &found) < 0) return -1;
    if (!IsFileOrDirectory(found.stx_mode)) return Fail(ENXIO);
    if (IsKernelMountPoint(directory, name.c_str(), found.stx_attributes)) return Fail(EXDEV);
  }
  Fd fd(OpenName(directory, name.c_str(), flags, mode));
  if (fd.get() < 0) return -1;
  int64_t opened = ModeOf(fd.get(), "");
  if (opened < 0) return -1;
  if (!IsFileOrDirectory(opened)) return Fail(ENXIO);
  if (IsInKernelFileSystem(fd.get())) return Fail(EXDEV);
  // The process's umask may differ from the guest's.
  if (creates && (opened & 07777) != mode && ::fchmod(fd.get(), mode) < 0) return -1;
  if (!creates && DropSetId(fd.get(), opened, flags) < 0) return -1;
  return ThreadFds::Lend(std::move(fd));
}

// Takes over a descriptor that was opened elsewhere, if a guest may have what it leads to.
int Adopt(int fd) { return Admit(Fd(fd)); }

bool Gives(int fd, int access) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0) return false;
  return (flags & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == access;
}

// Opens afresh what a descriptor of ours names (a mounted single file). A jail may forbid that: a descriptor that gives as much is then
// duplicated.
int OpenSelf(int own, int64_t wanted) {
  int64_t mode = ModeOf(own, "");
  if (mode < 0) return -1;
  if (!IsFileOrDirectory(mode)) return Fail(ENXIO);
  if (IsInKernelFileSystem(own)) return Fail(EXDEV);
  int flags = static_cast<int>(wanted) & ~(O_CREAT | O_EXCL | O_NOFOLLOW);
  Fd fd = OpenAgain(own, flags);
  if (fd.get() < 0 && Gives(own, flags & O_ACCMODE)) fd = Fd(::fcntl(own, F_DUPFD_CLOEXEC, 0));
  if (fd.get() < 0 || DropSetId(fd.get(), mode, flags) < 0) return -1;
  return ThreadFds::Lend(std::move(fd));
}

// Raw struct linux_dirent64 records.
long ReadDirectory(int fd, const Bytes& buffer) {
  return ::syscall(SYS_getdents64, fd, buffer.data, buffer.length);
}

ssize_t ReadLink(int directory, const Name& name, const Bytes& buffer) {
  // SAFETY: bytes as chars, of a buffer of that length.
  return ::readlinkat(directory, name.c_str(), reinterpret_cast<char*>(buffer.data), buffer.length);
}

// Calls it again while a signal interrupts it.
template <typename Transfer>
ssize_t Uninterrupted(Transfer transfer) {
  ssize_t count;
  do {
    count = transfer();
  } while (count < 0 && errno == EINTR);
  return count;
}

// read(2) when the position is negative.
ssize_t Read(int fd, const Bytes& buffer, int64_t position) {
  return Uninterrupted([&] {
    return position < 0 ? ::read(fd, buffer.data, buffer.length)
                        : ::pread(fd, buffer.data, buffer.length, position);
  });
}

// write(2) when the position is negative.
ssize_t Write(int fd, const Bytes& buffer, int64_t position) {
  return Uninterrupted([&] {
    return position < 0 ? ::write(fd, buffer.data, buffer.length)
                        : ::pwrite(fd, buffer.data, buffer.length, position);
  });
}

// Writes with a flag of pwritev2(2), at the descriptor's position, whatever the descriptor's own flags.
template <int flag>
ssize_t WriteWith(int fd, const Bytes& buffer) {
  struct iovec piece = {buffer.data, buffer.length};
  return Uninterrupted([&] { return ::pwritev2(fd, &piece, 1, -1, flag); });
}

ssize_t ReadParts(int fd, const ByteRanges& parts, int64_t position, int64_t flags) {
  return Uninterrupted([&] {
    return ::preadv2(fd, parts.ranges(), static_cast<int>(parts.count()), position,
                     static_cast<int>(flags));
  });
}

ssize_t WriteParts(int fd, const ByteRanges& parts, int64_t position, int64_t flags) {
  return Uninterrupted([&] {
    return ::pwritev2(fd, parts.ranges(), static_cast<int>(parts.count()), position,
                      static_cast<int>(flags));
  });
}

off_t Seek(int fd, int64_t offset, int64_t whence) {
  return ::lseek(fd, offset, static_cast<int>(whence));
}

int Allocate(int fd, int64_t mode, int64_t offset, int64_t length) {
  return ::fallocate(fd, static_cast<int>(mode), offset, length);
}

}  // namespace

void ExportHostFs(Napi::Env env, Napi::Object exports) {
  ExportHostCall<OpenRoot>(env, exports, "hostOpenRoot");
  ExportHostCall<OpenDirectory>(env, exports, "hostOpenDirectory");
  ExportHostCall<OpenPath>(env, exports, "hostOpenPath");
  ExportHostCall<Open>(env, exports, "hostOpen");
  ExportHostCall<OpenSelf>(env, exports, "hostOpenSelf");
  ExportHostCall<Adopt>(env, exports, "hostAdopt");
  ExportHostCall<ReadDirectory>(env, exports, "hostReadDirectory");
  ExportHostCall<ReadLink>(env, exports, "hostReadLink");
  ExportHostCall<Read>(env, exports, "hostRead");
  ExportHostCall<Write>(env, exports, "hostWrite");
  // At the end of the file, in one step.
  ExportHostCall<WriteWith<RWF_APPEND>>(env, exports, "hostAppend");
  // What the stream takes without waiting.
  ExportHostCall<WriteWith<RWF_NOWAIT>>(env, exports, "hostWriteNow");
  ExportHostCall<ReadParts>(env, exports, "hostReadParts");
  ExportHostCall<WriteParts>(env, exports, "hostWriteParts");
  ExportHostCall<Seek>(env, exports, "hostSeek");
  ExportHostCall<ThreadFds::Close>(env, exports, "hostClose");
  ExportHostCall<[](int fd, int64_t size) { return ::ftruncate(fd, size); }>(env, exports,
                                                                             "hostTruncate");
  ExportHostCall<Allocate>(env, exports, "hostAllocate");
  ExportHostCall<[](int fd) { return ::fsync(fd); }>(env, exports, "hostSync");
  ExportHostLocks(env, exports);
  ExportHostNames(env, exports);
  ExportHostSocket(env, exports);
  ExportHostStat(env, exports);
  ExportHostTerminal(env, exports);
}

}  // namespace hv
