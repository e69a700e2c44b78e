// brk: the heap's end moves up and down, new memory is zero, the impossible changes nothing. man 2 brk.
#include "fault.h"

// The system call itself: it returns the break, moved or not.
static char *set_break(void *address) { return (char *)syscall(SYS_brk, address); }

int main(void) {
  const size_t size = 1 << 20;
  catch_faults();
  char *start = set_break(0);
  CHECK(start == sbrk(0));

  REQUIRE(set_break(start + size) == start + size);
  for (size_t i = 0; i < size; i += 512) CHECK_EQ(start[i], 0);
  memset(start, 0xaa, size);

  // Unaligned ends are kept exactly; access is rounded to whole pages.
  CHECK(set_break(start + size / 2 + 123) == start + size / 2 + 123);
  CHECK(set_break(0) == start + size / 2 + 123);
  CHECK_EQ((unsigned char)start[size / 2 - 1], 0xaa);
  CHECK_EQ(FAULT_OF(READ_BYTE(start + size - 1)), SIGSEGV);

  // What was given back comes back as zero.
  char *fresh = (char *)(((uintptr_t)start + size / 2 + 123 + PAGE - 1) & -PAGE);
  REQUIRE(set_break(start + size) == start + size);
  for (char *p = fresh; p < start + size; p += 512) CHECK_EQ(*p, 0);

  // Impossible ends: below the heap's start, beyond the address space, in another mapping.
  CHECK(set_break((void *)PAGE) == start + size);
  CHECK(set_break((void *)0x7ffffffff000) == start + size);
  CHECK(set_break((void *)-1L) == start + size);
  char *wall = (char *)(((uintptr_t)start + 4 * size) & -PAGE);
  REQUIRE(mmap(wall, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == wall);
  CHECK(set_break(wall + PAGE) == start + size);
  CHECK_EQ(munmap(wall, PAGE), 0);

  CHECK(set_break(start) == start);
  CHECK(set_break(0) == start);
  return finish();
}
