// bad-pointers: every call that follows a pointer gives EFAULT for a wrong one, and reads not one byte too many. man 2 intro.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#include "check.h"

static int fds[2];

// Calls that read a path or a structure.
static void check_inputs(void) {
  for (BAD_POINTER(p)) {
    CHECK_ERRNO(syscall(SYS_write, fds[1], *p, 16), EFAULT);
    CHECK_ERRNO(syscall(SYS_openat, AT_FDCWD, *p, O_RDONLY), EFAULT);
    CHECK_ERRNO(syscall(SYS_openat, AT_FDCWD, *p, O_CREAT | O_RDWR, 0644), EFAULT);
    CHECK_ERRNO(syscall(SYS_mkdirat, AT_FDCWD, *p, 0755), EFAULT);
    CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_symlinkat, *p, AT_FDCWD, "x"), EFAULT);
    CHECK_ERRNO(syscall(SYS_symlinkat, "x", AT_FDCWD, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_linkat, AT_FDCWD, *p, AT_FDCWD, "x", 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_renameat2, AT_FDCWD, *p, AT_FDCWD, "x", 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_faccessat, AT_FDCWD, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_chdir, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_truncate, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_writev, fds[1], *p, 1), EFAULT);
    CHECK_ERRNO(syscall(SYS_nanosleep, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigsuspend, *p, 8), EFAULT);
    if (!*p) continue;
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, *p, 0, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, *p, 0, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_setitimer, ITIMER_REAL, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_sigaltstack, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, ".", *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_pselect6, 1, *p, 0, 0, 0, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_pselect6, 0, 0, 0, 0, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_ppoll, 0, 0, *p, 0, 8), EFAULT);
  }
}

// Calls that write a structure.
static void check_outputs(void) {
  for (BAD_POINTER(p)) {
    CHECK_ERRNO(syscall(SYS_read, fds[0], *p, 16), EFAULT);
    CHECK_ERRNO(syscall(SYS_readv, fds[0], *p, 1), EFAULT);
    CHECK_ERRNO(syscall(SYS_fstat, fds[0], *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_newfstatat, AT_FDCWD, ".", *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, ".", 0, 0x7ff, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_getcwd, *p, 4096), EFAULT);
    CHECK_ERRNO(syscall(SYS_uname, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_sysinfo, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_getrusage, RUSAGE_SELF, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_REALTIME, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigpending, *p, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_pipe2, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_getitimer, ITIMER_REAL, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_readlinkat, AT_FDCWD, "link", *p, 16), EFAULT);
    CHECK_ERRNO(syscall(SYS_getresuid, *p, *p, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_fcntl, fds[0], F_GETLK, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, 0, *p), EFAULT);
    if (!*p) continue;
    CHECK_ERRNO(syscall(SYS_clock_getres, CLOCK_REALTIME, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_times, *p), EFAULT);
    CHECK_ERRNO(syscall(SYS_gettimeofday, *p, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, *p, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, 0, *p, 8), EFAULT);
  }
}

// Structures that just fit, and structures without their last byte.
static void check_edges(void) {
  struct stat status;
  CHECK_EQ(syscall(SYS_fstat, fds[0], at_page_end(sizeof(status), 0)), 0);
  CHECK_ERRNO(syscall(SYS_fstat, fds[0], at_page_end(sizeof(status), 1)), EFAULT);
  CHECK_EQ(syscall(SYS_uname, at_page_end(sizeof(struct utsname), 0)), 0);
  CHECK_ERRNO(syscall(SYS_uname, at_page_end(sizeof(struct utsname), 1)), EFAULT);
  CHECK_EQ(syscall(SYS_clock_gettime, CLOCK_REALTIME, at_page_end(16, 0)), 0);
  CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_REALTIME, at_page_end(16, 1)), EFAULT);
  CHECK_EQ(syscall(SYS_sysinfo, at_page_end(sizeof(struct sysinfo), 0)), 0);
  CHECK_ERRNO(syscall(SYS_sysinfo, at_page_end(sizeof(struct sysinfo), 8)), EFAULT);
  CHECK_EQ(syscall(SYS_nanosleep, at_page_end(16, 0), 0), 0);
  CHECK_ERRNO(syscall(SYS_nanosleep, at_page_end(16, 1), 0), EFAULT);
  CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, at_page_end(8, 0), 8), 0);
  CHECK_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, at_page_end(8, 1), 8), EFAULT);

  // A path that ends with the page, and one whose zero byte lies past it.
  char *path = at_page_end(2, 0);
  path[0] = '.';
  CHECK_EQ(syscall(SYS_faccessat, AT_FDCWD, path, 0), 0);
  path[1] = '/';
  CHECK_ERRNO(syscall(SYS_faccessat, AT_FDCWD, path, 0), EFAULT);

  // Vectors: the array cut off, a part of it bad.
  struct iovec *parts = at_page_end(2 * sizeof(*parts), 0);
  parts[0] = (struct iovec){"a", 1};
  parts[1] = (struct iovec){"b", 1};
  CHECK_EQ(syscall(SYS_writev, fds[1], parts, 2), 2);
  CHECK_ERRNO(syscall(SYS_writev, fds[1], parts, 3), EFAULT);
  parts[0].iov_base = (void *)8;
  CHECK_ERRNO(syscall(SYS_writev, fds[1], parts, 2), EFAULT);
  parts[0] = (struct iovec){"c", 1};
  parts[1].iov_base = (void *)0xffff800000000000;
  long n = syscall(SYS_writev, fds[1], parts, 2);
  CHECK(n == 1 || (n == -1 && errno == EFAULT));
  // With length 0, the address does not matter.
  CHECK_EQ(syscall(SYS_write, fds[1], (void *)8, 0), 0);
}

// The kernel respects the protections of the program's pages.
static void check_read_only(void) {
  void *page = read_only_page();
  CHECK_ERRNO(syscall(SYS_uname, page), EFAULT);
  CHECK_ERRNO(syscall(SYS_fstat, fds[0], page), EFAULT);
  CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_REALTIME, page), EFAULT);
  CHECK_ERRNO(syscall(SYS_read, fds[0], page, 1), EFAULT);
  CHECK_ERRNO(syscall(SYS_getcwd, page, PAGE), EFAULT);
  CHECK_ERRNO(syscall(SYS_pipe2, page, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_read, fds[0], (void *)(uintptr_t)check_edges, 1), EFAULT);
  for (size_t i = 0; i < PAGE; i++) CHECK(((char *)page)[i] == 0);
  // Reading from there is fine.
  CHECK_EQ(syscall(SYS_write, fds[1], page, 1), 1);
}

int main(void) {
  enter_scratch();
  REQUIRE(pipe(fds) == 0 && symlink("target", "link") == 0);
  REQUIRE(write(fds[1], "0123456789abcdef", 16) == 16);
  check_inputs();
  check_outputs();
  check_edges();
  check_read_only();
  return finish();
}
