// vhe: begins at EL2, sets HCR_EL2.E2H, and shows that EL1's names then reach EL2's registers (Arm ARM,
// "System and Special-purpose register redirection").

#include "io.h"
#include "machine.h"

// In the file's note: EL2 (start.S).
__asm__(".globl needs\n.set needs, 1");

#define E2H (1ul << 34)
// The names that reach EL1's own registers while E2H is set, by number: assemblers know the names only for ARMv8.1.
#define FAR_EL12 S3_5_C6_C0_0
#define VBAR_EL12 S3_5_C12_C0_0

#define TEXT(name) #name
#define READ(name)                                          \
  ({                                                        \
    unsigned long value_;                                   \
    __asm__ volatile("mrs %0, " TEXT(name) : "=r"(value_)); \
    value_;                                                 \
  })
#define WRITE(name, value) \
  __asm__ volatile("msr " TEXT(name) ", %0\nisb" : : "r"((unsigned long)(value)))

static void tell(const char *what, unsigned long value) {
  print(what);
  print(" 0x");
  print_hex(value);
  print("\n");
}

// Does a write with EL1's name arrive in EL2's register, and one with the EL12 name in another?
#define TWIN(el1, el2, el12)                               \
  ({                                                       \
    unsigned long before = READ(el2);                      \
    WRITE(el1, 0x11000);                                   \
    WRITE(el12, 0x22000);                                  \
    unsigned long reached = READ(el2), apart = READ(el12); \
    WRITE(el2, before);                                    \
    tell(#el1 " = 0x11000: " #el2 " is", reached);         \
    tell(#el12 " = 0x22000: it is", apart);                \
    reached == 0x11000 && apart == 0x22000;                \
  })

int main(unsigned long argc, char **argv) {
  (void)argc;
  (void)argv;
  tell("exception level", exception_level());
  if (exception_level() != 2) return 1;
  unsigned long vh = READ(ID_AA64MMFR1_EL1) >> 8 & 0xf;
  tell("ID_AA64MMFR1_EL1.VH", vh);
  if (vh == 0) return 2;
  // On KVM's vCPUs with EL2 it is always set (api.rst, KVM_ARM_VCPU_HAS_EL2); other hypervisors' may begin without.
  tell("HCR_EL2.E2H was", (READ(HCR_EL2) & E2H) != 0);
  WRITE(HCR_EL2, READ(HCR_EL2) | E2H);
  tell("HCR_EL2.E2H is", (READ(HCR_EL2) & E2H) != 0);
  if (!(READ(HCR_EL2) & E2H)) return 3;
  int vbar = TWIN(VBAR_EL1, VBAR_EL2, VBAR_EL12);
  int far = TWIN(FAR_EL1, FAR_EL2, FAR_EL12);
  return vbar && far ? 0 : 4;
}
