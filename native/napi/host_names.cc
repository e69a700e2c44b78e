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

int MakeDirectory(int directory, const Name& name, int64_t mode) {
  return ::mkdirat(directory, name.c_str(), static_cast<mode_t>(mode) & 01777);
}

// A fifo or a socket: no other kind of node is ever made on the host.
long MakeNode(int directory, const Name& name, int64_t new_mode) {
  const auto mode = static_cast<mode_t>(new_mode);
  if (!S_ISFIFO(mode) && !S_ISSOCK(mode)) return Fail(EPERM);
  // mknodat(3) is a symbol of glibc 2.33.
  return ::syscall(SYS_mknodat, directory, name.c_str(), mode & (S_IFMT | 01777), 0);
}

int Symlink(const ByteString& target, int directory, const Name& name) {
  return ::symlinkat(target.c_str(), directory, name.c_str());
}

int Link(int old_directory, const Name& from, int new_directory, const Name& to) {
  return ::linkat(old_directory, from.c_str(), new_directory, to.c_str(), 0);
}

int Unlink(int directory, const Name& name, int64_t is_directory) {
  return ::unlinkat(directory, name.c_str(), is_directory != 0 ? AT_REMOVEDIR : 0);
}

long Rename(int old_directory, const Name& from, int new_directory, const Name& to, int64_t flags) {
  return ::syscall(SYS_renameat2, old_directory, from.c_str(), new_directory, to.c_str(),
                   static_cast<unsigned>(flags));
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

// Set-user-ID and set-group-ID would give host users the power of the file's owner: they are not set. A directory may have set-group-ID,
// which gives its files its group.
int ChangeMode(int fd, int64_t wanted) {
  int64_t found = ModeOf(fd, "");
  if (found < 0) return -1;
  if (S_ISLNK(found)) return Fail(EOPNOTSUPP);
  mode_t mode = static_cast<mode_t>(wanted) & (S_ISDIR(found) ? 03777 : 01777);
  int result = SetMode(fd, mode);
  // No set-ID bit passes a jail's filter: a directory loses its own, as where Linux finds that its group is not the caller's.
  if (result < 0 && errno == EPERM && (mode & S_ISGID) != 0) result = SetMode(fd, mode & 01777);
  return result;
}

// -1 leaves an id as it is.
int ChangeOwner(int fd, int64_t new_uid, int64_t new_gid) {
  const auto uid = static_cast<uid_t>(new_uid);
  const auto gid = static_cast<gid_t>(new_gid);
  if (MayChangeByPath()) return ::fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
  return ThroughOpened(fd, [&](int opened) { return ::fchown(opened, uid, gid); });
}

// Access and modification time, seconds and nanoseconds each; negative nanoseconds leave that time as it is.
int SetTimes(int fd, const Doubles<4>& times) {
  struct timespec specs[2];
  for (int i = 0; i < 2; i++) {
    const double* time = times.get() + 2 * i;
    specs[i].tv_sec = static_cast<time_t>(time[0]);
    specs[i].tv_nsec = time[1] < 0 ? UTIME_OMIT : static_cast<long>(time[1]);
  }
  // The kernel's call, because libc refuses the empty path that AT_EMPTY_PATH is for.
  if (MayChangeByPath())
    return static_cast<int>(::syscall(SYS_utimensat, fd, "", specs, AT_EMPTY_PATH));
  return ThroughOpened(fd, [&](int opened) { return ::futimens(opened, specs); });
}

}  // namespace

void ExportHostNames(napi_env env, napi_value exports) {
  ExportHostCall<MakeDirectory>(env, exports, "hostMakeDirectory");
  ExportHostCall<MakeNode>(env, exports, "hostMakeNode");
  ExportHostCall<Symlink>(env, exports, "hostSymlink");
  ExportHostCall<Link>(env, exports, "hostLink");
  ExportHostCall<Unlink>(env, exports, "hostUnlink");
  ExportHostCall<Rename>(env, exports, "hostRename");
  ExportHostCall<ChangeMode>(env, exports, "hostChangeMode");
  ExportHostCall<ChangeOwner>(env, exports, "hostChangeOwner");
  ExportHostCall<SetTimes>(env, exports, "hostSetTimes");
}

}  // namespace hv
