// regs.cc: registers and the state in which ring 3 runs.

#include "arch/x86_64/regs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "arch/x86_64/boot.h"
#include "arch/x86_64/layout.h"
#include "sys/ioctl.h"

namespace hv {
namespace {

enum Msr : uint32_t {
  kMsrStar = 0xc0000081,
  kMsrLstar = 0xc0000082,
  kMsrCstar = 0xc0000083,
  kMsrSyscallMask = 0xc0000084,
};

// What SYSCALL clears, as on Linux: CF PF AF ZF SF TF IF DF OF IOPL NT RF AC ID.
constexpr uint64_t kSyscallMask = 0x257fd5;

constexpr uint64_t kCr0 = 0x80050033;  // PG AM WP NE ET MP PE
constexpr uint64_t kEfer = 0xd01;      // NXE LMA LME SCE

enum Cr4 : uint64_t {
  kCr4Pae = 1u << 5,
  kCr4Osfxsr = 1u << 9,
  kCr4Osxmmexcpt = 1u << 10,
  kCr4Umip = 1u << 11,
  kCr4Fsgsbase = 1u << 16,
  kCr4Osxsave = 1u << 18,
  kCr4Smep = 1u << 20,
  kCr4Smap = 1u << 21,
};

// Bits of XCR0, and XSAVE's areas (SDM vol. 1, 13.1 and 13.4). No program gets AMX's tiles: signal frames of 11 KB would not
// fit the stacks that programs have for them.
constexpr uint64_t kX87Sse = 0x3;
constexpr uint64_t kAvx = 0x4;
constexpr uint64_t kAvx512 = 0xe0;
constexpr uint32_t kXsaveLeaf = 0xd;
constexpr size_t kXsaveHeaderEnd = 576;
// Where Linux keeps XCR0 in what ptrace reads (asm/user.h); KVM_GET_XSAVE has the host's there.
constexpr size_t kXcr0Offset = 464;
constexpr size_t kXstateBvOffset = 512;

constexpr int kEax = 0, kEbx = 1, kEcx = 2;

using Cpuid = std::vector<kvm_cpuid_entry2>;

uint64_t Cr4(const Cpuid& cpuid) {
  uint32_t leaf7_ebx = x86_64::CpuidRegister(cpuid, 7, 0, kEbx);
  uint32_t leaf7_ecx = x86_64::CpuidRegister(cpuid, 7, 0, kEcx);
  uint64_t cr4 = kCr4Pae | kCr4Osfxsr | kCr4Osxmmexcpt;
  if (leaf7_ebx & (1u << 0)) cr4 |= kCr4Fsgsbase;
  if (leaf7_ebx & (1u << 7)) cr4 |= kCr4Smep;
  if (leaf7_ebx & (1u << 20)) cr4 |= kCr4Smap;
  if (leaf7_ecx & (1u << 2)) cr4 |= kCr4Umip;
  if (x86_64::CpuidRegister(cpuid, 1, 0, kEcx) & (1u << 26)) cr4 |= kCr4Osxsave;
  return cr4;
}

// XCR0: AVX-512 needs AVX (SDM vol. 1, 13.3).
uint64_t XsaveFeatures(const Cpuid& cpuid) {
  uint64_t offered = x86_64::CpuidRegister(cpuid, kXsaveLeaf, 0, kEax);
  uint64_t features = kX87Sse | (offered & kAvx);
  if ((offered & kAvx) && (offered & kAvx512) == kAvx512) features |= kAvx512;
  return features;
}

size_t XsaveBytes(const Cpuid& cpuid, uint64_t features) {
  size_t bytes = kXsaveHeaderEnd;
  for (uint32_t feature = 2; features >> feature != 0; feature++) {
    if (!(features >> feature & 1)) continue;
    size_t size = x86_64::CpuidRegister(cpuid, kXsaveLeaf, feature, kEax);
    size_t offset = x86_64::CpuidRegister(cpuid, kXsaveLeaf, feature, kEbx);
    bytes = std::max(bytes, offset + size);
  }
  return std::min(bytes, sizeof(kvm_xsave));
}

kvm_segment Segment(uint16_t selector, uint8_t type, uint8_t dpl, bool code) {
  kvm_segment segment = {};
  segment.limit = 0xffffffff;
  segment.selector = selector;
  segment.type = type;
  segment.present = 1;
  segment.dpl = dpl;
  segment.s = 1;
  segment.l = code;
  segment.db = !code;
  segment.g = 1;
  return segment;
}

// A data segment register of the program: its base counts for FS and GS alone.
void SetData(kvm_segment& segment, uint64_t selector, uint64_t base) {
  segment = Segment(static_cast<uint16_t>(selector), 3, 3, false);
  segment.base = base;
  // It can only be the GDT's one data descriptor, whatever privilege the selector asks for.
  constexpr uint64_t kPrivilege = 3;
  if ((selector | kPrivilege) == HV_USER_DS) return;
  segment.selector = static_cast<uint16_t>(selector & 3);
  segment.unusable = 1;
  segment.present = 0;
}

void SetGate(uint8_t* idt, unsigned vector, uint64_t handler) {
  constexpr unsigned kBreakpoint = 3, kOverflow = 4, kDoubleFault = 8;
  uint64_t dpl = vector == kBreakpoint || vector == kOverflow ? 3 : 0;
  uint64_t ist = vector == kDoubleFault ? 1 : 0;
  uint64_t low = (handler & 0xffff) | (uint64_t{HV_KERNEL_CS} << 16) | (ist << 32) |
                 ((0x8e | dpl << 5) << 40) | ((handler >> 16 & 0xffff) << 48);
  uint64_t high = handler >> 32;
  std::memcpy(idt + vector * 16, &low, 8);
  std::memcpy(idt + vector * 16 + 8, &high, 8);
}

}  // namespace

void InitPrivatePage(uint8_t* page, uint64_t window) {
  uint64_t base = window + HV_WINDOW_PRIVATE;
  for (unsigned vector = 0; vector < HV_VECTORS; vector++) {
    SetGate(page + HV_PRIVATE_IDT, vector, window + HV_WINDOW_STUBS + vector * HV_STUB_SIZE);
  }

  uint64_t tss = base + HV_PRIVATE_TSS;
  constexpr uint64_t kTssLimit = 103;
  const uint64_t gdt[10] = {
      0,
      0,
      0x00af9b000000ffff,  // HV_KERNEL_CS
      0x00cf93000000ffff,  // HV_KERNEL_DS
      0,                   // HV_USER_CS32: no compatibility mode
      0x00cff3000000ffff,  // HV_USER_DS
      0x00affb000000ffff,  // HV_USER_CS
      0,
      kTssLimit | (tss & 0xffffff) << 16 | uint64_t{0x8b} << 40 | (tss >> 24 & 0xff) << 56,
      tss >> 32,
  };
  std::memcpy(page + HV_PRIVATE_GDT, gdt, sizeof(gdt));

  // SDM vol. 3, 8.7: RSP0 at 4, IST1 at 36, the I/O map's offset at 102: it lies beyond the limit, so there is no map.
  uint64_t stack = base + HV_PRIVATE_STACK_TOP;
  uint64_t double_fault_stack = base + HV_PRIVATE_DOUBLE_FAULT_STACK_TOP;
  uint16_t io_map = kTssLimit + 1;
  std::memcpy(page + HV_PRIVATE_TSS + 4, &stack, 8);
  std::memcpy(page + HV_PRIVATE_TSS + 36, &double_fault_stack, 8);
  std::memcpy(page + HV_PRIVATE_TSS + 102, &io_map, 2);
}

void InitMsrs(Vcpu& vcpu, uint64_t entry) {
  struct {
    kvm_msrs header;
    kvm_msr_entry entries[4];
  } msrs = {};
  const kvm_msr_entry entries[] = {
      {kMsrStar, 0, uint64_t{HV_USER_CS32} << 48 | uint64_t{HV_KERNEL_CS} << 32},
      {kMsrLstar, 0, entry},
      {kMsrCstar, 0, 0},
      {kMsrSyscallMask, 0, kSyscallMask},
  };
  msrs.header.nmsrs = 4;
  std::copy(std::begin(entries), std::end(entries), msrs.entries);
  int set = Ioctl(vcpu.fd(), KVM_SET_MSRS, "KVM_SET_MSRS", &msrs);
  if (set != 4) throw std::system_error(EINVAL, std::generic_category(), "KVM_SET_MSRS");
}

FpLayout InitSregs(Vcpu& vcpu, uint64_t tables) {
  const Cpuid& cpuid = x86_64::UserCpuid(vcpu.vm().system());
  x86_64::SetCpuid(vcpu, cpuid);
  kvm_sregs sregs;
  Ioctl(vcpu.fd(), KVM_GET_SREGS, "KVM_GET_SREGS", &sregs);
  sregs.cr0 = kCr0;
  sregs.cr4 = Cr4(cpuid);
  sregs.efer = kEfer;
  sregs.idt.base = tables + HV_PRIVATE_IDT;
  sregs.idt.limit = HV_VECTORS * 16 - 1;
  sregs.gdt.base = tables + HV_PRIVATE_GDT;
  sregs.gdt.limit = 10 * 8 - 1;
  sregs.tr = {};
  sregs.tr.base = tables + HV_PRIVATE_TSS;
  sregs.tr.limit = 103;
  sregs.tr.selector = HV_TSS_SELECTOR;
  sregs.tr.type = 11;
  sregs.tr.present = 1;
  SetSegments(UserRegisters{}, sregs);
  Ioctl(vcpu.fd(), KVM_SET_SREGS, "KVM_SET_SREGS", &sregs);

  if (!(sregs.cr4 & kCr4Osxsave)) return {kX87Sse, kXsaveHeaderEnd};
  kvm_xcrs xcrs = {};
  xcrs.nr_xcrs = 1;
  xcrs.xcrs[0].value = XsaveFeatures(cpuid);
  Ioctl(vcpu.fd(), KVM_SET_XCRS, "KVM_SET_XCRS", &xcrs);
  return {xcrs.xcrs[0].value, XsaveBytes(cpuid, xcrs.xcrs[0].value)};
}

void SetSegments(const UserRegisters& user, kvm_sregs& sregs) {
  sregs.cs = Segment(HV_KERNEL_CS, 11, 0, true);
  sregs.ss = Segment(HV_KERNEL_DS, 3, 0, false);
  SetData(sregs.ds, user[kRegDs], 0);
  SetData(sregs.es, user[kRegEs], 0);
  SetData(sregs.fs, user[kRegFs], user[kRegFsBase]);
  SetData(sregs.gs, user[kRegGs], user[kRegGsBase]);
}

UserRegisters FromKvmRegs(const kvm_regs& regs, const kvm_sregs& sregs) {
  constexpr uint64_t kNoCall = ~uint64_t{0};
  return {regs.r15,          regs.r14,          regs.r13,         regs.r12,
          regs.rbp,          regs.rbx,          regs.r11,         regs.r10,
          regs.r9,           regs.r8,           regs.rax,         regs.rcx,
          regs.rdx,          regs.rsi,          regs.rdi,         kNoCall,
          regs.rip,          sregs.cs.selector, regs.rflags,      regs.rsp,
          sregs.ss.selector, sregs.fs.base,     sregs.gs.base,    sregs.ds.selector,
          sregs.es.selector, sregs.fs.selector, sregs.gs.selector};
}

void ToKvmRegs(const UserRegisters& user, kvm_regs& regs) {
  regs.r15 = user[kRegR15];
  regs.r14 = user[kRegR14];
  regs.r13 = user[kRegR13];
  regs.r12 = user[kRegR12];
  regs.rbp = user[kRegRbp];
  regs.rbx = user[kRegRbx];
  regs.r11 = user[kRegR11];
  regs.r10 = user[kRegR10];
  regs.r9 = user[kRegR9];
  regs.r8 = user[kRegR8];
  regs.rax = user[kRegRax];
  regs.rcx = user[kRegRcx];
  regs.rdx = user[kRegRdx];
  regs.rsi = user[kRegRsi];
  regs.rdi = user[kRegRdi];
}

bool UseHostCycles(Vcpu& vcpu) {
  uint64_t offset = 0;
  kvm_device_attr attribute = {};
  attribute.group = KVM_VCPU_TSC_CTRL;
  attribute.attr = KVM_VCPU_TSC_OFFSET;
  attribute.addr = AddressOf(&offset);
  return ::ioctl(vcpu.fd(), KVM_SET_DEVICE_ATTR, &attribute) == 0;
}

std::vector<uint8_t> ReadFpState(const Vcpu& vcpu, const FpLayout& layout) {
  std::vector<uint8_t> area(sizeof(kvm_xsave));
  Ioctl(vcpu.fd(), KVM_GET_XSAVE, "KVM_GET_XSAVE", area.data());
  area.resize(layout.bytes);
  std::memcpy(area.data() + kXcr0Offset, &layout.features, sizeof(layout.features));
  // KVM adds what the program cannot have, such as PKRU.
  uint64_t in_use;
  std::memcpy(&in_use, area.data() + kXstateBvOffset, sizeof(in_use));
  in_use &= layout.features;
  std::memcpy(area.data() + kXstateBvOffset, &in_use, sizeof(in_use));
  return area;
}

void WriteFpState(const Vcpu& vcpu, const uint8_t* area, size_t size) {
  kvm_xsave xsave = {};
  std::memcpy(&xsave, area, std::min(size, sizeof(xsave)));
  Ioctl(vcpu.fd(), KVM_SET_XSAVE, "KVM_SET_XSAVE", &xsave);
}

}  // namespace hv
