// hostile-syscall-entry [HEX...]: jumps to, calls and reads where a system-call entry may lie; arguments add addresses.
#include "fault.h"
#include "maps.h"

static uint64_t garbage[64];

// Enters at that address as a program might: with every register pointing at wrong things. Where a platform has an entry that
// programs can reach, it is in the list of mappings, and its way out is rcx: no code, so the program faults either way.
static void enter(uintptr_t address) {
  FAULT_OF(__asm__ volatile("mov %[garbage], %%rbx; mov $-1, %%rdi; mov $-1, %%rsi; mov $39, %%eax; mov $-4096, %%rdx;"
                            "mov $-1, %%r8; mov $-1, %%r9; mov $-1, %%r10; mov %[garbage], %%rcx; mov $0x3000, %%r11d;"
                            "call *%[address]" ::[address] "r"(address),
                            [garbage] "r"(garbage)
                            : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc"));
  int signal = fault_info.si_signo;
  if (signal != SIGSEGV && signal != SIGILL && signal != SIGBUS)
    fail(__FILE__, __LINE__, "jumping in faults", (long long)address, signal);
  if (!is_mapped(address) && FAULT_OF(READ_BYTE(address)) != SIGSEGV)
    fail(__FILE__, __LINE__, "reading faults", (long long)address, 0);
  if (FAULT_OF(WRITE_BYTE(address, 0x90)) != SIGSEGV) fail(__FILE__, __LINE__, "writing faults", (long long)address, 0);
}

int main(int argc, char **argv) {
  catch_faults();
  read_maps();
  for (int i = 1; i < argc; i++) {
    uintptr_t address = strtoul(argv[i], 0, 16);
    for (uintptr_t at = address; at < address + 64; at++) enter(at);
  }

  // The top of the user half, where no stack is: by pages, at their starts, and some bytes in.
  for (uintptr_t at = 0x7ffffffff000; at < 0x7ffffffff000 + 16 * PAGE; at += PAGE) enter(at), enter(at + 0x40);
  // The top of the kernel half, which shims, fixmaps and entry trampolines like.
  for (uintptr_t at = -(256 * PAGE); at != 0; at += PAGE)
    if (at != 0xffffffffff600000) enter(at), enter(at + 0x10);
  for (uintptr_t at = 0xfffffe0000000000; at < 0xfffffe0000000000 + 64 * PAGE; at += PAGE) enter(at);
  for (uintptr_t at = 0xffffffff80000000; at < 0xffffffffc0000000; at += 16ul << 20) enter(at);
  for (uintptr_t at = 0xffff800000000000; at < 0xffff800000000000 + 64 * PAGE; at += PAGE) enter(at);
  CHECK_EQ(syscall(SYS_getpid), getpid());
  for (size_t i = 0; i < COUNT(garbage); i++) CHECK_EQ(garbage[i], 0);
  return finish();
}
