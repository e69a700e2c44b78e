// mmap-lazy: reservations of gigabytes cost nothing until touched, and are zero where they are. man 2 mmap.
#include <sys/resource.h>

#include "fault.h"

#define GIB (1ul << 30)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

int main(void) {
  catch_faults();
  // A heap as runtimes reserve it: no access at first, then opened piece by piece.
  char *reserved = mmap(0, 4 * GIB, PROT_NONE, ANON, -1, 0);
  REQUIRE(reserved != MAP_FAILED);
  for (size_t at = 0; at < 4 * GIB; at += GIB / 2) {
    CHECK_FAULT(READ_BYTE(reserved + at + 77), SIGSEGV, SEGV_ACCERR, reserved + at + 77);
    CHECK_EQ(mprotect(reserved + at, 4 * PAGE, PROT_READ | PROT_WRITE), 0);
    CHECK_EQ(reserved[at + PAGE], 0);
    reserved[at + PAGE] = 'r';
    CHECK_EQ(FAULT_OF(READ_BYTE(reserved + at + 4 * PAGE)), SIGSEGV);
  }
  for (size_t at = 0; at < 4 * GIB; at += GIB / 2) CHECK_EQ(reserved[at + PAGE], 'r');

  // Readable and writable from the start, touched sparsely in both directions.
  char *sparse = mmap(0, GIB, PROT_READ | PROT_WRITE, ANON, -1, 0);
  REQUIRE(sparse != MAP_FAILED);
  // A touch would cost 32 MiB where pages have 16 KiB and the kernel joins them unasked.
  madvise(sparse, GIB, MADV_NOHUGEPAGE);
  for (size_t at = 0; at < GIB; at += GIB / 64) sparse[at + 9] = (char)(at / (GIB / 64) + 1);
  for (size_t at = GIB; at > 0; at -= GIB / 64) {
    char *here = sparse + at - GIB / 64;
    CHECK_EQ(here[9], (at - GIB / 64) / (GIB / 64) + 1);
    CHECK_EQ(here[10], 0);
    CHECK_EQ(here[PAGE], 0);
  }

  struct rusage usage;
  CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  CHECK(usage.ru_maxrss < 256 << 10);

  CHECK_EQ(munmap(sparse, GIB), 0);
  CHECK_EQ(munmap(reserved, 4 * GIB), 0);
  CHECK_FAULT(READ_BYTE(reserved + PAGE), SIGSEGV, SEGV_MAPERR, reserved + PAGE);

  // A reservation beyond all memory is refused or granted whole; never half.
  char *absurd = mmap(0, 1ul << 44, PROT_NONE, ANON, -1, 0);
  if (absurd != MAP_FAILED) CHECK_EQ(munmap(absurd, 1ul << 44), 0);
  return finish();
}
