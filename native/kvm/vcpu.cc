// vcpu.cc: KVM_RUN and the kick (api.rst, section 5: immediate_exit).

#include "kvm/vcpu.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <utility>

#include "arch/arch.h"
#include "kvm/exit.h"
#include "sys/ioctl.h"

namespace hv {
namespace {

pid_t ThreadId() {
  static thread_local pid_t id = static_cast<pid_t>(::syscall(SYS_gettid));
  return id;
}

}  // namespace

// A kick is a signal whose handler does nothing: it only ends KVM_RUN. It is a real-time signal that Node does not use.
int KickSignal() {
  static const int signal = [] {
    int number = SIGRTMAX - 3;
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    Check(::sigaction(number, &action, nullptr), "sigaction");
    return number;
  }();
  return signal;
}

Vcpu::Vcpu(std::shared_ptr<Vm> vm, unsigned id, VcpuOptions options)
    : vm_(std::move(vm)),
      fd_(vm_->CreateVcpu(id)),
      mapping_(vm_->system().RunSize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0,
               "mmap kvm_run"),
      options_(options),
      id_(id) {
  KickSignal();
  vm_->dirty_log().AddVcpu(this->fd());
  arch::InitVcpu(*this);
}

void Vcpu::Debug(DebugRequest request) {
  arch::SetDebug(*this, request);
  debug_ = std::move(request);
}

void Vcpu::Start() {
  vm().Start();
  if (started_) return;
  arch::StartVcpu(*this);
  started_ = true;
}

int Vcpu::Run() {
  vm_->NoteRun();
  thread_.store(ThreadId(), std::memory_order_seq_cst);
  int result;
  do {
    result = ::ioctl(fd(), KVM_RUN, 0) < 0 ? errno : 0;
    // The only exit that comes with an error.
    if (result != 0 && vm().is_protected() && IsMemoryFault(run(), result)) result = 0;
    // EAGAIN: this vCPU waits until another starts it. KVM has waited inside the ioctl.
  } while (result == EAGAIN || (result == 0 && Answer()));
  thread_.store(0, std::memory_order_seq_cst);
  if (result == EINTR) __atomic_store_n(&run().immediate_exit, 0, __ATOMIC_SEQ_CST);
  return result;
}

bool Vcpu::Interrupt(uint32_t vector, bool is_enabled) {
  if (vm().has_interrupt_controller())
    throw std::system_error(ENXIO, std::generic_category(), "KVM_INTERRUPT");
  const bool is_ready = is_enabled && run().ready_for_interrupt_injection != 0;
  run().request_interrupt_window = !is_ready;
  if (!is_ready) return false;
  kvm_interrupt request = {vector};
  Ioctl(fd(), KVM_INTERRUPT, "KVM_INTERRUPT", &request);
  // KVM holds one: until it has run again, there is no room.
  run().ready_for_interrupt_injection = 0;
  return true;
}

void Vcpu::Nmi() { Ioctl(fd(), KVM_NMI, "KVM_NMI", 0); }

void Vcpu::Smi() {
  vm().ShowToManagementMode();
  Ioctl(fd(), KVM_SMI, "KVM_SMI", 0);
}

void Vcpu::SetLine(bool is_fast, bool is_high) {
  kvm_irq_level line = {};
  line.irq = arch::LineOfVcpu(id(), is_fast);
  line.level = is_high;
  Ioctl(vm().fd(), KVM_IRQ_LINE, "KVM_IRQ_LINE", &line);
}

bool Vcpu::Answer() {
  if (run().exit_reason != KVM_EXIT_DIRTY_RING_FULL) return vm_->devices().Answer(run());
  return vm_->dirty_log().MakeRoom();
}

void Vcpu::Kick() {
  __atomic_store_n(&run().immediate_exit, 1, __ATOMIC_SEQ_CST);
  pid_t thread = thread_.load(std::memory_order_seq_cst);
  // The thread may be out of KVM_RUN by now; then the handler does nothing there.
  if (thread != 0) ::syscall(SYS_tgkill, ::getpid(), thread, KickSignal());
}

}  // namespace hv
