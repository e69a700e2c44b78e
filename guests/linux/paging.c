// paging: memory that appears at its first touch: contents, neighbours and every register stay right. man 2 mmap.
#include "check.h"
#include "touch.h"

#define CHURN_PAGES 8192

static uint64_t mark(size_t round, size_t page) { return (round << 32 ^ page) * 0x9e3779b97f4a7c15 | 1; }

// Both ends of each page hold a mark of their own; the heap grows in steps through the break, as malloc's does.
static void check_heap(void) {
  const size_t step = 33;
  char *start = (char *)syscall(SYS_brk, 0);
  char *base = (char *)(((uintptr_t)start + PAGE - 1) & -PAGE);
  size_t pages = 0;
  while (pages < CHURN_PAGES) {
    char *end = base + (pages + step) * PAGE;
    REQUIRE((char *)syscall(SYS_brk, end) == end);
    for (size_t i = 0; i < step; i++, pages++) {
      uint64_t *page = (uint64_t *)(base + pages * PAGE);
      if (page[0] || page[PAGE / 8 - 1]) fail(__FILE__, __LINE__, "a fresh page is zero", (long long)pages, 0);
      page[0] = mark(1, pages);
      page[PAGE / 8 - 1] = mark(2, pages);
    }
  }
  for (size_t i = 0; i < pages; i++) {
    uint64_t *page = (uint64_t *)(base + i * PAGE);
    if (page[0] != mark(1, i) || page[PAGE / 8 - 1] != mark(2, i))
      fail(__FILE__, __LINE__, "a page of the heap keeps its marks", (long long)i, 0);
  }
  REQUIRE((char *)syscall(SYS_brk, start) == start);
}

// A growing array that mremap moves while others come and go between.
static void check_moves(void) {
  size_t pages = 16;
  uint64_t *array = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(array != MAP_FAILED);
  for (size_t done = 0; pages <= CHURN_PAGES / 2; pages *= 2) {
    for (; done < pages; done++) array[done * PAGE / 8 + done % 512] = mark(3, done);
    uint64_t *other = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(other != MAP_FAILED);
    for (size_t i = 0; i < pages; i++) other[i * PAGE / 8] = mark(4, i);
    array = mremap(array, pages * PAGE, 2 * pages * PAGE, MREMAP_MAYMOVE);
    REQUIRE(array != MAP_FAILED);
    for (size_t i = 0; i < done; i++)
      if (array[i * PAGE / 8 + i % 512] != mark(3, i)) fail(__FILE__, __LINE__, "a moved page", (long long)i, 0);
    for (size_t i = 0; i < pages; i++)
      if (other[i * PAGE / 8] != mark(4, i)) fail(__FILE__, __LINE__, "a page that stayed", (long long)i, 0);
    REQUIRE(munmap(other, pages * PAGE) == 0);
  }
  REQUIRE(munmap(array, pages * PAGE) == 0);
}

static void check_registers(void) {
  size_t rounds = CHURN_PAGES * PAGE / TOUCHED_BYTES;
  char *memory = mmap(0, CHURN_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  CHECK_EQ(touch(memory, rounds, "abc"), 0);
  for (size_t i = 0; i < rounds; i++) {
    char *here = memory + i * TOUCHED_BYTES;
    if (memcmp(here + 8184, "abc", 3) || here[16] != 8 || here[12280] != 15)
      fail(__FILE__, __LINE__, "what was written is there", (long long)i, 0);
  }
  munmap(memory, CHURN_PAGES * PAGE);
}

// malloc and free of mixed sizes, each block filled with its own byte.
static void check_malloc(void) {
  static struct {
    unsigned char *block;
    size_t size;
  } blocks[4096];
  uint64_t seed = 42;
  for (size_t i = 0; i < 60000; i++) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    size_t slot = seed >> 52, size = seed >> 33 & 0x3ff;
    if ((seed >> 20) % 97 == 0) size *= 300;
    unsigned char fill = (unsigned char)(slot * 7 + 1);
    if (blocks[slot].block) {
      unsigned char *block = blocks[slot].block;
      for (size_t j = 0; j < blocks[slot].size; j++)
        if (block[j] != fill) {
          fail(__FILE__, __LINE__, "a block keeps its bytes", (long long)i, 0);
          break;
        }
      free(block);
    }
    blocks[slot].block = malloc(size);
    blocks[slot].size = size;
    REQUIRE(blocks[slot].block);
    memset(blocks[slot].block, fill, size);
  }
}

int main(void) {
  check_heap();
  check_moves();
  check_registers();
  check_malloc();
  return finish();
}
