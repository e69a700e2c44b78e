// user_vm.cc: the memory of a VM that runs user programs.

#include "kvm/user_vm.h"

#include <unistd.h>

#include <algorithm>

#include "sys/ioctl.h"

namespace hv {
namespace {

// KVM takes whole pages of the host: 4, 16 or 64 KiB.
size_t WholeHostPages(size_t bytes) {
  size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

// Page tables take 1/512 of what they map; sparse programs need more. Pages that are never touched cost nothing.
size_t SupervisorBytes(size_t memory_bytes) {
  return std::min<size_t>(WholeHostPages(memory_bytes / 8) + (16u << 20), HV_SUPERVISOR_LIMIT);
}

// A VM's limit: with a GICv2, arm64 hosts allow 8 vCPUs. KVM_CAP_MAX_VCPUS is 0 where KVM_CAP_NR_VCPUS gives it (api.rst, 4.7).
unsigned MaxCpus(const Vm& vm) {
  constexpr int kAtLeast = 4;
  int most = Ioctl(vm.fd(), KVM_CHECK_EXTENSION, "KVM_CHECK_EXTENSION", KVM_CAP_MAX_VCPUS);
  if (most <= 0) most = vm.system().Check(KVM_CAP_NR_VCPUS);
  if (most <= 0) most = kAtLeast;
  return std::min<unsigned>(static_cast<unsigned>(most), HV_WINDOW_COUNT);
}

// Pages of a Cpu: its frame, its record, its private page, and a table for its window.
constexpr size_t kCpuPages = 4;

}  // namespace

UserVm::UserVm(size_t memory_bytes, unsigned cpus)
    : vm_(std::make_shared<Vm>()),
      memory_(vm_->AddRegion(HV_MEMORY_BASE, WholeHostPages(memory_bytes), true)),
      supervisor_(vm_->AddRegion(HV_SUPERVISOR_BASE, SupervisorBytes(memory_bytes), false)),
      pages_(supervisor_),
      shim_(pages_),
      stops_page_(pages_.Allocate()),
      cpus_(std::min(std::max(cpus, 1u), MaxCpus(*vm_))) {
  pages_.SetAside(cpus_ * kCpuPages);
}

// KVM keeps a vCPU and its number as long as the VM.
unsigned UserVm::TakeIndex() {
  if (next_index_ >= HV_WINDOW_COUNT)
    throw std::system_error(EAGAIN, std::generic_category(), "vCPUs");
  return next_index_++;
}

}  // namespace hv
