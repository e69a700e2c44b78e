// hostile-scan: reads all over its address space, in both halves: only its own mappings may answer. man 5 proc.
// not in CI's beds: emulation makes it slow
#include "fault.h"
#include "maps.h"

// Not mapped: neither read, written, jumped to, nor followed by the kernel.
static void probe(uintptr_t address) {
  static int zero = -1;
  if (zero < 0) zero = open("/dev/zero", O_RDONLY);
  if (is_mapped(address)) return;
  if (FAULT_OF(READ_BYTE(address)) != SIGSEGV) fail(__FILE__, __LINE__, "a foreign address is read", (long long)address, 0);
  if (FAULT_OF(WRITE_BYTE(address, 0)) != SIGSEGV)
    fail(__FILE__, __LINE__, "a foreign address is written", (long long)address, 0);
  if (FAULT_OF(((void (*)(void))address)()) != SIGSEGV)
    fail(__FILE__, __LINE__, "a foreign address is run", (long long)address, 0);
  CHECK_ERRNO(syscall(SYS_read, zero, address, 1), EFAULT);
}

static void check_own(void) {
  for (size_t i = 0; i < range_count; i++) {
    if (!ranges[i].readable || ranges[i].start >= USER_END) continue;
    if (FAULT_OF(READ_BYTE(ranges[i].start)) || FAULT_OF(READ_BYTE(ranges[i].end - 1)))
      fail(__FILE__, __LINE__, "an own mapping is read", (long long)ranges[i].start, 0);
  }
}

int main(void) {
  catch_faults();
  // The first probe sets up what probing needs; its mappings are then in the list.
  probe(0x10);
  read_maps();
  check_own();

  // Around every mapping.
  for (size_t i = 0; i < range_count; i++) {
    if (ranges[i].start >= USER_END) continue;
    // Not just below one: that may be a stack, which grows.
    probe(ranges[i].end);
  }
  // The first mebibytes, page by page; the whole lower half, by powers of two and in even steps.
  for (uintptr_t at = 0; at < 64 * PAGE; at += PAGE) probe(at + 8);
  for (int bit = 12; bit < 64; bit++) {
    for (long off = -2; off <= 2; off++) probe((1ul << bit) + (uintptr_t)off * PAGE);
    probe(-(1ul << bit));
    probe(-(1ul << bit) + 8);
  }
  for (uintptr_t at = 0; at < USER_END; at += USER_END / 1024) probe(at);
  // The last pages of the lower half and the first beyond it.
  for (uintptr_t at = USER_END - 128 * PAGE; at < USER_END + 16 * PAGE; at += PAGE) probe(at);
  // The kernel half: every 512 GiB slot, each at several depths, and where kernels usually live.
  for (uintptr_t base = KERNEL_START; base != 0; base += 1ul << 39)
    probe(base), probe(base + (1ul << 30) + (1ul << 21) + PAGE), probe(base + (1ul << 39) - 8);
  for (uintptr_t at = 0xffffffff80000000; at < 0xffffffffc0000000; at += 1ul << 21) probe(at);
  for (uintptr_t at = -(128 * PAGE); at != 0; at += PAGE)
    if (at != 0xffffffffff600000) probe(at);
  return finish();
}
