// fork-snapshot: a fork copies memory that another thread writes as it is at one moment: no store without those before it.
// man 2 fork.
// not in CI's beds: emulation makes it slow
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "check.h"

// A page for each, written in this order, again and again.
#define PAGES 8
#define FORKS 100

static _Atomic uint64_t *words[PAGES];
static atomic_bool is_done;

static void *write_in_order(void *nothing) {
  for (uint64_t round = 1; !is_done; round++)
    for (int i = 0; i < PAGES; i++) *words[i] = round;
  return nothing;
}

static bool are_in_order(void) {
  for (int i = 1; i < PAGES; i++)
    if (*words[i] > *words[i - 1] || *words[i] + 1 < *words[0]) return false;
  return true;
}

int main(void) {
  char *memory = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  for (size_t i = 0; i < PAGES; i++) words[i] = (_Atomic uint64_t *)(memory + i * PAGE);
  pthread_t writer;
  REQUIRE(pthread_create(&writer, 0, write_in_order, 0) == 0);
  for (int i = 0; i < FORKS; i++) {
    pid_t child = fork();
    if (child == 0) _exit(are_in_order() ? 0 : 1);
    int status;
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
  }
  is_done = true;
  pthread_join(writer, 0);
  return finish();
}
