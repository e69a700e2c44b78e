// kvm-floor.c: what one system call through a VM exit costs when only raw ioctls answer it: the floor under hv's own exit.
// Prints nanoseconds a call, the median of batches. Arguments: [MILLISECONDS]. Documentation/virt/kvm/api.rst; SDM vol. 3, 5.8.8.
//
// One page table maps guest virtual to the same guest physical. The guest's loop runs in ring 3 and calls getppid for ever.
// On hardware SYSCALL enters ring 0, whose `out` exits. On a PVM host (module kvm_pvm) it stays in ring 3, and a jump to a page
// without memory exits; the host then sets RIP, RFLAGS and RAX.
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../batches.h"

enum {
  PML4 = 0x1000,
  PDPT = 0x2000,
  DIRECTORY = 0x3000,
  TABLE = 0x4000,
  LOOP = 0x5000,
  ENTRY = 0x6000,
  ENTER = 0x7000,
  PRIVATE = 0x8000,
  MEMORY_SIZE = 0x9000,
  DOORBELL = 0x10000,
  NOWHERE = 0x80000000,
};
_Static_assert(DOORBELL - ENTRY == 0xa000, "as far as the entry code jumps");

enum { PRIVATE_GDT = 0, PRIVATE_TSS = 0x80, PRIVATE_RESULT = 0x200, PRIVATE_IRET = 0x800 };
enum { PRESENT = 1, WRITE = 2, USER = 4 };
enum { KERNEL_CS = 0x10, KERNEL_DS = 0x18, USER_CS32 = 0x23, USER_DS = 0x2b, USER_CS = 0x33, TSS = 0x40 };
enum { PORT = 0xf0, ANSWER = 1234, MAX_CPUID = 256, BATCH_CALLS = 100 };
static const uint64_t USER_FLAGS = 0x202, KERNEL_FLAGS = 0x2;

// Each piece is copied to a page of its own and reaches the others by their offsets.
__asm__(
    ".section .rodata\n"
    "loop: mov $110, %eax\n syscall\n jmp loop\n loop_end:\n"
    "entry_hardware: out %al, $0xf0\n mov entry_hardware + 0x2200(%rip), %rax\n sysretq\n "
    "entry_hardware_end:\n"
    "entry_pvm: jmp entry_pvm + 0xa000\n entry_pvm_end:\n"
    "enter: iretq\n enter_end:\n"
    ".text\n");
_Static_assert(PRIVATE + PRIVATE_RESULT - ENTRY == 0x2200, "where the entry code finds the answer");
extern const uint8_t loop[], loop_end[], entry_hardware[], entry_hardware_end[], entry_pvm[], entry_pvm_end[];
extern const uint8_t enter[], enter_end[];

static int check(int result, const char *call) {
  if (result >= 0) return result;
  fprintf(stderr, "kvm-floor: %s: %s\n", call, strerror(errno));
  exit(1);
}

static uint64_t *quad(uint8_t *memory, uint64_t address) { return (uint64_t *)(memory + address); }

static void map(uint8_t *memory, uint64_t address, uint64_t to, uint64_t flags) {
  *quad(memory, TABLE + address / 4096 * 8) = to | flags | PRESENT;
}

static void copy(uint8_t *memory, uint64_t address, const uint8_t *from, const uint8_t *end) {
  memcpy(memory + address, from, end - from);
}

static void fill(uint8_t *memory, int pvm) {
  *quad(memory, PML4) = PDPT | PRESENT | WRITE | USER;
  *quad(memory, PDPT) = DIRECTORY | PRESENT | WRITE | USER;
  *quad(memory, DIRECTORY) = TABLE | PRESENT | WRITE | USER;
  map(memory, LOOP, LOOP, USER);
  map(memory, ENTRY, ENTRY, pvm ? USER : 0);
  map(memory, ENTER, ENTER, 0);
  map(memory, PRIVATE, PRIVATE, WRITE);
  if (pvm) map(memory, DOORBELL, NOWHERE, USER);

  copy(memory, LOOP, loop, loop_end);
  copy(memory, ENTER, enter, enter_end);
  if (pvm) copy(memory, ENTRY, entry_pvm, entry_pvm_end);
  if (!pvm) copy(memory, ENTRY, entry_hardware, entry_hardware_end);

  const uint64_t tss = PRIVATE + PRIVATE_TSS;
  const uint64_t gdt[10] = {0,
                            0,
                            0x00af9b000000ffff,
                            0x00cf93000000ffff,
                            0,
                            0x00cff3000000ffff,
                            0x00affb000000ffff,
                            0,
                            103 | tss << 16 | 0x8bull << 40,
                            0};
  const uint64_t iret[5] = {LOOP, USER_CS, USER_FLAGS, 0, USER_DS};
  memcpy(memory + PRIVATE + PRIVATE_GDT, gdt, sizeof(gdt));
  memcpy(memory + PRIVATE + PRIVATE_IRET, iret, sizeof(iret));
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, int code) {
  return (struct kvm_segment){.limit = 0xffffffff,
                              .selector = selector,
                              .type = type,
                              .present = 1,
                              .s = 1,
                              .l = code,
                              .db = !code,
                              .g = 1};
}

static void set_registers(int vcpu) {
  struct kvm_sregs sregs;
  check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
  sregs.cr0 = 0x80050033;  // PG AM WP NE ET MP PE
  sregs.cr3 = PML4;
  sregs.cr4 = 0x620;   // PAE OSFXSR OSXMMEXCPT
  sregs.efer = 0xd01;  // NXE LMA LME SCE
  sregs.cs = segment(KERNEL_CS, 11, 1);
  sregs.ss = sregs.ds = sregs.es = sregs.fs = sregs.gs = segment(KERNEL_DS, 3, 0);
  sregs.gdt.base = PRIVATE + PRIVATE_GDT;
  sregs.gdt.limit = 79;
  sregs.tr = (struct kvm_segment){
      .base = PRIVATE + PRIVATE_TSS, .limit = 103, .selector = TSS, .type = 11, .present = 1};
  check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");

  struct {
    struct kvm_msrs header;
    struct kvm_msr_entry entries[3];
  } msrs = {{.nmsrs = 3},
            {{.index = 0xc0000081, .data = (uint64_t)USER_CS32 << 48 | (uint64_t)KERNEL_CS << 32},
             {.index = 0xc0000082, .data = ENTRY},
             {.index = 0xc0000084, .data = 0x257fd5}}};
  if (check(ioctl(vcpu, KVM_SET_MSRS, &msrs), "KVM_SET_MSRS") != 3) exit(1);

  struct kvm_regs regs = {.rip = ENTER, .rsp = PRIVATE + PRIVATE_IRET, .rflags = KERNEL_FLAGS};
  check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

static void set_cpuid(int kvm, int vcpu) {
  struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(struct kvm_cpuid_entry2));
  cpuid->nent = MAX_CPUID;
  check(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid), "KVM_GET_SUPPORTED_CPUID");
  check(ioctl(vcpu, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
  free(cpuid);
}

struct floor {
  int vcpu, pvm;
  struct kvm_run *run;
  uint8_t *memory;
};

static void fail(const struct kvm_run *run) {
  fprintf(stderr, "kvm-floor: exit reason %u at %#llx\n", run->exit_reason, run->s.regs.regs.rip);
  exit(1);
}

static void answer_calls(void *context, int calls) {
  struct floor *floor = context;
  struct kvm_run *run = floor->run;
  struct kvm_regs *regs = &run->s.regs.regs;
  while (calls-- > 0) {
    check(ioctl(floor->vcpu, KVM_RUN, 0), "KVM_RUN");
    if (floor->pvm) {
      if (run->exit_reason != KVM_EXIT_INTERNAL_ERROR || regs->rip != DOORBELL) fail(run);
      regs->rip = regs->rcx;
      regs->rflags = regs->r11;
      regs->rax = ANSWER;
      run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
    } else {
      if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT) fail(run);
      *quad(floor->memory, PRIVATE + PRIVATE_RESULT) = ANSWER;
    }
  }
}

int main(int argc, char **argv) {
  int pvm = access("/sys/module/kvm_pvm", F_OK) == 0;
  int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "open /dev/kvm");
  int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
  if (!pvm) ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000);  // Intel without "unrestricted guest"; refused elsewhere
  struct kvm_enable_cap capability = {.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args = {1}};
  if (pvm) check(ioctl(vm, KVM_ENABLE_CAP, &capability), "KVM_CAP_EXIT_ON_EMULATION_FAILURE");

  uint8_t *memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(memory == MAP_FAILED ? -1 : 0, "mmap");
  fill(memory, pvm);
  struct kvm_userspace_memory_region region = {.memory_size = MEMORY_SIZE,
                                               .userspace_addr = (uint64_t)memory};
  check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");

  int vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
  int size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
  struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  check(run == MAP_FAILED ? -1 : 0, "mmap kvm_run");
  set_cpuid(kvm, vcpu);
  set_registers(vcpu);
  // hv has them read on every exit too: it must know where a program is.
  run->kvm_valid_regs = KVM_SYNC_X86_REGS;

  struct floor floor = {vcpu, pvm, run, memory};
  printf("%.1f\n",
         median_batch_ns(answer_calls, &floor, BATCH_CALLS, argc > 1 ? atoi(argv[1]) : 1000) / BATCH_CALLS);
  // The loop must have had its answers; otherwise it was not the program's call that exited.
  check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
  return run->s.regs.regs.rcx == LOOP + 7 ? 0 : 1;
}
