// madvise: DONTNEED empties private memory and refetches files; hints change nothing. man 2 madvise.
#include "fault.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

int main(void) {
  static const int hints[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED};
  enter_scratch();
  catch_faults();
  char *memory = mmap(0, 4 * PAGE, RW, ANON, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  memset(memory, 'm', 4 * PAGE);
  CHECK_EQ(madvise(memory + PAGE, 2 * PAGE, MADV_DONTNEED), 0);
  CHECK_EQ(memory[PAGE - 1], 'm');
  CHECK_EQ(memory[PAGE], 0);
  CHECK_EQ(memory[3 * PAGE - 1], 0);
  CHECK_EQ(memory[3 * PAGE], 'm');
  memory[PAGE] = 'n';
  CHECK_EQ(memory[PAGE], 'n');
  for (size_t i = 0; i < COUNT(hints); i++) CHECK_EQ(madvise(memory, 4 * PAGE, hints[i]), 0);
  CHECK_EQ(memory[PAGE], 'n');

  // Freed lazily: either the old byte or zero, until it is written again.
  int freed = madvise(memory, PAGE, MADV_FREE);
  CHECK(freed == 0 || errno == EINVAL);
  CHECK(memory[0] == 'm' || memory[0] == 0);
  memory[0] = 'k';
  CHECK_EQ(memory[0], 'k');

  // In a file mapping a private change is dropped; a shared one is in the file.
  char content[16] = "file content", byte;
  write_file("file", content, 16);
  int fd = open("file", O_RDWR);
  char *priv = mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0), *shared = mmap(0, PAGE, RW, MAP_SHARED, fd, 0);
  REQUIRE(priv != MAP_FAILED && shared != MAP_FAILED);
  priv[0] = 'P';
  shared[1] = 'S';
  CHECK_EQ(madvise(priv, PAGE, MADV_DONTNEED), 0);
  CHECK_EQ(madvise(shared, PAGE, MADV_DONTNEED), 0);
  CHECK(priv[0] == 'f' && priv[1] == 'S' && shared[1] == 'S');
  CHECK_EQ(pread(fd, &byte, 1, 1), 1);
  CHECK_EQ(byte, 'S');

  // A protection stays.
  CHECK_EQ(mprotect(memory, PAGE, PROT_READ), 0);
  CHECK_EQ(madvise(memory, PAGE, MADV_DONTNEED), 0);
  CHECK_EQ(memory[0], 0);
  CHECK_FAULT(WRITE_BYTE(memory, 1), SIGSEGV, SEGV_ACCERR, memory);

  CHECK_ERRNO(madvise(memory + 1, PAGE, MADV_DONTNEED), EINVAL);
  CHECK_ERRNO(madvise(memory, PAGE, 12345), EINVAL);
  CHECK_EQ(madvise(memory, 0, MADV_DONTNEED), 0);
  CHECK_EQ(munmap(memory + PAGE, PAGE), 0);
  CHECK_ERRNO(madvise(memory, 4 * PAGE, MADV_DONTNEED), ENOMEM);
  return finish();
}
