// fd-kinds: what each call answers for each kind of descriptor, against a table that Linux 6.18 and 6.12 filled in.
// Alternatives are where those two, or ext4 and tmpfs, differ; and where hv does more than Linux (splices of
// /proc, copies between file systems, RWF_NOWAIT) or sees no arguments (empty vectors); its last offset is 2^53 - 1.
// With an argument it prints the table of the system on which it runs.
// not in CI's beds: emulation makes it slow
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/socket.h>
#include <termios.h>

#include "check.h"

static char buffer[65536] __attribute__((aligned(65536)));
static char ones[256];
static int spare[2], plain;

static int reopen(int fd, int flags) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  return open(path, flags);
}

// Kinds. Each function makes a fresh one; the other descriptors it needs are closed between cells.

static int others[8], other_count;
static int keep(int fd) { return others[other_count++] = fd; }

static int make_file(void) {
  write_file("file", "0123456789", 10);
  return open("file", O_RDWR);
}
static int make_reader(void) { return close(make_file()), open("file", O_RDONLY); }
static int make_writer(void) { return close(make_file()), open("file", O_WRONLY); }
static int make_directory(void) { return open("directory", O_RDONLY | O_DIRECTORY); }
static int make_path(void) { return close(make_file()), open("file", O_PATH); }
static int make_link(void) { return open("link", O_PATH | O_NOFOLLOW); }
static int make_pipe(int end, int flags) {
  int fds[2];
  REQUIRE(pipe2(fds, O_NONBLOCK) == 0);
  if (end == 0) REQUIRE(write(fds[1], "abc", 3) == 3);
  if (flags < 0) {
    keep(fds[!end]);
    return fds[end];
  }
  keep(fds[0]), keep(fds[1]);
  return reopen(fds[end], flags | O_NONBLOCK);
}
static int make_pipe_reader(void) { return make_pipe(0, -1); }
static int make_pipe_writer(void) { return make_pipe(1, -1); }
static int make_pipe_both(void) { return make_pipe(0, O_RDWR); }
static int make_fifo(void) { return open("fifo", O_RDWR | O_NONBLOCK); }
static int make_eventfd(void) { return eventfd(1, EFD_NONBLOCK); }
static int make_timerfd(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK); }
static int make_signalfd(void) {
  sigset_t set;
  sigemptyset(&set);
  return signalfd(-1, &set, SFD_NONBLOCK);
}
static int make_epoll(void) { return epoll_create1(0); }
static int make_memfd(void) {
  int fd = memfd_create("kinds", MFD_ALLOW_SEALING);
  REQUIRE(write(fd, "0123456789", 10) == 10 && lseek(fd, 0, SEEK_SET) == 0);
  return fd;
}
static int make_null(void) { return open("/dev/null", O_RDWR); }
static int make_zero(void) { return open("/dev/zero", O_RDWR); }
static int make_full(void) { return open("/dev/full", O_RDWR); }
static int make_urandom(void) { return open("/dev/urandom", O_RDWR); }
static int make_proc(void) { return open("/proc/self/comm", O_RDONLY); }
static int make_proc_directory(void) { return open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY); }

static int make_socket(int type) {
  int fds[2];
  REQUIRE(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds) == 0);
  REQUIRE(write(keep(fds[1]), "abc", 3) == 3);
  return fds[0];
}
static int make_stream(void) { return make_socket(SOCK_STREAM); }
static int make_datagram(void) { return make_socket(SOCK_DGRAM); }
static int make_listener(void) {
  sa_family_t any = AF_UNIX;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  REQUIRE(bind(fd, (void *)&any, sizeof(any)) == 0 && listen(fd, 1) == 0);
  return fd;
}

static const struct kind {
  const char *name;
  int (*make)(void);
} kinds[] = {
    {"file", make_file},         {"reader", make_reader},         {"writer", make_writer},
    {"dir", make_directory},     {"path", make_path},             {"link", make_link},
    {"pipe_r", make_pipe_reader}, {"pipe_w", make_pipe_writer},   {"pipe_rw", make_pipe_both},
    {"fifo", make_fifo},         {"eventfd", make_eventfd},       {"timerfd", make_timerfd},
    {"signalfd", make_signalfd}, {"epoll", make_epoll},           {"memfd", make_memfd},
    {"null", make_null},         {"zero", make_zero},             {"full", make_full},
    {"urandom", make_urandom},   {"proc", make_proc},             {"procdir", make_proc_directory},
    {"stream", make_stream},     {"dgram", make_datagram},        {"listener", make_listener},
};

// Calls. Each returns the result, or -1 and errno.

static struct iovec *two(void) {
  static struct iovec parts[2] = {{buffer, 4}, {buffer + 4, 124}};
  return parts;
}
static struct iovec *two_ones(void) {
  static struct iovec parts[2] = {{ones, 4}, {ones + 4, 4}};
  return parts;
}

static long call_read(int fd) { return read(fd, buffer, 128); }
static long call_read4(int fd) { return read(fd, buffer, 4); }
static long call_read0(int fd) { return read(fd, buffer, 0); }
static long call_readv(int fd) { return readv(fd, two(), 2); }
static long call_pread(int fd) { return pread(fd, buffer, 128, 0); }
static long call_pread0(int fd) { return pread(fd, buffer, 0, 0); }
static long call_pread_back(int fd) { return pread(fd, buffer, 1, -1); }
static long call_preadv(int fd) { return preadv(fd, two(), 2, 0); }
static long call_preadv2(int fd) { return preadv2(fd, two(), 2, -1, 0); }
static long call_write(int fd) { return write(fd, ones, 8); }
static long call_write4(int fd) { return write(fd, ones, 4); }
static long call_write0(int fd) { return write(fd, ones, 0); }
static long call_write24(int fd) { return write(fd, ones, 24); }
static long call_writev(int fd) { return writev(fd, two_ones(), 2); }
static long call_pwrite(int fd) { return pwrite(fd, ones, 8, 0); }
static long call_pwrite0(int fd) { return pwrite(fd, ones, 0, 0); }
static long call_pwritev(int fd) { return pwritev(fd, two_ones(), 2, 0); }
static long call_pwritev2(int fd) { return pwritev2(fd, two_ones(), 2, -1, 0); }
static long call_seek_set(int fd) { return lseek(fd, 2, SEEK_SET); }
static long call_seek_cur(int fd) { return lseek(fd, 0, SEEK_CUR); }
static long call_seek_end(int fd) { return lseek(fd, 0, SEEK_END); }
static long call_seek_back(int fd) { return lseek(fd, -1, SEEK_SET); }
static long call_seek_data(int fd) { return lseek(fd, 0, SEEK_DATA); }
static long call_seek_99(int fd) { return lseek(fd, 0, 99); }
static long call_ftruncate(int fd) { return ftruncate(fd, 5); }
static long call_ftruncate_back(int fd) { return ftruncate(fd, -1); }
static long call_fallocate(int fd) { return fallocate(fd, 0, 0, 20); }
static long call_fallocate_empty(int fd) { return fallocate(fd, 0, 0, 0); }
static long call_punch(int fd) { return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4); }
static long call_fsync(int fd) { return fsync(fd); }
static long call_fdatasync(int fd) { return fdatasync(fd); }
static long call_sync_range(int fd) { return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); }
static long call_syncfs(int fd) { return syncfs(fd); }
static long call_mmap(int fd, int protection, int flags) {
  void *memory = mmap(0, PAGE, protection, flags, fd, 0);
  return memory == MAP_FAILED ? -1 : munmap(memory, PAGE);
}
static long call_map_private(int fd) { return call_mmap(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE); }
static long call_map_shared(int fd) { return call_mmap(fd, PROT_READ | PROT_WRITE, MAP_SHARED); }
static long call_map_read(int fd) { return call_mmap(fd, PROT_READ, MAP_SHARED); }
static long call_splice_out(int fd) { return splice(fd, NULL, spare[1], NULL, 128, SPLICE_F_NONBLOCK); }
static long call_splice_out_at(int fd) {
  off_t offset = 1;
  return splice(fd, &offset, spare[1], NULL, 4, SPLICE_F_NONBLOCK);
}
static long call_splice_in(int fd) { return splice(spare[0], NULL, fd, NULL, 8, SPLICE_F_NONBLOCK); }
static long call_splice_in_at(int fd) {
  off_t offset = 1;
  return splice(spare[0], NULL, fd, &offset, 8, SPLICE_F_NONBLOCK);
}
static long call_splice_plain(int fd) { return splice(fd, NULL, plain, NULL, 8, SPLICE_F_NONBLOCK); }
static long call_tee_out(int fd) { return tee(fd, spare[1], 8, SPLICE_F_NONBLOCK); }
static long call_tee_in(int fd) { return tee(spare[0], fd, 8, SPLICE_F_NONBLOCK); }
static long call_sendfile_out(int fd) { return sendfile(plain, fd, NULL, 8); }
static long call_sendfile_out_at(int fd) {
  off_t offset = 1;
  return sendfile(plain, fd, &offset, 8);
}
static long call_sendfile_in(int fd) { return sendfile(fd, plain, NULL, 8); }
static long call_copy_out(int fd) { return copy_file_range(fd, NULL, plain, NULL, 8, 0); }
static long call_copy_in(int fd) { return copy_file_range(plain, NULL, fd, NULL, 8, 0); }
// To the mode it has: some of them are the host's own devices.
static long call_fchmod(int fd) {
  struct stat stat = {0};
  fstat(fd, &stat);
  return fchmod(fd, stat.st_mode & 07777);
}
static long call_fchown(int fd) { return fchown(fd, getuid(), getgid()); }
static long call_fstat_type(int fd) {
  struct stat status;
  return fstat(fd, &status) < 0 ? -1 : (long)(status.st_mode & S_IFMT) >> 12;
}
static long call_fstat_size(int fd) {
  struct stat status;
  return fstat(fd, &status) < 0 ? -1 : (long)status.st_size;
}
static long call_fstatfs(int fd) {
  struct statfs status;
  return fstatfs(fd, &status);
}
static long call_fionread(int fd) {
  int count = -99;
  return ioctl(fd, FIONREAD, &count) < 0 ? -1 : count;
}
static long call_fionbio(int fd) {
  int on = 1;
  return ioctl(fd, FIONBIO, &on);
}
static long call_fioclex(int fd) { return ioctl(fd, FIOCLEX); }
static long call_fioqsize(int fd) {
  loff_t size = -99;
  return ioctl(fd, FIOQSIZE, &size);
}
static long call_figetbsz(int fd) {
  int size = -99;
  return ioctl(fd, 2 /* FIGETBSZ */, &size) < 0 ? -1 : size > 0;
}
static long call_tcgets(int fd) {
  struct termios settings;
  return ioctl(fd, TCGETS, &settings);
}
static long call_pipe_size(int fd) { return fcntl(fd, F_GETPIPE_SZ) < 0 ? -1 : 1; }
static long call_get_seals(int fd) { return fcntl(fd, F_GET_SEALS); }
static long call_add_seals(int fd) { return fcntl(fd, F_ADD_SEALS, 0); }
static long call_getfl(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? -1 : flags & O_ACCMODE;
}
static long call_setfl(int fd) { return fcntl(fd, F_SETFL, O_APPEND); }
static long call_setfl_direct(int fd) { return fcntl(fd, F_SETFL, O_DIRECT); }
static long call_getdents(int fd) { return syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) < 0 ? -1 : 1; }
static long call_readlink(int fd) { return readlinkat(fd, "", buffer, 64) < 0 ? -1 : 1; }
static long call_fadvise(int fd) { return (errno = posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL)) ? -1 : 0; }
static long call_readahead(int fd) { return readahead(fd, 0, 16); }
static long call_flock(int fd) { return flock(fd, LOCK_EX | LOCK_NB); }
static long call_lock(int fd, short type) {
  struct flock lock = {.l_type = type};
  return fcntl(fd, F_SETLK, &lock);
}
static long call_lock_read(int fd) { return call_lock(fd, F_RDLCK); }
static long call_lock_write(int fd) { return call_lock(fd, F_WRLCK); }
static long call_lock_end(int fd) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_END};
  return fcntl(fd, F_GETLK, &lock);
}
static long call_poll(int fd) {
  struct pollfd one = {fd, POLLIN | POLLOUT | POLLPRI, 0};
  return poll(&one, 1, 0) < 0 ? -1 : one.revents;
}
static long call_epoll(int fd) {
  struct epoll_event event = {.events = EPOLLIN};
  return epoll_ctl(keep(epoll_create1(0)), EPOLL_CTL_ADD, fd, &event);
}
static long call_fchdir(int fd) {
  int here = keep(open(".", O_RDONLY | O_DIRECTORY));
  if (fchdir(fd) < 0) return -1;
  REQUIRE(fchdir(here) == 0);
  return 0;
}
static long call_futimens(int fd) { return futimens(fd, NULL); }
static long call_openat(int fd) { return openat(fd, "absent", O_RDONLY); }
static long call_reopen(int fd, int flags) {
  int again = reopen(fd, flags | O_NONBLOCK);
  if (again < 0) return -1;
  keep(again);
  return 0;
}
static long call_reopen_read(int fd) { return call_reopen(fd, O_RDONLY); }
static long call_reopen_write(int fd) { return call_reopen(fd, O_WRONLY); }
static long call_reopen_path(int fd) { return call_reopen(fd, O_PATH); }
static long call_dup(int fd) { return keep(dup(fd)) < 0 ? -1 : 0; }

static long call_fioasync(int fd) {
  int off = 0;
  return ioctl(fd, FIOASYNC, &off);
}
static long call_ficlone(int fd) { return ioctl(fd, _IOW(0x94, 9, int), plain); }
static long call_bad_ioctl(int fd) { return ioctl(fd, 0x7777, buffer); }
static long call_link_empty(int fd) {
  unlink("made");
  return linkat(fd, "", AT_FDCWD, "made", AT_EMPTY_PATH);
}
static long call_unlink_empty(int fd) { return unlinkat(fd, "", 0); }
static long call_access_empty(int fd) { return syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH); }
static long call_chown_empty(int fd) { return fchownat(fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH); }
static long call_utimens_empty(int fd) { return (long)syscall(SYS_utimensat, fd, "", NULL, AT_EMPTY_PATH); }
static long call_statx_type(int fd) {
  struct statx status;
  return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &status) < 0 ? -1 : (status.stx_mode & S_IFMT) >> 12;
}
static long call_read_nowait(int fd) { return preadv2(fd, two(), 2, -1, RWF_NOWAIT); }
static long call_write_append(int fd) { return pwritev2(fd, two_ones(), 2, -1, RWF_APPEND); }
static long call_write_sync(int fd) { return pwritev2(fd, two_ones(), 2, -1, RWF_DSYNC); }
static long call_write_unknown(int fd) { return pwritev2(fd, two_ones(), 2, -1, 0x1000); }
static long call_readv_none(int fd) { return readv(fd, two(), 0); }
static long call_writev_none(int fd) { return writev(fd, two_ones(), 0); }
static long call_readv_many(int fd) { return readv(fd, two(), 1025); }
static long call_vmsplice(int fd) { return vmsplice(fd, two_ones(), 2, SPLICE_F_NONBLOCK); }
static long call_seek_hole(int fd) { return lseek(fd, 0, SEEK_HOLE); }
static long call_zero_range(int fd) { return fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4); }
static long call_allocate_unknown(int fd) { return fallocate(fd, 0x4000, 0, 4); }
static long call_map_exec(int fd) { return call_mmap(fd, PROT_READ | PROT_EXEC, MAP_PRIVATE); }
static long call_map_validate(int fd) { return call_mmap(fd, PROT_READ, MAP_SHARED_VALIDATE); }
static long call_flock_wrong(int fd) { return flock(fd, 0); }
static long call_lock_ofd(int fd) {
  struct flock lock = {.l_type = F_RDLCK};
  return fcntl(fd, F_OFD_SETLK, &lock);
}
static long call_pipe_resize(int fd) { return fcntl(fd, F_SETPIPE_SZ, 8192); }
static long call_fcntl_unknown(int fd) { return fcntl(fd, 999, 0); }
static long call_epoll_mod(int fd) {
  struct epoll_event event = {.events = EPOLLIN};
  return epoll_ctl(keep(epoll_create1(0)), EPOLL_CTL_MOD, fd, &event);
}
static long call_openat_path(int fd) { return openat(fd, "/dev/null", O_RDONLY) < 0 ? -1 : 0; }
static long call_openat_empty(int fd) { return openat(fd, "", O_RDONLY); }
static long call_shutdown(int fd) { return shutdown(fd, SHUT_RD); }
static long call_epoll_wait(int fd) {
  struct epoll_event event;
  return epoll_wait(fd, &event, 1, 0);
}
static long call_timer_get(int fd) {
  struct itimerspec setting;
  return timerfd_gettime(fd, &setting);
}
static long call_timer_set(int fd) {
  struct itimerspec setting = {{0, 0}, {0, 0}};
  return timerfd_settime(fd, 0, &setting, NULL);
}
static long call_signalfd(int fd) {
  sigset_t set;
  sigemptyset(&set);
  return signalfd(fd, &set, 0) < 0 ? -1 : 0;
}

#define CALL(name, expected) {#name, call_##name, expected}
static const struct call {
  const char *name;
  long (*call)(int fd);
  const char *expected;
} calls[] = {
// clang-format off: a table
    CALL(read, "10 10 EBADF EISDIR EBADF EBADF 3 EBADF 3 EAGAIN 8 EAGAIN EAGAIN EINVAL 10 0 128 128 128 9 EISDIR 3 3 EINVAL"),
    CALL(read4, "4 4 EBADF EISDIR EBADF EBADF 3 EBADF 3 EAGAIN EINVAL EINVAL EINVAL EINVAL 4 0 4 4 4 4 EISDIR 3 3 EINVAL"),
    CALL(read0, "0 0 EBADF EISDIR EBADF EBADF 0 EBADF 0 0 EINVAL EINVAL EINVAL EINVAL 0 0 0 0 0 0 EISDIR 0 0 0"),
    CALL(readv, "10 10 EBADF EISDIR EBADF EBADF 3 EBADF 3 EAGAIN 8 EAGAIN EAGAIN EINVAL 10 0 128 128 128 9 EISDIR 3 3 EINVAL"),
    CALL(pread, "10 10 EBADF EISDIR EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE 10 0 128 128 128 9 EISDIR ESPIPE ESPIPE ESPIPE"),
    CALL(pread0, "0 0 EBADF EISDIR EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE 0 0 0 0 0 0 EISDIR ESPIPE ESPIPE ESPIPE"),
    CALL(pread_back, "EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(preadv, "10 10 EBADF EISDIR EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE 10 0 128 128 128 9 EISDIR ESPIPE ESPIPE ESPIPE"),
    CALL(preadv2, "10 10 EBADF EISDIR EBADF EBADF 3 EBADF 3 EAGAIN 8 EAGAIN EAGAIN EINVAL 10 0 128 128 128 9 EISDIR 3 3 EINVAL"),
    CALL(write, "8 EBADF 8 EBADF EBADF EBADF EBADF 8 8 8 8 EINVAL EINVAL EINVAL 8 8 8 ENOSPC 8 EBADF EBADF 8 8 ENOTCONN"),
    CALL(write4, "4 EBADF 4 EBADF EBADF EBADF EBADF 4 4 4 EINVAL EINVAL EINVAL EINVAL 4 4 4 ENOSPC 4 EBADF EBADF 4 4 ENOTCONN"),
    CALL(write0, "0 EBADF 0 EBADF EBADF EBADF EBADF 0 0 0 EINVAL EINVAL EINVAL EINVAL 0 0 0 ENOSPC 0 EBADF EBADF 0 0 ENOTCONN"),
    CALL(write24, "24 EBADF 24 EBADF EBADF EBADF EBADF 24 24 24 EINVAL EINVAL EINVAL EINVAL 24 24 24 ENOSPC 24 EBADF EBADF 24 24 ENOTCONN"),
    CALL(writev, "8 EBADF 8 EBADF EBADF EBADF EBADF 8 8 8 EINVAL EINVAL EINVAL EINVAL 8 8 8 ENOSPC 8 EBADF EBADF 8 8 ENOTCONN"),
    CALL(pwrite, "8 EBADF 8 EBADF EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE 8 8 8 ENOSPC 8 ESPIPE|EBADF EBADF ESPIPE ESPIPE ESPIPE"),
    CALL(pwrite0, "0 EBADF 0 EBADF EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE 0 0 0 ENOSPC 0 ESPIPE|EBADF EBADF ESPIPE ESPIPE ESPIPE"),
    CALL(pwritev, "8 EBADF 8 EBADF EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE 8 8 8 ENOSPC 8 ESPIPE|EBADF EBADF ESPIPE ESPIPE ESPIPE"),
    CALL(pwritev2, "8 EBADF 8 EBADF EBADF EBADF EBADF 8 8 8 EINVAL EINVAL EINVAL EINVAL 8 8 8 ENOSPC 8 EBADF EBADF 8 8 ENOTCONN"),
    CALL(seek_set, "2 2 2 2 EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE 0 0 0 0 2 0 0 0 0 2 2 ESPIPE ESPIPE ESPIPE"),
    CALL(seek_cur, "0 0 0 0 EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE 0 0 0 0 0 0 0 0 0 0 0 ESPIPE ESPIPE ESPIPE"),
    CALL(seek_end, "10 10 10 9223372036854775807|EINVAL|9007199254740991 EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE 0 0 0 0 10 0 0 0 0 EINVAL 0 ESPIPE ESPIPE ESPIPE"),
    CALL(seek_back, "EINVAL EINVAL EINVAL EINVAL EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE 0 0 0 0 EINVAL 0 0 0 0 EINVAL EINVAL ESPIPE ESPIPE ESPIPE"),
    CALL(seek_data, "0 0 0 0|EINVAL EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE 0 0 0 0 0 0 0 0 0 EINVAL ENXIO ESPIPE ESPIPE ESPIPE"),
    CALL(seek_99, "EINVAL EINVAL EINVAL EINVAL EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(ftruncate, "0 EINVAL 0 EINVAL EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(ftruncate_back, "EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(fallocate, "0 EBADF 0 EBADF EBADF EBADF EBADF ESPIPE ESPIPE ESPIPE ENODEV ENODEV ENODEV ENODEV 0 ENODEV ENODEV ENODEV ENODEV EBADF EBADF ENODEV ENODEV ENODEV"),
    CALL(fallocate_empty, "EINVAL EINVAL EINVAL EINVAL EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(punch, "0 EBADF 0 EBADF EBADF EBADF EBADF ESPIPE ESPIPE ESPIPE ENODEV ENODEV ENODEV ENODEV 0 ENODEV ENODEV ENODEV ENODEV EBADF EBADF ENODEV ENODEV ENODEV"),
    CALL(fsync, "0 0 0 0 EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(fdatasync, "0 0 0 0 EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(sync_range, "0 0 0 0 EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE 0 ESPIPE ESPIPE ESPIPE ESPIPE 0 0 ESPIPE ESPIPE ESPIPE"),
    CALL(syncfs, "0 0 0 0 EBADF EBADF 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(map_private, "0 0 EACCES ENODEV EBADF EBADF ENODEV EACCES ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV 0 ENODEV 0 ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV"),
    CALL(map_shared, "0 EACCES EACCES EACCES EBADF EBADF EACCES EACCES ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV 0 ENODEV 0 ENODEV ENODEV EACCES EACCES ENODEV ENODEV ENODEV"),
    CALL(map_read, "0 0 EACCES ENODEV EBADF EBADF ENODEV EACCES ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV 0 ENODEV 0 ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV"),
    CALL(splice_out, "10 10 EBADF EINVAL EBADF EBADF 3 EBADF 3 EAGAIN EINVAL EINVAL EINVAL EINVAL 10 EINVAL 128 128 128 EINVAL|9 EINVAL 3 3 EINVAL"),
    CALL(splice_out_at, "4 4 EBADF EINVAL EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE EINVAL EINVAL EINVAL EINVAL 4 EINVAL 4 4 4 EINVAL|4 EINVAL EINVAL EINVAL EINVAL"),
    CALL(splice_in, "8 EBADF 8 EBADF EBADF EBADF EBADF 8 8 8 EINVAL EINVAL EINVAL EINVAL 8 8 8 EINVAL 8 EBADF EBADF 8 8 ENOTCONN"),
    CALL(splice_in_at, "8 EBADF 8 EBADF EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE EINVAL EINVAL EINVAL EINVAL 8 8 8 EINVAL 8 EBADF EBADF EINVAL EINVAL EINVAL"),
    CALL(splice_plain, "EINVAL EINVAL EBADF EINVAL EBADF EBADF 3 EBADF 3 EAGAIN EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(tee_out, "EINVAL EINVAL EBADF EINVAL EBADF EBADF 3 EBADF 3 EAGAIN EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(tee_in, "EINVAL EBADF EINVAL EBADF EBADF EBADF EBADF 8 8 8 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EBADF EBADF EINVAL EINVAL EINVAL"),
    CALL(sendfile_out, "8 8 EBADF EINVAL EBADF EBADF EINVAL EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 8 EINVAL 8 8 8 EINVAL|8 EINVAL EINVAL EINVAL EINVAL"),
    CALL(sendfile_out_at, "8 8 EBADF EINVAL EBADF EBADF ESPIPE EBADF ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE ESPIPE 8 EINVAL 8 8 8 EINVAL|8 EINVAL ESPIPE ESPIPE ESPIPE"),
    CALL(sendfile_in, "8 EBADF 8 EBADF EBADF EBADF EBADF 8 8 8 EINVAL EINVAL EINVAL EINVAL 8 8 8 EINVAL 8 EBADF EBADF 8 8 ENOTCONN"),
    CALL(copy_out, "8 8 EBADF EISDIR EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EXDEV|8 EINVAL EINVAL EINVAL EINVAL EXDEV|0 EISDIR EINVAL EINVAL EINVAL"),
    CALL(copy_in, "8 EBADF 8 EISDIR EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EXDEV|8 EINVAL EINVAL EINVAL EINVAL EBADF EISDIR EINVAL EINVAL EINVAL"),
    CALL(fchmod, "0 0 0 0 EBADF EBADF 0 0 0 0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 0 0 0 0 0 EPERM EPERM 0 0 0"),
    CALL(fchown, "0 0 0 0 EBADF EBADF 0 0 0 0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 0 0 0 0 0 0 0 0 0 0"),
    CALL(fstat_type, "8 8 8 4 8 10 1 1 1 1 0 0 0 0 8 2 2 2 2 8 4 12 12 12"),
    CALL(fstat_size, "10 10 10 * 10 5 0 0 0 0 0 0 0 0 10 0 0 0 0 0 0 0 0 0"),
    CALL(fstatfs, "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(fionread, "10 10 10 ENOTTY EBADF EBADF 3 0 3 0 ENOTTY ENOTTY ENOTTY EINVAL 10 ENOTTY ENOTTY ENOTTY EINVAL 0 ENOTTY 3 3 EINVAL"),
    CALL(fionbio, "0 0 0 0 EBADF EBADF 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(fioclex, "0 0 0 0 EBADF EBADF 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(fioqsize, "0 0 0 0 EBADF EBADF ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY 0 ENOTTY ENOTTY ENOTTY ENOTTY 0 0 ENOTTY ENOTTY ENOTTY"),
    CALL(figetbsz, "1 1 1 1 EBADF EBADF 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
    CALL(tcgets, "ENOTTY ENOTTY ENOTTY ENOTTY EBADF EBADF ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY EINVAL ENOTTY ENOTTY ENOTTY ENOTTY EINVAL ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY"),
    CALL(pipe_size, "EBADF EBADF EBADF EBADF EBADF EBADF 1 1 1 1 EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF"),
    CALL(get_seals, "EINVAL|1 EINVAL|1 EINVAL|1 EINVAL EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(add_seals, "EINVAL|EPERM EPERM EINVAL|EPERM EPERM EBADF EBADF EPERM EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL EPERM EPERM EINVAL EINVAL EINVAL"),
    CALL(getfl, "2 0 1 0 0 0 0 1 2 2 2 2 2 2 2 2 2 2 2 0 0 2 2 2"),
    CALL(setfl, "0 0 0 0 EBADF EBADF 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(setfl_direct, "0 0 0 EINVAL EBADF EBADF 0 0 0 0 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(getdents, "ENOTDIR ENOTDIR ENOTDIR 1 EBADF EBADF ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR 1 ENOTDIR ENOTDIR ENOTDIR"),
    CALL(readlink, "ENOENT ENOENT ENOENT ENOENT ENOENT 1 ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT"),
    CALL(fadvise, "0 0 0 0 EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(readahead, "0 0 EBADF EINVAL EBADF EBADF EINVAL EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL"),
    CALL(flock, "0 0 0 0 EBADF EBADF 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(lock_read, "0 0 EBADF 0 EBADF EBADF 0 EBADF 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(lock_write, "0 EBADF 0 EBADF EBADF EBADF EBADF 0 0 0 0 0 0 0 0 0 0 0 0 EBADF EBADF 0 0 0"),
    CALL(lock_end, "0 0 0 0 EBADF EBADF 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(poll, "5 5 5 5 32 32 1 4 5 4 5 0 0 0 5 5 5 5 5 5 5 5 5 0"),
    CALL(epoll, "EPERM EPERM EPERM EPERM EBADF EBADF 0 0 0 0 0 0 0 0 EPERM EPERM EPERM EPERM EPERM EPERM EPERM 0 0 0"),
    CALL(fchdir, "ENOTDIR ENOTDIR ENOTDIR 0 ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR 0 ENOTDIR ENOTDIR ENOTDIR"),
    CALL(futimens, "0 0 0 0 EBADF EBADF 0 0 0 0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 0 0 0 0 0 0 0 0 0 0"),
    CALL(openat, "ENOTDIR ENOTDIR ENOTDIR ENOENT ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOTDIR ENOENT ENOTDIR ENOTDIR ENOTDIR"),
    CALL(reopen_read, "0 0 0 0 0 ELOOP 0 0 0 0 ENXIO ENXIO ENXIO ENXIO 0 0 0 0 0 0 0 ENXIO ENXIO ENXIO"),
    CALL(reopen_write, "0 0 0 EISDIR 0 ELOOP 0 0 0 0 ENXIO ENXIO ENXIO ENXIO 0 0 0 0 0 0|EACCES EISDIR ENXIO ENXIO ENXIO"),
    CALL(reopen_path, "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(dup, "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(fioasync, "0 0 0 0 EBADF EBADF 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(ficlone, "EOPNOTSUPP EBADF EOPNOTSUPP EISDIR EBADF EBADF EXDEV EXDEV EXDEV EINVAL EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV"),
    CALL(bad_ioctl, "ENOTTY ENOTTY ENOTTY ENOTTY EBADF EBADF ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY EINVAL ENOTTY ENOTTY ENOTTY ENOTTY EINVAL ENOTTY ENOTTY ENOTTY ENOTTY ENOTTY"),
    CALL(link_empty, "0 0 0 EPERM 0 0 EXDEV EXDEV EXDEV 0 EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV EXDEV"),
    CALL(unlink_empty, "ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT"),
    CALL(access_empty, "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(chown_empty, "0 0 0 0 0 0 0 0 0 0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 0 0 0 0 0 0 0 0 0 0"),
    CALL(utimens_empty, "0 0 0 0 0 0 0 0 0 0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 EOPNOTSUPP|0 0 0 0 0 0 0 0 0 0 0"),
    CALL(statx_type, "8 8 8 4 8 10 1 1 1 1 0 0 0 0 8 2 2 2 2 8 4 12 12 12"),
    CALL(read_nowait, "10|EOPNOTSUPP 10|EOPNOTSUPP EBADF EOPNOTSUPP|EISDIR EBADF EBADF 3 EBADF EOPNOTSUPP|3 EOPNOTSUPP|EAGAIN 8 EAGAIN EAGAIN EINVAL EOPNOTSUPP|10 0 128 EOPNOTSUPP|128 128 EOPNOTSUPP|9 EOPNOTSUPP|EISDIR 3 3 EINVAL"),
    CALL(write_append, "8 EBADF 8 EBADF EBADF EBADF EBADF 8 8 8 EOPNOTSUPP EINVAL EINVAL EINVAL 8 8 8 EOPNOTSUPP 8 EBADF EBADF 8 8 ENOTCONN"),
    CALL(write_sync, "8 EBADF 8 EBADF EBADF EBADF EBADF 8 8 8 EOPNOTSUPP EINVAL EINVAL EINVAL 8 8 8 EOPNOTSUPP 8 EBADF EBADF 8 8 ENOTCONN"),
    CALL(write_unknown, "EOPNOTSUPP EBADF EOPNOTSUPP EBADF EBADF EBADF EBADF EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EINVAL|EOPNOTSUPP EINVAL|EOPNOTSUPP EINVAL|EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EBADF EBADF EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP"),
    CALL(readv_none, "0 0 EBADF 0 EBADF EBADF 0 EBADF 0 0 0 0 0 EINVAL|0 0 0 0 0 0 0 0 0 0 0"),
    CALL(writev_none, "0 EBADF 0 EBADF EBADF EBADF EBADF 0 0 0 0 EINVAL|0 EINVAL|0 EINVAL|0 0 0 0 0 0 EBADF EBADF 0 0 0"),
    CALL(readv_many, "EINVAL EINVAL EBADF EINVAL EBADF EBADF EINVAL EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(vmsplice, "EBADF EBADF EBADF EBADF EBADF EBADF 3 8 8 8 EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF"),
    CALL(seek_hole, "10 10 10 9223372036854775807|EINVAL|9007199254740991 EBADF EBADF ESPIPE ESPIPE ESPIPE ESPIPE 0 0 0 0 10 0 0 0 0 EINVAL ENXIO ESPIPE ESPIPE ESPIPE"),
    CALL(zero_range, "0|EOPNOTSUPP EBADF 0|EOPNOTSUPP EBADF EBADF EBADF EBADF ESPIPE ESPIPE ESPIPE ENODEV ENODEV ENODEV ENODEV EOPNOTSUPP ENODEV ENODEV ENODEV ENODEV EBADF EBADF ENODEV ENODEV ENODEV"),
    CALL(allocate_unknown, "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EBADF EBADF EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP"),
    CALL(map_exec, "0 0 EACCES ENODEV EBADF EBADF EPERM|ENODEV EACCES EPERM|ENODEV ENODEV EPERM|ENODEV EPERM|ENODEV EPERM|ENODEV EPERM|ENODEV 0 ENODEV 0 ENODEV ENODEV EPERM EPERM EPERM|ENODEV EPERM|ENODEV EPERM|ENODEV"),
    CALL(map_validate, "0 0 EACCES ENODEV EBADF EBADF ENODEV EACCES ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV 0 ENODEV 0 ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV ENODEV"),
    CALL(flock_wrong, "EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(lock_ofd, "0 0 EBADF 0 EBADF EBADF 0 EBADF 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(pipe_resize, "EBADF EBADF EBADF EBADF EBADF EBADF 8192 8192 8192 8192 EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF EBADF"),
    CALL(fcntl_unknown, "EINVAL EINVAL EINVAL EINVAL EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(epoll_mod, "EPERM EPERM EPERM EPERM EBADF EBADF ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT EPERM EPERM EPERM EPERM EPERM EPERM EPERM ENOENT ENOENT ENOENT"),
    CALL(openat_path, "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    CALL(openat_empty, "ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT"),
    CALL(shutdown, "ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK EBADF EBADF ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK ENOTSOCK 0 0 0"),
    CALL(epoll_wait, "EINVAL EINVAL EINVAL EINVAL EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(timer_get, "EINVAL EINVAL EINVAL EINVAL EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(timer_set, "EINVAL EINVAL EINVAL EINVAL EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    CALL(signalfd, "EINVAL EINVAL EINVAL EINVAL EBADF EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL"),
    // clang-format on
};

static const char *text_of(long result, char *text) {
  if (result >= 0) return sprintf(text, "%ld", result), text;
  return strerrorname_np(errno);
}

// Alternatives are separated by '|'; '*' is anything.
static bool is_expected(const char *got, const char *expected, size_t length) {
  size_t wanted = strlen(got);
  if (length == 1 && *expected == '*') return true;
  for (const char *end = expected + length; expected < end;) {
    const char *bar = memchr(expected, '|', (size_t)(end - expected));
    size_t part = (size_t)((bar ? bar : end) - expected);
    if (part == wanted && memcmp(expected, got, part) == 0) return true;
    expected += part + 1;
  }
  return false;
}

static void prepare(void) {
  REQUIRE(pipe2(spare, O_NONBLOCK) == 0);
  REQUIRE(write(spare[1], ones, 8) == 8);
  write_file("plain", "abcdefghij", 10);
  REQUIRE((plain = open("plain", O_RDWR)) >= 0);
}

static void clean(void) {
  close(spare[0]), close(spare[1]), close(plain);
  while (other_count > 0) close(others[--other_count]);
}

// Kernels before 6.12 answer some of these differently; hv says that it is 6.12.
static bool is_oracle(void) {
  struct utsname name;
  int major = 0, minor = 0;
  REQUIRE(uname(&name) == 0 && sscanf(name.release, "%d.%d", &major, &minor) == 2);
  return major > 6 || (major == 6 && minor >= 12);
}

int main(int argc, char **argv) {
  char text[32];
  (void)argv;
  if (!is_oracle()) return 0;
  prctl(PR_SET_NAME, "fd-kinds");
  signal(SIGPIPE, SIG_IGN);
  memset(ones, 0, sizeof(ones));
  ones[0] = 1;
  enter_scratch();
  REQUIRE(mkdir("directory", 0755) == 0 && mkfifo("fifo", 0644) == 0 && symlink("plain", "link") == 0);
  if (argc > 1) {
    printf("//");
    for (size_t kind = 0; kind < COUNT(kinds); kind++) printf(" %s", kinds[kind].name);
    printf("\n");
  }
  for (size_t call = 0; call < COUNT(calls); call++) {
    const char *expected = calls[call].expected;
    if (argc > 1) printf("CALL(%s, \"", calls[call].name);
    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
      prepare();
      int fd = kinds[kind].make();
      REQUIRE(fd >= 0);
      errno = 0;
      const char *got = text_of(calls[call].call(fd), text);
      close(fd);
      clean();
      if (argc > 1) printf("%s%s", kind ? " " : "", got);
      size_t length = strcspn(expected, " ");
      if (argc == 1 && !is_expected(got, expected, length)) {
        dprintf(2, "%s of %s: %s, expected %.*s\n", calls[call].name, kinds[kind].name, got, (int)length, expected);
        failures++;
      }
      expected += length + (expected[length] == ' ');
    }
    if (argc > 1) printf("\"),\n");
  }
  return finish();
}
