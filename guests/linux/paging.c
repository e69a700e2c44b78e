// paging: memory that is made present at its first touch: contents, neighbours and every register stay right. man 2 mmap.
#include "check.h"

#define CHURN_PAGES 8192

static uint64_t mark(size_t round, size_t page) { return (round << 32 ^ page) * 0x9e3779b97f4a7c15 | 1; }

// Both ends of each page hold a mark of their own; a heap that grows in steps as malloc's does, by the break.
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

// A growing array moved by mremap while others come and go between.
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

#if defined(__x86_64__)
// Touches `count` pages from rdi on with a known value in every register; 0 if none changed. Reads, writes and string moves.
uint64_t touch(char *page, uint64_t count, char *source);
__asm__(
    ".text\n.global touch\ntouch:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rsi; push %rdx\n"
    "mov $1, %eax; mov $2, %ebx; mov $4, %edx; mov $7, %ebp; mov $8, %r8d; mov $9, %r9d; mov $10, %r10d; mov $11, %r11d\n"
    "mov $12, %r12d; mov $13, %r13d; mov $14, %r14d; mov $15, %r15d; movq %r15, %xmm0; movq %r14, %xmm15\n"
    "1: stc; movq %r8, 16(%rdi); jnc 2f; clc; addq $0, 4096+8(%rdi); jc 2f\n"
    "cmpq $8, 16(%rdi); jne 2f\n"
    // A move across an edge between pages, 32 bytes at once.
    "mov $3, %ecx; mov (%rsp), %rsi; push %rdi; lea 8192-8(%rdi), %rdi; rep movsb; pop %rdi\n"
    "test %rcx, %rcx; jne 2f; movdqu %xmm0, 12288-8(%rdi); movdqu 16384-8(%rdi), %xmm1\n"
    "cmp $1, %rax; jne 2f; cmp $2, %rbx; jne 2f; cmp $4, %rdx; jne 2f; cmp $7, %rbp; jne 2f; cmp $8, %r8; jne 2f\n"
    "cmp $9, %r9; jne 2f; cmp $10, %r10; jne 2f; cmp $11, %r11; jne 2f; cmp $12, %r12; jne 2f; cmp $13, %r13; jne 2f\n"
    "cmp $14, %r14; jne 2f; cmp $15, %r15; jne 2f; movq %xmm0, %rsi; cmp $15, %rsi; jne 2f; movq %xmm15, %rsi\n"
    "cmp $14, %rsi; jne 2f\n"
    "add $20480, %rdi; decq 8(%rsp); jnz 1b\n"
    "xor %eax, %eax; jmp 3f\n"
    "2: mov $1, %eax\n"
    "3: pop %rdx; pop %rsi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

static void check_registers(void) {
  size_t rounds = CHURN_PAGES / 5;
  char *memory = mmap(0, CHURN_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  CHECK_EQ(touch(memory, rounds, "abc"), 0);
  for (size_t i = 0; i < rounds; i++) {
    char *here = memory + i * 5 * PAGE;
    if (memcmp(here + 8184, "abc", 3) || here[16] != 8 || here[12280] != 15)
      fail(__FILE__, __LINE__, "what was written is there", (long long)i, 0);
  }
  munmap(memory, CHURN_PAGES * PAGE);
}
#else
static void check_registers(void) {}
#endif

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
