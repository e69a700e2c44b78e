// fuzz.h: what the parts of hostile-fuzz-processes share: a seeded source of numbers, the arena, the table of pids.
#pragma once

#include "threads.h"

#define ARENA ((char *)0x500000000000)
#define ARENA_PAGES 64u
#define PAGE_BYTES 4096u
#define FIRST_FD 3
#define LAST_FD 40
#define KNOWN_PIDS 64u

struct shared {
  pid_t pids[KNOWN_PIDS];
  unsigned next_pid;
  unsigned long calls;
  uint32_t words[64];
};
static struct shared *common;

typedef struct {
  uint64_t state;
} Source;

// splitmix64.
UNUSED static uint64_t next64(Source *s) {
  uint64_t z = (s->state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

UNUSED static unsigned below(Source *s, unsigned limit) { return (unsigned)(next64(s) >> 33) % limit; }
UNUSED static bool one_in(Source *s, unsigned n) { return below(s, n) == 0; }
#define PICK(s, ...) \
  ({ \
    static const long list_[] = {__VA_ARGS__}; \
    list_[below(s, COUNT(list_))]; \
  })
// Each of these flags, or not.
#define SOME(s, ...) \
  ({ \
    static const unsigned long list_[] = {__VA_ARGS__}; \
    unsigned long bits_ = 0; \
    for (size_t i_ = 0; i_ < COUNT(list_); i_++) \
      if (one_in(s, 2)) bits_ |= list_[i_]; \
    bits_; \
  })

UNUSED static int some_fd(Source *s) {
  if (one_in(s, 40)) return (int)PICK(s, -1, -100, INT32_MAX, INT32_MIN, 1 << 20);
  return FIRST_FD + (int)below(s, LAST_FD - FIRST_FD);
}

UNUSED static void *in_arena(Source *s) {
  if (one_in(s, 40)) return bad_pointers[below(s, COUNT(bad_pointers))];
  return ARENA + below(s, ARENA_PAGES * PAGE_BYTES);
}

UNUSED static void *a_page(Source *s) { return ARENA + below(s, ARENA_PAGES) * PAGE_BYTES; }
UNUSED static size_t some_length(Source *s) {
  if (one_in(s, 100)) return (size_t)PICK(s, -1, INT64_MAX, 0x80000000, 1l << 46);
  return one_in(s, 3) ? below(s, 200000) : below(s, 300);
}

UNUSED static void remember(pid_t pid) {
  unsigned at = __atomic_fetch_add(&common->next_pid, 1, __ATOMIC_RELAXED);
  if (pid > 0) common->pids[at % KNOWN_PIDS] = pid;
}

UNUSED static pid_t some_pid(Source *s) {
  if (one_in(s, 12)) return (pid_t)PICK(s, 0, 1, 2, -1, INT32_MAX, INT32_MIN, 99999);
  return common->pids[below(s, KNOWN_PIDS)];
}

// Up to 20 ms.
UNUSED static struct timespec soon(Source *s) {
  if (one_in(s, 60)) return (struct timespec){PICK(s, -1, 0), PICK(s, -1, 1000000000, INT64_MAX)};
  return (struct timespec){0, below(s, 20) * 1000000};
}
