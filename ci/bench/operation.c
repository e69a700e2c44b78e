// operation.c: nanoseconds of one system call or page fault as a program sees it, the median of batches, for comparing
// hv with other sandboxes. Arguments: NAME [MILLISECONDS].
//
// Each batch is long enough that reading the clock, itself a system call in a sandbox, does not count.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "batches.h"

enum { PAGE = 4096, MAPPED_PAGES = 4, AGAIN_PAGES = 8192, NEW_PAGES = 32768, BLOCK = 4096 };

static int zero, null;
static char self[4096];
static char block[BLOCK];
static volatile char *fresh;

static void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

static int open_file(const char *path, int flags) {
  int opened = open(path, flags);
  must(opened >= 0, path);
  return opened;
}

static volatile char *map_pages(size_t pages) {
  char *address =
      mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(address != MAP_FAILED, "mmap");
  return address;
}

static void unmap_pages(volatile char *address, size_t pages) {
  must(munmap((void *)address, pages * PAGE) == 0, "munmap");
}

// Except the first time: memory that the sandbox already had.
static void map_again(void) {
  if (fresh) unmap_pages(fresh, AGAIN_PAGES);
  fresh = map_pages(AGAIN_PAGES);
}

// Once: memory that the sandbox never had.
static void map_new(void) { fresh = map_pages(NEW_PAGES); }

static void call_getpid(void *context, int calls) {
  while (calls-- > 0) must(getpid() > 0, "getpid");
}

// Through the vDSO, where there is one.
static void read_clock(void *context, int calls) {
  struct timespec now;
  while (calls-- > 0) must(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime");
}

// It changes nothing, and only the kernel knows the answer.
static void call_null(void *context, int calls) {
  while (calls-- > 0) must(syscall(SYS_umask, 022) >= 0, "umask");
}

static void call_read(void *context, int calls) {
  while (calls-- > 0) must(read(zero, block, 1) == 1, "read");
}

static void call_write(void *context, int calls) {
  while (calls-- > 0) must(write(null, block, BLOCK) == BLOCK, "write");
}

static void open_and_close(void *path, int calls) {
  while (calls-- > 0) must(close(open_file(path, O_RDONLY)) == 0, "close");
}

static void call_stat(void *path, int calls) {
  struct stat status;
  while (calls-- > 0) must(stat(path, &status) == 0, "stat");
}

static void map_touch_unmap(void *context, int calls) {
  while (calls-- > 0) {
    volatile char *address = map_pages(MAPPED_PAGES);
    for (int page = 0; page < MAPPED_PAGES; page++) address[page * PAGE] = 1;
    unmap_pages(address, MAPPED_PAGES);
  }
}

static void touch_in_order(void *context, int pages) {
  for (int page = 0; page < pages; page++) fresh[page * PAGE] = 1;
}

// Every page once, far from the one before: an odd number is prime to `pages`, a power of two.
static void touch_scattered(void *context, int pages) {
  for (int page = 0; page < pages; page++) fresh[(size_t)(page * 3037u % pages) * PAGE] = 1;
}

static const struct operation {
  const char *name;
  void (*prepare)(void);
  void (*batch)(void *, int);
  void *context;
  int calls;
} operations[] = {
    {"getpid", NULL, call_getpid, NULL, 100},
    {"null", NULL, call_null, NULL, 100},
    {"clock", NULL, read_clock, NULL, 100},
    {"read", NULL, call_read, NULL, 100},
    {"write", NULL, call_write, NULL, 100},
    {"open-close", NULL, open_and_close, "/dev/null", 50},
    {"open-close-file", NULL, open_and_close, self, 50},
    {"stat", NULL, call_stat, "/dev/null", 100},
    {"stat-file", NULL, call_stat, self, 100},
    {"mmap-touch-munmap", NULL, map_touch_unmap, NULL, 20},
    {"fault-in-order", map_again, touch_in_order, NULL, AGAIN_PAGES},
    {"fault-scattered", map_again, touch_scattered, NULL, AGAIN_PAGES},
    {"fault-new-in-order", map_new, touch_in_order, NULL, NEW_PAGES},
    {"fault-new-scattered", map_new, touch_scattered, NULL, NEW_PAGES},
};

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "";
  int milliseconds = argc > 2 ? atoi(argv[2]) : 1000;
  zero = open_file("/dev/zero", O_RDONLY);
  null = open_file("/dev/null", O_WRONLY);
  must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0, "/proc/self/exe");
  for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
    const struct operation *each = &operations[i];
    if (strcmp(each->name, name) != 0) continue;
    if (each->prepare == map_new) milliseconds = 0;
    double ns = median_prepared_batch_ns(each->prepare, each->batch, each->context, each->calls,
                                         milliseconds);
    printf("%.1f\n", ns / each->calls);
    return 0;
  }
  fprintf(stderr, "operation: there is no %s\n", name);
  return 2;
}
