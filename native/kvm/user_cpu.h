// user_cpu.h: a Cpu of the KVM platform, with the space that it is in and the thread that runs it.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>

#include "kvm/runner.h"
#include "kvm/space.h"
#include "kvm/user_vm.h"

namespace hv {

class UserCpu : public Cpu {
 public:
  // `index`: from the VM's TakeIndex.
  UserCpu(std::shared_ptr<UserVm> vm, unsigned index)
      : Cpu(vm->vm(), vm->pages(), vm->shim(), index), vm_(std::move(vm)), index_(index) {}
  ~UserCpu() {
    runner_.reset();
    if (space_ != nullptr) space_->Leave(*this);
  }

  unsigned index() const { return index_; }

  // Precondition: it is stopped.
  void Enter(std::shared_ptr<Space> space) {
    if (space == space_) return;
    if (space_ != nullptr) space_->Leave(*this);
    space_ = std::move(space);
    space_->Enter(*this);
  }

  // From here on it has a thread of its own: see Runner. `wake` is called on it after each trap; true: the sentry slept until then.
  void StartRunner(unsigned looks, std::function<bool()> wake) {
    auto on_stop = [vm = vm_, wake = std::move(wake)] {
      vm->stops() = 1;
      return wake();
    };
    runner_ = std::make_unique<Runner>(*this, looks, std::move(on_stop));
  }

  Runner& runner() const {
    if (runner_ == nullptr) throw std::invalid_argument("the Cpu has no thread");
    return *runner_;
  }

  // It is in the program or in the shim, on its own thread.
  bool RunsElsewhere() const { return runner_ != nullptr && !runner_->has_stopped(); }

 private:
  std::shared_ptr<UserVm> vm_;
  std::shared_ptr<Space> space_;
  std::unique_ptr<Runner> runner_;
  unsigned index_;
};

}  // namespace hv
