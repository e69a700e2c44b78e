// vcpu.h: one vCPU: KVM_RUN, and stopping it from another thread.
#pragma once

#include <linux/kvm.h>

#include <atomic>
#include <memory>

#include "kvm/debug.h"
#include "kvm/vm.h"

namespace hv {

// The signal that ends KVM_RUN: a thread that runs a vCPU must not block it.
int KickSignal();

// Options of arm64's vCPUs.
struct VcpuOptions {
  bool starts_off = false;  // waits for PSCI's CPU_ON
  bool has_el2 = false;     // begins at EL2: nested virtualization
};

class Vcpu {
 public:
  // Sets it up as arch::InitVcpu does. The VM stays alive as long as its vCPUs.
  Vcpu(std::shared_ptr<Vm> vm, unsigned id, VcpuOptions options = {});
  Vcpu(const Vcpu&) = delete;
  Vcpu& operator=(const Vcpu&) = delete;

  // Before its first run, and before its state is read: what must wait until all vCPUs are made. Throws std::system_error.
  void Start();
  // KVM_RUN, repeated after each access that the VM's device table answers, and while the vCPU waits to be started. Returns 0 with
  // exit_reason set, or errno: EINTR (kicked), EFAULT …
  // Only one thread at a time may be in it.
  int Run();
  // Makes Run return EINTR: the current one, or else the next. Any thread, any time.
  void Kick();

  // Queues an external interrupt, in a VM without an interrupt controller (api.rst, KVM_INTERRUPT). False: it takes none now, and KVM_RUN
  // returns KVM_EXIT_IRQ_WINDOW_OPEN as soon as it does. Throws std::system_error: ENXIO where KVM has a controller.
  // Precondition for the three: it does not run.
  bool Interrupt(uint32_t vector, bool is_enabled);
  void Nmi();
  void Smi();
  // The vCPU's own interrupt input, in a VM without a controller (api.rst, KVM_IRQ_LINE). Any thread, any time.
  void SetLine(bool is_fast, bool is_high);

  // Makes it stop for a debugger from the next run on; replaces what was asked before. Throws std::invalid_argument,
  // std::system_error; then nothing has changed. Precondition: it does not run.
  void Debug(DebugRequest request);
  const DebugRequest& debug() const { return debug_; }

  // SAFETY: KVM made the mapping for this structure, and it lives as long as the vCPU.
  kvm_run& run() const { return *reinterpret_cast<kvm_run*>(mapping_.data()); }
  size_t run_size() const { return mapping_.size(); }
  int fd() const { return fd_.get(); }
  Vm& vm() const { return *vm_; }
  const VcpuOptions& options() const { return options_; }
  unsigned id() const { return id_; }

 private:
  // Whether the exit needs nobody else.
  bool Answer();

  std::shared_ptr<Vm> vm_;
  Fd fd_;
  Mapping mapping_;
  VcpuOptions options_;
  unsigned id_;
  DebugRequest debug_;
  bool started_ = false;
  // The thread inside Run, or 0. Kick signals it; immediate_exit covers the moment before KVM_RUN.
  std::atomic<pid_t> thread_{0};
};

}  // namespace hv
