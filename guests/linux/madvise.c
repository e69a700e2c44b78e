// madvise: DONTNEED empties private memory and refetches files; hints change nothing. man 2 madvise.
#include "fault.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

// Which advice is refused for which mapping. Advice about future use never is.
static void check_refusals(void) {
  enum {
    PRIVATE,
    READ_ONLY,
    WRITE_ONLY,
    EXECUTE_ONLY,
    NO_ACCESS,
    SHARED,
    FILE_SHARED,
    FILE_PRIVATE,
    FILE_READ_ONLY,
    LOCKED,
    KINDS
  };
  static const struct {
    int advice;
    int errors[KINDS];
  } rows[] = {
      {MADV_NORMAL, {0}},
      {MADV_RANDOM, {0}},
      {MADV_SEQUENTIAL, {0}},
      {MADV_WILLNEED, {0}},
      {MADV_DONTFORK, {0}},
      {MADV_DOFORK, {0}},
      {MADV_DONTDUMP, {0}},
      {MADV_DODUMP, {0}},
      {MADV_KEEPONFORK, {0}},
      {MADV_DONTNEED, {[LOCKED] = EINVAL}},
      {MADV_COLD, {[LOCKED] = EINVAL}},
      {MADV_PAGEOUT, {[LOCKED] = EINVAL}},
      {MADV_FREE,
       {[SHARED] = EINVAL,
        [FILE_SHARED] = EINVAL,
        [FILE_PRIVATE] = EINVAL,
        [FILE_READ_ONLY] = EINVAL,
        [LOCKED] = EINVAL}},
      {MADV_WIPEONFORK,
       {[SHARED] = EINVAL,
        [FILE_SHARED] = EINVAL,
        [FILE_PRIVATE] = EINVAL,
        [FILE_READ_ONLY] = EINVAL}},
      {MADV_REMOVE,
       {EINVAL, EINVAL, EINVAL, EINVAL,
        EINVAL, [FILE_PRIVATE] = EACCES, [FILE_READ_ONLY] = EACCES, [LOCKED] = EINVAL}},
      {MADV_POPULATE_READ, {[WRITE_ONLY] = EINVAL, [EXECUTE_ONLY] = EINVAL, [NO_ACCESS] = EINVAL}},
      {MADV_POPULATE_WRITE,
       {[READ_ONLY] = EINVAL,
        [EXECUTE_ONLY] = EINVAL,
        [NO_ACCESS] = EINVAL,
        [FILE_READ_ONLY] = EINVAL}},
      {-1, {EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL}},
  };
  static const int protections[] = {RW, PROT_READ, PROT_WRITE, PROT_EXEC, PROT_NONE};
  int memory = memfd_create("memory", 0);
  REQUIRE(memory >= 0 && ftruncate(memory, (off_t)PAGE) == 0);
  int read_only = open("/proc/self/exe", O_RDONLY);
  char *maps[KINDS];
  for (int i = 0; i < SHARED; i++) maps[i] = mmap(0, PAGE, protections[i], ANON, -1, 0);
  maps[SHARED] = mmap(0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  maps[FILE_SHARED] = mmap(0, PAGE, RW, MAP_SHARED, memory, 0);
  maps[FILE_PRIVATE] = mmap(0, PAGE, RW, MAP_PRIVATE, memory, 0);
  maps[FILE_READ_ONLY] = mmap(0, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
  maps[LOCKED] = mmap(0, PAGE, RW, ANON | MAP_LOCKED, -1, 0);
  for (size_t i = 0; i < COUNT(rows); i++) {
    for (int kind = 0; kind < KINDS; kind++) {
      REQUIRE(maps[kind] != MAP_FAILED);
      errno = 0;
      int result = madvise(maps[kind], PAGE, rows[i].advice);
      int error = errno, expected = rows[i].errors[kind];
      if (result != (expected ? -1 : 0) || error != expected)
        fail(__FILE__, __LINE__, "advice and kind of mapping", rows[i].advice * 100 + kind, error);
    }
  }
  for (int kind = 0; kind < KINDS; kind++) munmap(maps[kind], PAGE);
  close(memory), close(read_only);
}

static bool is_there(char *page) {
  unsigned char resident = 0;
  CHECK_EQ(mincore(page, PAGE, &resident), 0);
  return resident & 1;
}

// MADV_POPULATE: populates up to the first page that cannot be had, and says why.
static void check_populate(void) {
  char *memory = mmap(0, 4 * PAGE, RW, ANON, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  CHECK_EQ(madvise(memory, PAGE, MADV_POPULATE_READ), 0);
  CHECK(is_there(memory) && memory[0] == 0);
  CHECK_EQ(munmap(memory + 3 * PAGE, PAGE), 0);
  CHECK_ERRNO(madvise(memory, 4 * PAGE, MADV_POPULATE_WRITE), ENOMEM);
  CHECK(is_there(memory + PAGE) && is_there(memory + 2 * PAGE));
  CHECK_EQ(mprotect(memory + PAGE, PAGE, PROT_NONE), 0);
  CHECK_ERRNO(madvise(memory, 3 * PAGE, MADV_POPULATE_READ), EINVAL);
  CHECK_ERRNO(madvise(memory + 1, PAGE, MADV_POPULATE_READ), EINVAL);
  CHECK_EQ(madvise(memory, 0, MADV_POPULATE_READ), 0);
  munmap(memory, 3 * PAGE);

  // Behind the end of a file: EFAULT, what would be a SIGBUS.
  int fd = open("file", O_RDWR);
  char *file = mmap(0, 2 * PAGE, RW, MAP_SHARED, fd, 0);
  REQUIRE(file != MAP_FAILED);
  CHECK_EQ(madvise(file, PAGE, MADV_POPULATE_WRITE), 0);
  CHECK_ERRNO(madvise(file, 2 * PAGE, MADV_POPULATE_WRITE), EFAULT);
  munmap(file, 2 * PAGE);
  close(fd);
}

static void check_ranges(void) {
  static const int advices[] = {MADV_NORMAL,   MADV_WILLNEED, MADV_DONTNEED,     MADV_COLD,
                                MADV_DONTDUMP, MADV_DODUMP,   MADV_POPULATE_READ};
  char *memory = mmap(0, 3 * PAGE, RW, ANON, -1, 0);
  REQUIRE(memory != MAP_FAILED && munmap(memory + PAGE, PAGE) == 0);
  for (size_t i = 0; i < COUNT(advices); i++) {
    memory[2 * PAGE] = 'm';
    // What lies behind a hole is advised, too, but not populated.
    CHECK_ERRNO(madvise(memory, 3 * PAGE, advices[i]), ENOMEM);
    CHECK_EQ(memory[2 * PAGE], advices[i] == MADV_DONTNEED ? 0 : 'm');
    CHECK_ERRNO(madvise(memory + PAGE, PAGE, advices[i]), ENOMEM);
    CHECK_ERRNO(madvise((void *)(1ul << 60), PAGE, advices[i]), ENOMEM);
    CHECK_ERRNO(madvise(memory, -PAGE, advices[i]), EINVAL);
    CHECK_ERRNO(madvise(memory, -1ul, advices[i]), EINVAL);
    CHECK_ERRNO(madvise(memory + 1, PAGE, advices[i]), EINVAL);
    CHECK_EQ(madvise(memory + PAGE, 0, advices[i]), 0);
  }
  munmap(memory, 3 * PAGE);
}

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
  char *priv = mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0),
       *shared = mmap(0, PAGE, RW, MAP_SHARED, fd, 0);
  REQUIRE(priv != MAP_FAILED && shared != MAP_FAILED);
  priv[0] = 'P';
  shared[1] = 'S';
  CHECK_EQ(madvise(priv, PAGE, MADV_DONTNEED), 0);
  CHECK_EQ(madvise(shared, PAGE, MADV_DONTNEED), 0);
  CHECK(priv[0] == 'f' && priv[1] == 'S' && shared[1] == 'S');
  CHECK_EQ(pread(fd, &byte, 1, 1), 1);
  CHECK_EQ(byte, 'S');

  check_refusals();
  check_populate();
  check_ranges();

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
