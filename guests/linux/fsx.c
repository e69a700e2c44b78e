// fsx: random work on one file, through descriptors and mappings, against a model of it in memory.
//
// fsx [-n OPERATIONS] [-s SEED] [-e] [FILE]: on FILE, starting from its content; else on a file of its own in
// TMPDIR. -e: also stores bytes past the end of the file through a mapping, which must not become content when it grows
// (POSIX mmap; Linux's tmpfs keeps them). Test: test/guests/fsx.test.ts.
// not in CI's beds: emulation makes it slow
#include <getopt.h>
#include <linux/falloc.h>
#include <stdarg.h>
#include <sys/uio.h>

#include "check.h"

#define MAX_SIZE (160 * 1024)
#define MAX_LENGTH (24 * 1024)
#define BLOCK 4096
#define HISTORY 24

static char model[MAX_SIZE], buffer[MAX_SIZE + BLOCK];
static size_t size;
static const char *path = "file", *other_path;
static int fds[3];  // two to read and write, the second opened by the other name; one to append
static char *window;  // all of the file, shared, as long as no operation renews it
static bool stores_behind_end;
static uint64_t random_state;
static long operation;
static char history[HISTORY][120];
static unsigned unsupported;  // FALLOC modes that the file system lacks

static uint64_t random64(void) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * 2685821657736338717u;
}

static size_t below(size_t limit) { return limit ? (size_t)(random64() % limit) : 0; }
static bool one_in(size_t n) { return below(n) == 0; }

static void note(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(history[operation % HISTORY], sizeof(history[0]), format, args);
  va_end(args);
}

__attribute__((noreturn)) static void give_up(const char *what, size_t at) {
  dprintf(2, "fsx: operation %ld: %s at %#zx (errno %d, %s)\n", operation, what, at, errno, strerror(errno));
  for (long i = operation < HISTORY ? 0 : operation - HISTORY + 1; i <= operation; i++) {
    dprintf(2, "  %ld %s\n", i, history[i % HISTORY]);
  }
  exit(1);
}
#define MUST(condition, at) \
  do { \
    errno = 0; \
    if (!(condition)) give_up(#condition, at); \
  } while (0)

static void compare(const char *what, const char *got, size_t offset, size_t length) {
  if (memcmp(got, model + offset, length) == 0) return;
  size_t at = 0;
  while (got[at] == model[offset + at]) at++;
  dprintf(2, "fsx: %s: byte %#x, not %#x\n", what, (unsigned char)got[at], (unsigned char)model[offset + at]);
  give_up(what, offset + at);
}

static void check_size(void) {
  struct stat status;
  MUST(fstat(fds[below(3)], &status) == 0, 0);
  MUST((size_t)status.st_size == size, (size_t)status.st_size);
}

static size_t page_end(size_t offset) { return (offset + PAGE - 1) / PAGE * PAGE; }

// Extends the expected content of the file to `end`.
static void grow_model(size_t end) {
  if (end <= size) return;
  memset(model + size, 0, end - size);
  size = end;
}

static void random_range(size_t limit, size_t *offset, size_t *length) {
  *length = one_in(4) ? 1 + below(MAX_LENGTH) : 1 + below(3 * BLOCK);
  *offset = below(limit);
  if (one_in(6)) *offset = *offset / BLOCK * BLOCK;
  if (*offset + *length > limit) *length = limit - *offset;
}

static void random_bytes(char *target, size_t length) {
  for (size_t i = 0; i < length; i += 8) {
    uint64_t word = random64();
    memcpy(target + i, &word, length - i < 8 ? length - i : 8);
  }
}

static int any_fd(void) { return fds[below(2)]; }

static void do_read(void) {
  size_t offset, length;
  random_range(MAX_SIZE, &offset, &length);
  note("read %#zx + %#zx of %#zx", offset, length, size);
  size_t expected = offset >= size ? 0 : size - offset < length ? size - offset : length;
  MUST(pread(any_fd(), buffer, length, (off_t)offset) == (ssize_t)expected, offset);
  compare("read", buffer, offset, expected);
}

static void do_write(void) {
  size_t offset, length;
  random_range(MAX_SIZE, &offset, &length);
  note("write %#zx + %#zx of %#zx", offset, length, size);
  random_bytes(buffer, length);
  struct iovec parts[2] = {{buffer, length / 3}, {buffer + length / 3, length - length / 3}};
  MUST(pwritev(any_fd(), parts, 2, (off_t)offset) == (ssize_t)length, offset);
  grow_model(offset + length);
  memcpy(model + offset, buffer, length);
}

static void do_append(void) {
  size_t length = 1 + below(2 * BLOCK);
  if (size + length > MAX_SIZE) return;
  note("append %#zx to %#zx", length, size);
  random_bytes(buffer, length);
  MUST(write(fds[2], buffer, length) == (ssize_t)length, size);
  memcpy(model + size, buffer, length);
  size += length;
}

static void do_truncate(void) {
  size_t target = one_in(3) ? below(MAX_SIZE) : below(size + 1);
  bool by_name = one_in(2);
  note("truncate%s %#zx to %#zx", by_name ? " by name" : "", size, target);
  MUST((by_name ? truncate(path, (off_t)target) : ftruncate(any_fd(), (off_t)target)) == 0, target);
  grow_model(target);
  size = target;
}

// A separate mapping for one access.
static void do_map(bool writes) {
  if (size == 0) return;
  size_t offset, length;
  random_range(size, &offset, &length);
  note("map %s %#zx + %#zx of %#zx", writes ? "write" : "read", offset, length, size);
  size_t start = offset / PAGE * PAGE;
  int prot = writes ? PROT_READ | PROT_WRITE : PROT_READ;
  char *map = mmap(0, offset + length - start, prot, MAP_SHARED, any_fd(), (off_t)start);
  MUST(map != MAP_FAILED, offset);
  if (writes) {
    random_bytes(model + offset, length);
    memcpy(map + offset - start, model + offset, length);
    if (one_in(3)) MUST(msync(map, offset + length - start, one_in(2) ? MS_SYNC : MS_ASYNC) == 0, offset);
  } else {
    compare("map read", map + offset - start, offset, length);
  }
  MUST(munmap(map, offset + length - start) == 0, offset);
}

// Writes to a private mapping stay there.
static void do_map_private(void) {
  if (size == 0) return;
  size_t offset, length;
  random_range(size, &offset, &length);
  note("map private %#zx + %#zx of %#zx", offset, length, size);
  size_t start = offset / PAGE * PAGE;
  char *map = mmap(0, offset + length - start, PROT_READ | PROT_WRITE, MAP_PRIVATE, any_fd(), (off_t)start);
  MUST(map != MAP_FAILED, offset);
  compare("private map", map + offset - start, offset, length);
  memset(map + offset - start, 0x5a, length);
  MUST(munmap(map, offset + length - start) == 0, offset);
}

static void do_window(void) {
  if (size == 0) return;
  size_t offset, length;
  random_range(size, &offset, &length);
  bool writes = one_in(2);
  note("window %s %#zx + %#zx of %#zx", writes ? "write" : "read", offset, length, size);
  compare("window", window + offset, offset, length);
  if (!writes) return;
  random_bytes(model + offset, length);
  memcpy(window + offset, model + offset, length);
}

static void do_store_behind_end(void) {
  size_t behind = page_end(size) - size;
  if (!stores_behind_end || behind == 0) return;
  note("store behind the end, %#zx", size);
  memset(window + size, 0xee, behind);
}

static void do_window_call(void) {
  size_t offset, length;
  random_range(MAX_SIZE, &offset, &length);
  offset = offset / PAGE * PAGE;
  size_t choice = below(4);
  note("window call %zu %#zx + %#zx of %#zx", choice, offset, length, size);
  if (choice == 0) MUST(msync(window + offset, length, MS_SYNC) == 0, offset);
  if (choice == 1) MUST(madvise(window + offset, length, MADV_DONTNEED) == 0, offset);
  if (choice == 2) MUST(fsync(any_fd()) == 0, offset);
  if (choice != 3) return;
  MUST(munmap(window, MAX_SIZE) == 0, 0);
  window = mmap(0, MAX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, any_fd(), 0);
  MUST(window != MAP_FAILED, 0);
}

// @return whether the file system has the mode
static bool allocate(int mode, size_t offset, size_t length) {
  note("fallocate %#x %#zx + %#zx of %#zx", (unsigned)mode, offset, length, size);
  if (unsupported & (1u << mode)) return false;
  errno = 0;
  if (fallocate(any_fd(), mode, (off_t)offset, (off_t)length) == 0) return true;
  if (errno != EOPNOTSUPP) give_up("fallocate", offset);
  unsupported |= 1u << mode;
  return false;
}

static void do_allocate(void) {
  size_t offset, length;
  random_range(MAX_SIZE, &offset, &length);
  int mode = one_in(2) ? FALLOC_FL_KEEP_SIZE : 0;
  if (one_in(2)) mode |= FALLOC_FL_ZERO_RANGE;
  if (!allocate(mode, offset, length)) return;
  if (!(mode & FALLOC_FL_KEEP_SIZE)) grow_model(offset + length);
  if (mode & FALLOC_FL_ZERO_RANGE) memset(model + offset, 0, length);
}

static void do_punch(void) {
  size_t offset, length;
  random_range(MAX_SIZE, &offset, &length);
  if (allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length)) memset(model + offset, 0, length);
}

static void do_shift(void) {
  size_t blocks = size / BLOCK, length = BLOCK * (1 + below(3)), offset = BLOCK * below(blocks);
  if (one_in(2)) {
    if (offset + length >= size || !allocate(FALLOC_FL_COLLAPSE_RANGE, offset, length)) return;
    memmove(model + offset, model + offset + length, size - offset - length);
    size -= length;
  } else {
    if (offset >= size || size + length > MAX_SIZE || !allocate(FALLOC_FL_INSERT_RANGE, offset, length)) return;
    memmove(model + offset + length, model + offset, size - offset);
    memset(model + offset, 0, length);
    size += length;
  }
}

static void do_copy(void) {
  size_t from, to, length;
  random_range(MAX_SIZE, &from, &length);
  to = below(MAX_SIZE - length);
  if (from < to + length && to < from + length) return;
  note("copy %#zx + %#zx to %#zx of %#zx", from, length, to, size);
  off_t in = (off_t)from, out = (off_t)to;
  size_t expected = from >= size ? 0 : size - from < length ? size - from : length;
  ssize_t copied = copy_file_range(any_fd(), &in, any_fd(), &out, length, 0);
  MUST(copied >= 0 && (size_t)copied <= expected && (copied > 0 || expected == 0), from);
  if (copied == 0) return;
  grow_model(to + (size_t)copied);
  memcpy(model + to, model + from, (size_t)copied);
}

// Holes read as zero; data may be zero too.
static void do_seek(void) {
  if (size == 0) return;
  size_t offset = below(size);
  note("seek %#zx of %#zx", offset, size);
  errno = 0;
  off_t data = lseek(fds[0], (off_t)offset, SEEK_DATA);
  if (data < 0 && errno != ENXIO) give_up("SEEK_DATA", offset);
  size_t hole_end = data < 0 ? size : (size_t)data;
  MUST(hole_end >= offset && hole_end <= size, hole_end);
  for (size_t at = offset; at < hole_end; at++) MUST(model[at] == 0, at);
  off_t hole = lseek(fds[0], (off_t)offset, SEEK_HOLE);
  MUST(hole >= (off_t)offset && hole <= (off_t)size, offset);
  MUST(hole == (off_t)size || model[hole] == 0, (size_t)hole);
  MUST(data < 0 || (size_t)data > offset || hole > data, offset);
}

static void open_all(void) {
  fds[0] = open(path, O_RDWR);
  fds[1] = open(other_path ? other_path : path, O_RDWR);
  fds[2] = open(path, O_WRONLY | O_APPEND);
  MUST(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0, 0);
}

static void do_reopen(void) {
  bool cuts = one_in(8), keeps_window = one_in(2);
  note("reopen%s%s", cuts ? ", cut" : "", keeps_window ? ", window kept" : "");
  if (!keeps_window) MUST(munmap(window, MAX_SIZE) == 0, 0);
  for (size_t i = 0; i < COUNT(fds); i++) MUST(close(fds[i]) == 0, i);
  if (cuts) {
    int fd = open(path, O_RDWR | O_TRUNC);
    MUST(fd >= 0 && close(fd) == 0, 0);
    size = 0;
  }
  open_all();
  if (keeps_window) return;
  window = mmap(0, MAX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
  MUST(window != MAP_FAILED, 0);
}

static void check_all(void) {
  MUST(pread(any_fd(), buffer, MAX_SIZE, 0) == (ssize_t)size, size);
  compare("all of the file", buffer, 0, size);
  compare("all of the window", window, 0, size);
}

static void operate(void) {
  size_t choice = below(100);
  if (choice < 16) do_read();
  else if (choice < 30) do_write();
  else if (choice < 34) do_append();
  else if (choice < 46) do_truncate();
  else if (choice < 54) do_map(false);
  else if (choice < 62) do_map(true);
  else if (choice < 64) do_map_private();
  else if (choice < 72) do_window();
  else if (choice < 78) do_store_behind_end();
  else if (choice < 82) do_window_call();
  else if (choice < 86) do_allocate();
  else if (choice < 90) do_punch();
  else if (choice < 92) do_shift();
  else if (choice < 96) do_copy();
  else if (choice < 99) do_seek();
  else do_reopen();
}

static void begin(void) {
  int fd = open(path, O_RDWR | O_CREAT, 0644);
  REQUIRE(fd >= 0);
  ssize_t length = pread(fd, model, MAX_SIZE, 0);
  REQUIRE(length >= 0);
  size = (size_t)length;
  close(fd);
  // Without hard links in the file system, one name does.
  static char name[4096];
  snprintf(name, sizeof(name), "%s.link", path);
  if (link(path, name) == 0) other_path = name;
  open_all();
  window = mmap(0, MAX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
  REQUIRE(window != MAP_FAILED);
}

int main(int argc, char **argv) {
  long operations = 1000;
  uint64_t seed = 1;
  for (int option; (option = getopt(argc, argv, "n:s:e")) != -1;) {
    if (option == 'n') operations = atol(optarg);
    if (option == 's') seed = strtoull(optarg, NULL, 0);
    if (option == 'e') stores_behind_end = true;
    if (option == '?') return 2;
  }
  if (optind < argc) path = argv[optind];
  else enter_scratch();
  random_state = seed * 0x9e3779b97f4a7c15u | 1;
  begin();
  for (operation = 0; operation < operations; operation++) {
    operate();
    check_size();
    if (one_in(64)) check_all();
  }
  check_all();
  if (other_path) unlink(other_path);
  return finish();
}
