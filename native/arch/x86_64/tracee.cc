// tracee.cc: a tracee on x86_64: Linux's user_regs_struct, and what its signal frames say about a fault.

#include "arch/tracee.h"

#include <cpuid.h>
#include <elf.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "arch/x86_64/layout.h"
#include "shim/abi.h"
#include "sys/ioctl.h"

namespace hv::arch {
namespace {

constexpr uint64_t kNoCall = ~uint64_t{0};
constexpr uint64_t kGeneralProtection = 13;
// The error code's second bit: it names an entry of the IDT (SDM vol. 3, 6.13).
constexpr uint32_t kIdtError = 0x80 << 3 | 2;
constexpr uint64_t kInt80Length = 2;
constexpr uint64_t kUserPrivilege = 3;

// XCR0 in NT_X86_XSTATE: asm/user.h.
constexpr size_t kXcr0Offset = 464;
constexpr unsigned kTileConfig = 17;
constexpr uint64_t kTiles = uint64_t{3} << kTileConfig;

static_assert(sizeof(user_regs_struct) == sizeof(UserRegisters));

// Where a component of the XSAVE area begins and ends, in standard format; nowhere: the processor lacks it.
std::pair<size_t, size_t> FeaturePlace(unsigned feature) {
  constexpr unsigned kXsaveLeaf = 0xd;
  unsigned size = 0, offset = 0, ecx = 0, edx = 0;
  bool known = __get_cpuid_count(kXsaveLeaf, feature, &size, &offset, &ecx, &edx) != 0;
  return known && size != 0 ? std::pair<size_t, size_t>(offset, offset + size)
                            : std::pair<size_t, size_t>(SIZE_MAX, 0);
}

// The length of an area with these features: the legacy region and the header come first (SDM vol. 1, 13.4).
size_t AreaBytes(uint64_t features) {
  constexpr size_t kHeaderEnd = 576;
  size_t bytes = kHeaderEnd;
  for (unsigned feature = 2; feature < 63; feature++) {
    if (features >> feature & 1) bytes = std::max(bytes, FeaturePlace(feature).second);
  }
  return bytes;
}

// Changes what a program can load but a tracer may not set: data segment selectors whose RPL is not the user's, and bases
// in the kernel's half, with which the program can reach nothing.
void MakeSettable(UserRegisters& registers) {
  for (UserRegister selector : {kRegDs, kRegEs, kRegFs, kRegGs}) {
    if (registers[selector] != 0) registers[selector] |= kUserPrivilege;
  }
  for (UserRegister base : {kRegFsBase, kRegGsBase}) {
    if (registers[base] >= UserEnd()) registers[base] = 0;
  }
}

}  // namespace

const uint16_t kElfMachine = EM_X86_64;
const uint32_t kAuditArch = AUDIT_ARCH_X86_64;
const int kFpRegisterSet = NT_X86_XSTATE;

// AMX's tiles, which Linux gives to programs that ask with arch_prctl(2). The sentry gives them to none: signal frames of 11 KB would
// not fit the stacks that programs have for them. They lie last (SDM vol. 1, 13.2: components 17 and 18; CPUID says where).
void TrimFpState(std::vector<uint8_t>& state) {
  if (state.size() <= FeaturePlace(kTileConfig).first) return;
  uint64_t features;
  std::memcpy(&features, state.data() + kXcr0Offset, sizeof(features));
  features &= ~kTiles;
  std::memcpy(state.data() + kXcr0Offset, &features, sizeof(features));
  state.resize(AreaBytes(features));
}

uint64_t StubAddress() { return HV_USER_TOP; }

// With four levels of page tables: Documentation/arch/x86/x86_64/mm.rst. Nothing is mapped above unless asked for.
uint64_t UserEnd() { return 0x7ffffffff000; }

// Not with PTRACE_GETREGSET: a program that jumps to 32-bit code would change what that reads and sets.
void GetRegisters(pid_t pid, UserRegisters& registers) {
  Check(::ptrace(PTRACE_GETREGS, pid, nullptr, registers.data()), "PTRACE_GETREGS");
}

void SetRegisters(pid_t pid, const UserRegisters& registers) {
  UserRegisters set = registers;
  MakeSettable(set);
  set[kRegCs] = HV_USER_CS;
  set[kRegSs] = HV_USER_DS;
  // Otherwise Linux may take a result for a call to restart.
  set[kRegOrigRax] = kNoCall;
  Check(::ptrace(PTRACE_SETREGS, pid, nullptr, set.data()), "PTRACE_SETREGS");
}

void GetThreadPointer(pid_t, UserRegisters&) {}
void SetThreadPointer(pid_t, const UserRegisters&) {}

void SetResult(pid_t pid, int64_t result) {
  Check(::ptrace(PTRACE_POKEUSER, pid, offsetof(user, regs.rax), result), "PTRACE_POKEUSER");
}

// seccomp(2), SECCOMP_RET_TRACE.
void SkipCall(pid_t pid) {
  Check(::ptrace(PTRACE_POKEUSER, pid, offsetof(user, regs.orig_rax), kNoCall), "PTRACE_POKEUSER");
}

// SYSCALL leaves the return address in RCX (SDM vol. 2B); INT 80h and SYSENTER do not.
bool IsCall(UserRegisters& registers, TrapRecord& record) {
  if (registers[kRegCs] == HV_USER_CS && registers[kRegRcx] == registers[kRegRip]) return true;
  record.vector = kGeneralProtection;
  record.error_code = kIdtError;
  registers[kRegRip] -= kInt80Length;
  registers[kRegRax] = registers[kRegOrigRax];
  return false;
}

void StoreCall(const UserRegisters& registers, uint8_t* frame) {
  const uint64_t words[] = {registers[kRegOrigRax], registers[kRegRdi], registers[kRegRsi],
                            registers[kRegRdx],     registers[kRegR10], registers[kRegR8],
                            registers[kRegR9]};
  static_assert(HV_FRAME_ARGS == HV_FRAME_NUMBER + 8);
  std::memcpy(frame + HV_FRAME_NUMBER, words, sizeof(words));
}

void RestoreHidden(UserRegisters&, const UserRegisters&) {}

// A handler's third argument is its ucontext.
bool ReadSignalFrame(const UserRegisters& registers, const uint8_t* stack, size_t size,
                     uint64_t stack_address, TrapRecord& record) {
  uint64_t offset = registers[kRegRdx] - stack_address;
  if (offset > size || size - offset < sizeof(ucontext_t)) return false;
  ucontext_t context;
  std::memcpy(&context, stack + offset, sizeof(context));
  const greg_t* words = context.uc_mcontext.gregs;
  record.vector = static_cast<uint32_t>(words[REG_TRAPNO]);
  record.error_code = static_cast<uint32_t>(words[REG_ERR]);
  return true;
}

}  // namespace hv::arch
