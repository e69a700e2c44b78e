// kvm-floor.c: what one system call through a VM exit costs when only raw ioctls answer it: the floor under hv's own exit.
// Prints nanoseconds a call, the median of batches. Arguments: [MILLISECONDS [hypercall]]; `hypercall`: an HVC that KVM answers
// in the kernel (PSCI_VERSION), the row of ATC'17's table 2. Documentation/virt/kvm/api.rst; Arm ARM D8.3 (page tables).
//
// One page table maps guest virtual to the same guest physical. The program's loop runs in EL0 and calls getppid for ever; the
// vector in EL1 loads from an address without memory, which exits, and takes the answer from a page that the host writes.
#include <asm/ptrace.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../batches.h"

enum {
  LEVEL1 = 0x1000,
  LEVEL2 = 0x2000,
  LEVEL3 = 0x3000,
  LOOP = 0x4000,
  VECTORS = 0x5000,
  PRIVATE = 0x6000,
  DOORBELL = 0x7000,
  MEMORY_SIZE = 0x10000,
  NOWHERE = 0x40000000,
};
enum { ANSWER = 1234, BATCH_CALLS = 100, HYPERCALLS = 100 };

// Bits of a descriptor: valid, page or table, device (MAIR index 1), EL0, read-only, inner-shareable, accessed, PXN, UXN.
static const uint64_t VALID = 3, DEVICE = 4, USER = 0x40, READ_ONLY = 0x80, SHARED = 0x300,
                      ACCESSED = 0x400;
static const uint64_t PXN = 1ull << 53, UXN = 1ull << 54;

// Global: for a local label, the linker's GOT knows only the section.
__asm__(
    ".section .rodata\n"
    ".globl loop, loop_end, entry, entry_end, hypercalls, hypercalls_end\n"
    "loop: mov x8, #173\n svc #0\n b loop\n loop_end:\n"
    "entry: ldr wzr, [sp, #0x1000]\n ldr x0, [sp]\n eret\n entry_end:\n"
    "hypercalls: mov x19, #100\n"
    "1: mov w0, #0x84000000\n hvc #0\n subs x19, x19, #1\n b.ne 1b\n"
    "ldr wzr, [sp, #0x1000]\n b hypercalls\n hypercalls_end:\n"
    ".text\n");
extern const uint8_t loop[], loop_end[], entry[], entry_end[], hypercalls[], hypercalls_end[];

static int check(int result, const char *call) {
  if (result >= 0) return result;
  fprintf(stderr, "kvm-floor: %s: %s\n", call, strerror(errno));
  exit(1);
}

static uint64_t *quad(uint8_t *memory, uint64_t address) { return (uint64_t *)(memory + address); }

static void map(uint8_t *memory, uint64_t address, uint64_t to, uint64_t flags) {
  *quad(memory, LEVEL3 + address / 4096 * 8) = to | flags | VALID | SHARED | ACCESSED;
}

static void copy(uint8_t *memory, uint64_t address, const uint8_t *from, const uint8_t *end) {
  memcpy(memory + address, from, end - from);
  __builtin___clear_cache((char *)memory + address, (char *)memory + address + (end - from));
}

static void fill(uint8_t *memory) {
  *quad(memory, LEVEL1) = LEVEL2 | VALID;
  *quad(memory, LEVEL2) = LEVEL3 | VALID;
  map(memory, LOOP, LOOP, USER | READ_ONLY | PXN);
  map(memory, VECTORS, VECTORS, READ_ONLY | UXN);
  map(memory, PRIVATE, PRIVATE, PXN | UXN);
  map(memory, DOORBELL, NOWHERE, DEVICE | PXN | UXN);
  copy(memory, LOOP, loop, loop_end);
  copy(memory, VECTORS + 0x400, entry, entry_end);
  copy(memory, VECTORS + 0x800, hypercalls, hypercalls_end);
  *quad(memory, PRIVATE) = ANSWER;
}

static void set(int vcpu, uint64_t id, uint64_t value) {
  struct kvm_one_reg request = {.id = id, .addr = (uint64_t)&value};
  check(ioctl(vcpu, KVM_SET_ONE_REG, &request), "KVM_SET_ONE_REG");
}

static uint64_t get(int vcpu, uint64_t id) {
  uint64_t value = 0;
  struct kvm_one_reg request = {.id = id, .addr = (uint64_t)&value};
  check(ioctl(vcpu, KVM_GET_ONE_REG, &request), "KVM_GET_ONE_REG");
  return value;
}

#define CORE(field) \
  (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | offsetof(struct kvm_regs, field) / 4)

static void set_registers(int vcpu, uint64_t pc, uint64_t pstate) {
  uint64_t pa_range = get(vcpu, ARM64_SYS_REG(3, 0, 0, 7, 0)) & 0xf;
  set(vcpu, ARM64_SYS_REG(3, 0, 10, 2, 0), 0x04ff);  // MAIR_EL1: write-back; device
  // TCR_EL1: 39 bits of addresses, write-back, inner-shareable, 4K, TTBR0_EL1 alone.
  set(vcpu, ARM64_SYS_REG(3, 0, 2, 0, 2),
      25 | 0x3500 | 1u << 23 | (pa_range > 5 ? 5 : pa_range) << 32);
  set(vcpu, ARM64_SYS_REG(3, 0, 2, 0, 0), LEVEL1);    // TTBR0_EL1
  set(vcpu, ARM64_SYS_REG(3, 0, 12, 0, 0), VECTORS);  // VBAR_EL1
  set(vcpu, ARM64_SYS_REG(3, 0, 1, 0, 0),
      0x30d0180d | 1u << 11);  // SCTLR_EL1: M, C, SA, I, EOS, RES1
  set(vcpu, CORE(sp_el1), PRIVATE);
  set(vcpu, CORE(regs.pc), pc);
  set(vcpu, CORE(regs.pstate), pstate);
}

struct floor {
  int vcpu;
  struct kvm_run *run;
  uint8_t *memory;
};

static void answer_calls(void *context, int calls) {
  struct floor *floor = context;
  struct kvm_run *run = floor->run;
  while (calls-- > 0) {
    check(ioctl(floor->vcpu, KVM_RUN, 0), "KVM_RUN");
    if (run->exit_reason != KVM_EXIT_MMIO || run->mmio.phys_addr != NOWHERE || run->mmio.is_write) {
      fprintf(stderr, "kvm-floor: exit reason %u\n", run->exit_reason);
      exit(1);
    }
    *quad(floor->memory, PRIVATE) = ANSWER;
  }
}

int main(int argc, char **argv) {
  int milliseconds = argc > 1 ? atoi(argv[1]) : 1000;
  int hypercall = argc > 2 && strcmp(argv[2], "hypercall") == 0;
  int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "open /dev/kvm");
  int bits = check(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE), "KVM_CHECK_EXTENSION");
  int vm = check(ioctl(kvm, KVM_CREATE_VM, bits > 0 && bits < 40 ? bits : 0), "KVM_CREATE_VM");

  uint8_t *memory =
      mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(memory == MAP_FAILED ? -1 : 0, "mmap");
  fill(memory);
  struct kvm_userspace_memory_region region = {.memory_size = MEMORY_SIZE,
                                               .userspace_addr = (uint64_t)memory};
  check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");

  int vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
  int size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
  struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  check(run == MAP_FAILED ? -1 : 0, "mmap kvm_run");
  struct kvm_vcpu_init init;
  check(ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
  init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
  check(ioctl(vcpu, KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
  if (hypercall)
    set_registers(vcpu, VECTORS + 0x800, 0x3c5);
  else
    set_registers(vcpu, LOOP, 0);

  struct floor floor = {vcpu, run, memory};
  if (hypercall) {
    // There is one exit per hundred calls: its cost is spread over them.
    printf("%.1f\n", median_batch_ns(answer_calls, &floor, 1, milliseconds) / HYPERCALLS);
    return get(vcpu, CORE(regs.regs[19])) == 0 ? 0 : 1;
  }
  printf("%.1f\n", median_batch_ns(answer_calls, &floor, BATCH_CALLS, milliseconds) / BATCH_CALLS);
  // The loop must have had its answers; otherwise it was not the program's call that exited.
  check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
  return get(vcpu, CORE(elr_el1)) == LOOP + 8 && get(vcpu, CORE(regs.regs[0])) == ANSWER ? 0 : 1;
}
