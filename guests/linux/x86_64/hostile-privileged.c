// hostile-privileged: instructions and selectors that belong to a kernel: each faults and none has any effect. SDM vol. 2.
#include "fault.h"

uint64_t scratch[16] __attribute__((aligned(64)));

#define FORBIDDEN(...) \
  do { \
    int signal_ = FAULT_OF(__asm__ volatile(__VA_ARGS__)); \
    if (signal_ != SIGSEGV && signal_ != SIGILL) fail(__FILE__, __LINE__, #__VA_ARGS__, signal_, 0); \
  } while (0)

static void check_instructions(void) {
  FORBIDDEN("cli" ::: "memory");
  FORBIDDEN("sti" ::: "memory");
  FORBIDDEN("hlt");
  FORBIDDEN("in $0x60, %%al" ::: "rax");
  FORBIDDEN("in %%dx, %%eax" ::"d"(0x3f8) : "rax");
  FORBIDDEN("out %%al, $0x80" ::"a"(0));
  for (int port = 0; port < 65536; port += 257) FORBIDDEN("out %%eax, %%dx" ::"a"(0), "d"(port));
  FORBIDDEN("mov $0x3f8, %%edx; lea scratch(%%rip), %%rsi; outsb" ::: "rdx", "rsi", "memory");
  FORBIDDEN("lea scratch(%%rip), %%rdi; insb" ::"d"(0x60) : "rdi", "memory");
  FORBIDDEN("rdmsr" ::"c"(0xc0000082) : "rax", "rdx");
  FORBIDDEN("wrmsr" ::"c"(0xc0000082), "a"(0), "d"(0));
  FORBIDDEN("wrmsr" ::"c"(0xc0000080), "a"(0), "d"(0));
  FORBIDDEN("mov %%cr0, %%rax" ::: "rax");
  FORBIDDEN("mov %%cr3, %%rax" ::: "rax");
  FORBIDDEN("mov %%cr4, %%rax" ::: "rax");
  FORBIDDEN("mov %%rax, %%cr0" ::"a"(0));
  FORBIDDEN("mov %%rax, %%cr3" ::"a"(0));
  FORBIDDEN("mov %%rax, %%cr8" ::"a"(0));
  FORBIDDEN("mov %%dr7, %%rax" ::: "rax");
  FORBIDDEN("mov %%rax, %%dr7" ::"a"(0));
  FORBIDDEN("lidt %0" ::"m"(scratch));
  FORBIDDEN("lgdt %0" ::"m"(scratch));
  FORBIDDEN("lldt %%ax" ::"a"(0));
  FORBIDDEN("ltr %%ax" ::"a"(0x40));
  FORBIDDEN("lmsw %%ax" ::"a"(0));
  FORBIDDEN("clts");
  FORBIDDEN("invd");
  FORBIDDEN("wbinvd");
  FORBIDDEN("invlpg %0" ::"m"(scratch));
  FORBIDDEN("invpcid %0, %1" ::"m"(scratch), "r"(0ul));
  FORBIDDEN("swapgs");
  FORBIDDEN("sysretq" ::"c"(0x1000) : "r11");
  FORBIDDEN("sysexitl" ::"c"(0), "d"(0));
  FORBIDDEN("xsetbv" ::"c"(0), "a"(1), "d"(0));
  FORBIDDEN("monitor" ::"a"(scratch), "c"(0), "d"(0));
  FORBIDDEN("mwait" ::"a"(0), "c"(0));
  FORBIDDEN("vmlaunch" ::: "cc");
  FORBIDDEN("vmxoff" ::: "cc");
  FORBIDDEN("vmrun" ::"a"(0));
  FORBIDDEN("clgi");
  FORBIDDEN("stgi");
  FORBIDDEN("clac");
  FORBIDDEN("stac");
  FORBIDDEN("rsm");
}

static void check_software_interrupts(void) {
  FORBIDDEN("int $0x00" ::: "memory");
  FORBIDDEN("int $0x02" ::: "memory");
  FORBIDDEN("int $0x08" ::: "memory");
  FORBIDDEN("int $0x0d" ::: "memory");
  FORBIDDEN("int $0x0e" ::: "memory");
  FORBIDDEN("int $0x20" ::: "memory");
  FORBIDDEN("int $0x2f" ::: "memory");
  FORBIDDEN("int $0x81" ::: "memory");
  FORBIDDEN("int $0xec" ::: "memory");
  FORBIDDEN("int $0xff" ::: "memory");
  // The old 32-bit call gate: Linux may serve it (getpid is 20 there), or not have it.
  long result = 20;
  int signal = FAULT_OF(__asm__ volatile("int $0x80" : "+a"(result)::"memory", "r8", "r9", "r10", "r11"));
  CHECK(signal == SIGSEGV || signal == SIGILL || result == getpid() || result == -ENOSYS);
  FAULT_OF(__asm__ volatile("int1" ::: "memory"));
  CHECK(fault_info.si_signo == SIGTRAP || fault_info.si_signo == SIGSEGV || fault_info.si_signo == SIGILL);
}

// Selectors of privilege 0, beyond the table, of the local table, of system segments. A far jump that does arrive, in any ring,
// arrives at an undefined instruction.
static void check_selectors(void) {
  static const uint16_t bad[] = {0x08, 0x10, 0x18, 0x20, 0x38, 0x40, 0x48, 0x60, 0x0f, 0x44, 0x1000, 0xfff8, 0xfffc, 0xffff};
  uintptr_t undefined;
  __asm__("lea 1f(%%rip), %0; jmp 2f; 1: ud2; 2:" : "=r"(undefined));
  for (size_t i = 0; i < COUNT(bad); i++) {
    uint16_t selector = bad[i];
    struct {
      uint64_t offset;
      uint16_t selector;
    } __attribute__((packed)) far = {undefined, selector};
    // The short form, too: AMD has only that.
    struct {
      uint32_t offset;
      uint16_t selector;
    } __attribute__((packed)) near = {(uint32_t)undefined, selector};
    FORBIDDEN("lcall *%0" ::"m"(near) : "memory");
    FORBIDDEN("ljmp *%0" ::"m"(near) : "memory");
    FORBIDDEN("mov %0, %%ss" ::"r"(selector));
    FORBIDDEN("rex64 lcall *%0" ::"m"(far) : "memory");
    FORBIDDEN("rex64 ljmp *%0" ::"m"(far) : "memory");
    // The platform decides where in the table a program's own data segment lies.
    int signal = FAULT_OF(__asm__ volatile("mov %0, %%es" ::"r"(selector)));
    FAULT_OF(__asm__ volatile("mov %0, %%es" ::"r"(0)));
    CHECK(signal == SIGSEGV || signal == SIGILL || selector < 0x40);
  }
}

// iretq to ring 0 with each selector: the frame is rejected, the program goes on.
static void check_iret(void) {
  static const uint16_t code[] = {0x08, 0x10, 0x18, 0x20, 0x00, 0x0b};
  for (size_t i = 0; i < COUNT(code); i++) {
    uint64_t selector = code[i];
    FORBIDDEN("push $0; push %%rsp; pushfq; push %0; lea 1f(%%rip), %%rax; push %%rax; iretq; 1:" ::"r"(selector)
              : "rax", "memory", "cc");
  }
  // iretq may not raise IOPL or clear IF: the flags it is given are filtered.
  uint64_t flags;
  __asm__ volatile("mov %%rsp, %%rcx; mov %%ss, %%eax; push %%rax; push %%rcx; pushfq; orq $0x3000, (%%rsp);"
                   "andq $~0x200, (%%rsp); mov %%cs, %%eax; push %%rax; lea 1f(%%rip), %%rax; push %%rax; iretq; 1: pushfq;"
                   "pop %0"
                   : "=r"(flags)::"rax", "rcx", "memory", "cc");
  CHECK_EQ(flags & 0x3200, 0x200);
}

// What UMIP hides: a fault, or a value that reveals nothing; in no case an address of a kernel or of the host.
static void check_leaks(void) {
  struct {
    uint16_t limit;
    uint64_t base;
  } __attribute__((packed)) table = {0, 0};
  uint64_t word = 0;
  if (FAULT_OF(__asm__ volatile("sgdt %0" : "=m"(table))) == 0) CHECK(table.base >> 63 || table.base == 0);
  if (FAULT_OF(__asm__ volatile("sidt %0" : "=m"(table))) == 0) CHECK(table.base >> 63 || table.base == 0);
  FAULT_OF(__asm__ volatile("sldt %w0" : "=r"(word)));
  FAULT_OF(__asm__ volatile("str %w0" : "=r"(word)));
  FAULT_OF(__asm__ volatile("smsw %0" : "=r"(word)));
}

int main(void) {
  // A far call may arrive in 32-bit code, where half of the stack pointer is lost.
  catch_faults_on_own_stack();
  check_instructions();
  check_software_interrupts();
  check_selectors();
  check_iret();
  check_leaks();
  CHECK_EQ(syscall(SYS_getpid), getpid());
  CHECK(scratch[0] == 0 && scratch[15] == 0);
  return finish();
}
