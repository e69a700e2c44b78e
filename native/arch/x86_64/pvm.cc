// pvm.cc: recognises a PVM host, adds what its CPUID hides, and mends its shadow page tables.

#include "arch/x86_64/pvm.h"

#include <cpuid.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "arch/x86_64/layout.h"
#include "arch/x86_64/regs.h"
#include "kvm/vcpu.h"
#include "sys/ioctl.h"

namespace hv::pvm {
namespace {

constexpr uint64_t kPage = 4096;
// Older headers lack it.
constexpr int kMadvPopulateRead = 22;
// In a longer range few pages are used again soon: after a fork, say.
constexpr size_t kKeptPages = 512;

}  // namespace

bool IsHost() {
  static const bool is_host = ::access("/sys/module/kvm_pvm", F_OK) == 0;
  return is_host;
}

void AddXsave(std::vector<kvm_cpuid_entry2>& entries) {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  if (!(ecx & bit_OSXSAVE)) return;
  for (kvm_cpuid_entry2& entry : entries) {
    if (entry.function == 1) entry.ecx |= bit_XSAVE | bit_OSXSAVE;
  }
}

bool RangDoorbell(const kvm_run& run, uint64_t rang) {
  return run.exit_reason == KVM_EXIT_MMIO && run.mmio.is_write && run.s.regs.regs.rip == rang;
}

bool TouchedDoorbell(kvm_run& run) {
  const bool has_touched =
      run.exit_reason == KVM_EXIT_MMIO && run.mmio.phys_addr - HV_NOWHERE < kPage;
  if (has_touched && !run.mmio.is_write) std::memset(run.mmio.data, 0, sizeof(run.mmio.data));
  return has_touched;
}

void ForgetException(const Vcpu& vcpu) {
  kvm_vcpu_events none{};
  Ioctl(vcpu.fd(), KVM_SET_VCPU_EVENTS, "KVM_SET_VCPU_EVENTS", &none);
}

uint64_t TakeLostTrap(const Vcpu& vcpu) {
  kvm_vcpu_events events{};
  Ioctl(vcpu.fd(), KVM_GET_VCPU_EVENTS, "KVM_GET_VCPU_EVENTS", &events);
  const uint64_t vector = events.exception.nr;
  if (vector != kDebugVector && vector != kBreakpointVector) return 0;
  ForgetException(vcpu);
  return vector;
}

// Dropping the host's own entries makes KVM drop its shadow through its MMU notifier, and flush processors that run a guest. The bytes
// stay in the memfd, and the mapping is never gone, as it would be between two calls of mprotect: an access brings the host's entry
// back with a fault. That costs 4 us per page (mprotect: none), so entries that will be used are brought back here, 0.1 us each, and
// KVM can then map eight pages at a time. Memory that was never touched is left alone: this would allocate it.
void Forget(uint8_t* memory, uint64_t length, bool is_kept) {
  std::array<unsigned char, kKeptPages> resident;
  bool brings_back =
      is_kept && length <= kKeptPages * kPage && ::mincore(memory, length, resident.data()) == 0;
  Check(::madvise(memory, length, MADV_DONTNEED), "madvise");
  if (!brings_back) return;
  size_t pages = length / kPage;
  for (size_t first = 0, end; first < pages; first = end + 1) {
    for (end = first; end < pages && (resident[end] & 1); end++) {
    }
    // A hint, which Linux has since 5.14.
    if (end > first) ::madvise(memory + first * kPage, (end - first) * kPage, kMadvPopulateRead);
  }
}

}  // namespace hv::pvm
