// standstill.h: stops Cpus while page tables change under them.
#ifndef HV_KVM_STANDSTILL_H_
#define HV_KVM_STANDSTILL_H_

#include <vector>

#include "kvm/user_cpu.h"

namespace hv {

// Cpus that wait in the shim for an answer count as stopped: they look at their orders before they go on.
class Standstill {
 public:
  // `cpus`: those that use the tables.
  explicit Standstill(const std::vector<UserCpu*>& cpus) : cpus_(cpus) {}
  Standstill(const Standstill&) = delete;
  Standstill& operator=(const Standstill&) = delete;

  // Takes effect once; returns when all have stopped.
  void Begin() {
    if (has_begun_) return;
    has_begun_ = true;
    for (UserCpu* cpu : cpus_) {
      if (!cpu->RunsElsewhere() || cpu->WaitsForAnswer()) continue;
      cpu->Kick();
      stopped_.push_back(cpu);
    }
    for (UserCpu* cpu : stopped_) cpu->runner().Halt();
  }

  // Resumes them, except for those that trapped by themselves: such a trap is for the sentry.
  ~Standstill() {
    for (UserCpu* cpu : stopped_) {
      if (cpu->record().stopped == static_cast<uint32_t>(Trap::kInterrupted)) cpu->runner().Post();
    }
  }

 private:
  const std::vector<UserCpu*>& cpus_;
  std::vector<UserCpu*> stopped_;
  bool has_begun_ = false;
};

}  // namespace hv

#endif  // HV_KVM_STANDSTILL_H_
