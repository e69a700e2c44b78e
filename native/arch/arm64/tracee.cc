// tracee.cc: a tracee on arm64: Linux's user_pt_regs, and what its signal frames say about a fault.

#include "arch/tracee.h"

#include <asm/sigcontext.h>
#include <elf.h>
#include <linux/audit.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <ucontext.h>

#include <cstddef>
#include <cstring>

#include "shim/abi.h"
#include "shim/stub.h"
#include "sys/ioctl.h"

namespace hv::arch {
namespace {

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

constexpr size_t kGeneralBytes = kRegTpidr * sizeof(uint64_t);
constexpr unsigned kClassShift = 26;

// The address bits that stage 1 tables of the kernel's configurations translate: Documentation/arch/arm64/memory.rst; 16 KiB and
// 64 KiB pages.
constexpr unsigned kUserBits[] = {48, 47, 42, 39, 36};

bool CanMap(uint64_t address) {
  // SAFETY: MAP_FIXED_NOREPLACE replaces nothing; a kernel that does not know it takes the address for a hint.
  void* wanted = reinterpret_cast<void*>(address);
  void* got = ::mmap(wanted, HV_STUB_BYTES, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == MAP_FAILED) return errno == EEXIST;
  ::munmap(got, HV_STUB_BYTES);
  return got == wanted;
}

void Transfer(int request, pid_t pid, long set, void* data, size_t size, const char* what) {
  iovec area = {data, size};
  Check(::ptrace(static_cast<__ptrace_request>(request), pid, set, &area), what);
}

}  // namespace

const uint16_t kElfMachine = EM_AARCH64;
const uint32_t kAuditArch = AUDIT_ARCH_AARCH64;
const int kFpRegisterSet = NT_PRFPREG;

void TrimFpState(std::vector<uint8_t>&) {}
void SkipCall(pid_t) {}

uint64_t UserEnd() {
  static const uint64_t end = [] {
    for (unsigned bits : kUserBits) {
      uint64_t candidate = uint64_t{1} << bits;
      if (CanMap(candidate - HV_STUB_BYTES)) return candidate;
    }
    throw std::system_error(ENOMEM, std::generic_category(), "no user address space known");
  }();
  return end;
}

uint64_t StubAddress() { return UserEnd() - HV_STUB_BYTES; }

void GetRegisters(pid_t pid, UserRegisters& registers) {
  Transfer(PTRACE_GETREGSET, pid, NT_PRSTATUS, registers.data(), kGeneralBytes, "PTRACE_GETREGSET");
}

void SetRegisters(pid_t pid, const UserRegisters& registers) {
  UserRegisters set = registers;
  Transfer(PTRACE_SETREGSET, pid, NT_PRSTATUS, set.data(), kGeneralBytes, "PTRACE_SETREGSET");
}

void GetThreadPointer(pid_t pid, UserRegisters& registers) {
  Transfer(PTRACE_GETREGSET, pid, NT_ARM_TLS, &registers[kRegTpidr], sizeof(uint64_t),
           "NT_ARM_TLS");
}

void SetThreadPointer(pid_t pid, const UserRegisters& registers) {
  uint64_t pointer = registers[kRegTpidr];
  Transfer(PTRACE_SETREGSET, pid, NT_ARM_TLS, &pointer, sizeof(pointer), "NT_ARM_TLS");
}

// Sets X0 alone, so that what Linux hides in X7 stays as it is.
void SetResult(pid_t pid, int64_t result) {
  Transfer(PTRACE_SETREGSET, pid, NT_PRSTATUS, &result, sizeof(result), "PTRACE_SETREGSET");
}

bool IsCall(UserRegisters&, TrapRecord&) { return true; }

void StoreCall(const UserRegisters& registers, uint8_t* frame) {
  std::memcpy(frame + HV_FRAME_NUMBER, &registers[kRegX8], sizeof(uint64_t));
  std::memcpy(frame + HV_FRAME_ARGS, &registers[kRegX0], 6 * sizeof(uint64_t));
}

// report_syscall of arch/arm64/kernel/ptrace.c: it marks entry or exit in X7, and undoes what a tracer writes there.
void RestoreHidden(UserRegisters& registers, const UserRegisters& later) {
  registers[kRegX7] = later[kRegX7];
}

// A handler's third argument is its ucontext. Linux adds an esr_context for memory faults alone.
bool ReadSignalFrame(const UserRegisters& registers, const uint8_t* stack, size_t size,
                     uint64_t stack_address, TrapRecord& record) {
  uint64_t offset = registers[kRegX0 + 2] - stack_address;
  constexpr size_t kRecords = offsetof(ucontext_t, uc_mcontext.__reserved);
  if (offset > size || size - offset < sizeof(ucontext_t)) return false;
  const uint8_t* at = stack + offset + kRecords;
  const uint8_t* end = stack + offset + sizeof(ucontext_t);
  while (at + sizeof(esr_context) <= end) {
    _aarch64_ctx head;
    std::memcpy(&head, at, sizeof(head));
    if (head.magic == ESR_MAGIC) {
      esr_context syndrome;
      std::memcpy(&syndrome, at, sizeof(syndrome));
      record.vector = static_cast<uint32_t>(syndrome.esr >> kClassShift & 0x3f);
      record.error_code = static_cast<uint32_t>(syndrome.esr);
      return true;
    }
    if (head.magic == 0 || head.size < sizeof(head) || head.size > static_cast<size_t>(end - at))
      break;
    at += head.size;
  }
  record.vector = 0;
  record.error_code = 0;
  return true;
}

}  // namespace hv::arch
