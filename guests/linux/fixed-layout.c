// fixed-layout: with ADDR_NO_RANDOMIZE, execve puts the stack, the heap, the vDSO and mappings at the same addresses every time, and
// without it, at others. man 2 personality.
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>

#include "threads.h"

struct places {
  void *stack, *heap, *mapping;
  unsigned long vdso;
};

// The program again, in a child, with that personality: where its parts are.
static struct places places_with(unsigned long flags) {
  struct places places;
  int ends[2], status;
  REQUIRE(pipe(ends) == 0);
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    REQUIRE(personality(flags) == 0);
    dup2(ends[1], 1);
    execl("/proc/self/exe", "fixed-layout", "tell", (char *)0);
    _exit(1);
  }
  REQUIRE(read(ends[0], &places, sizeof(places)) == sizeof(places));
  REQUIRE(waitpid(child, &status, 0) == child && status == 0);
  close(ends[0]), close(ends[1]);
  return places;
}

static void tell_places(void) {
  struct places places = {
      .stack = &places,
      .heap = sbrk(0),
      .mapping = mmap(0, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      .vdso = getauxval(AT_SYSINFO_EHDR),
  };
  REQUIRE(personality(0xffffffff) == 0 || personality(0xffffffff) == ADDR_NO_RANDOMIZE);
  REQUIRE(write(1, &places, sizeof(places)) == sizeof(places));
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    tell_places();
    return finish();
  }
  limit_time();
  struct places first = places_with(ADDR_NO_RANDOMIZE), second = places_with(ADDR_NO_RANDOMIZE);
  CHECK_EQ(memcmp(&first, &second, sizeof(first)), 0);
  first = places_with(0), second = places_with(0);
  CHECK(first.stack != second.stack);
  CHECK(first.mapping != second.mapping);
  return finish();
}
