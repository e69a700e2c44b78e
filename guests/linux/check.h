// check.h: the checks of a self-checking guest. Silent and exit status 0 = pass.
// A failed check prints one line and the guest goes on, so that one run shows everything that is wrong.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arch.h"

#define MAX_FAILURES 30
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static volatile int failures;

UNUSED static void fail(const char *file, int line, const char *what, long long got, int error) {
  dprintf(2, "%s:%d: %s: got %lld (errno %d, %s)\n", file, line, what, got, error, strerror(error));
  if (++failures < MAX_FAILURES) return;
  dprintf(2, "%s: too many failures\n", file);
  _exit(1);
}

// Does it hold? May look at the errno of a call before it.
#define CHECK(expr)                                         \
  do {                                                      \
    if (!(expr)) fail(__FILE__, __LINE__, #expr, 0, errno); \
  } while (0)

// Is the value of this expression that number?
#define CHECK_EQ(expr, expected)                                                          \
  do {                                                                                    \
    errno = 0;                                                                            \
    long long got_ = (long long)(expr), expected_ = (long long)(expected);                \
    if (got_ != expected_) fail(__FILE__, __LINE__, #expr " == " #expected, got_, errno); \
  } while (0)

// Does the call return -1 and set that errno?
#define CHECK_ERRNO(call, expected)                                           \
  do {                                                                        \
    errno = 0;                                                                \
    long long got_ = (long long)(call);                                       \
    int errno_ = errno;                                                       \
    if (got_ != -1 || errno_ != (expected))                                   \
      fail(__FILE__, __LINE__, #call " fails with " #expected, got_, errno_); \
  } while (0)

// As CHECK, for a condition without which the rest makes no sense.
#define REQUIRE(expr)                            \
  do {                                           \
    errno = 0;                                   \
    if (!(expr)) {                               \
      fail(__FILE__, __LINE__, #expr, 0, errno); \
      exit(1);                                   \
    }                                            \
  } while (0)

// A guest's main ends in `return finish();`.
UNUSED static int finish(void) { return failures ? 1 : 0; }

// Addresses no program can have mapped: null, unaligned, the end of the user half, non-canonical, kernel half, the last byte.
UNUSED static void *const bad_pointers[] = {
    (void *)0x0,
    (void *)0x1,
    (void *)0xfff,
    (void *)0x7ffffffff000,
    (void *)0x7fffffffffff,
    (void *)0x800000000001,
    (void *)0x1234567890abcdef,
    (void *)0xffff800000000000,
    (void *)0xffffffff81000003,
    (void *)0xffffffffff600000,
    (void *)0xfffffffffffffff8,
    (void *)0xffffffffffffffff,
};
#define BAD_POINTER(p)                                         \
  const void *const *p = (const void *const *)bad_pointers;    \
  p < (const void *const *)bad_pointers + COUNT(bad_pointers); \
  p++

// Room for `length` bytes, zeroed, whose last `missing` bytes lie in a page without access (0: it just fits).
UNUSED static void *at_page_end(size_t length, size_t missing) {
  static char *pages;
  if (!pages) {
    pages = mmap(0, 65536 + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(pages != MAP_FAILED);
    REQUIRE(mprotect(pages + 65536, PAGE, PROT_NONE) == 0);
  }
  memset(pages, 0, 65536);
  return pages + 65536 - length + missing;
}

// A page that can be read but not written.
UNUSED static void *read_only_page(void) {
  static void *page;
  if (!page) page = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  return page;
}

static char scratch_path[4096];
static pid_t scratch_owner;

UNUSED static int remove_one(const char *path, const struct stat *status, int type,
                             struct FTW *walk) {
  (void)status, (void)type, (void)walk;
  remove(path);
  return 0;
}

UNUSED static void remove_scratch(void) {
  if (getpid() != scratch_owner) return;
  if (chdir("/") == 0) nftw(scratch_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

// Makes an empty directory, enters it, and removes it at exit. umask is 022 afterwards.
UNUSED static void enter_scratch(void) {
  const char *base = getenv("TMPDIR");
  umask(022);
  snprintf(scratch_path, sizeof(scratch_path), "%s/guest-XXXXXX", base && *base ? base : "/tmp");
  REQUIRE(mkdtemp(scratch_path));
  scratch_owner = getpid();
  REQUIRE(chdir(scratch_path) == 0);
  atexit(remove_scratch);
}

// Creates or replaces a file with this content.
UNUSED static void write_file(const char *path, const void *data, size_t length) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  REQUIRE(fd >= 0);
  REQUIRE(write(fd, data, length) == (ssize_t)length);
  close(fd);
}

// Reads a whole file of up to `size - 1` bytes, adds a zero byte, returns the length or -1.
UNUSED static ssize_t read_file(const char *path, char *buffer, size_t size) {
  int fd = open(path, O_RDONLY);
  size_t length = 0;
  ssize_t n;
  if (fd < 0) return -1;
  while (length < size - 1 && (n = read(fd, buffer + length, size - 1 - length)) > 0)
    length += (size_t)n;
  close(fd);
  buffer[length] = 0;
  return (ssize_t)length;
}

// Is the kernel, or what it claims to be, that version or a later one?
UNUSED static bool is_since(int major, int minor) {
  struct utsname names;
  int has_major, has_minor;
  REQUIRE(uname(&names) == 0 && sscanf(names.release, "%d.%d", &has_major, &has_minor) == 2);
  return has_major > major || (has_major == major && has_minor >= minor);
}

UNUSED static bool is_hv(void) {
  struct utsname names;
  REQUIRE(uname(&names) == 0);
  return strstr(names.release, "-hv") != NULL;
}

UNUSED static bool is_root(void) { return geteuid() == 0; }
