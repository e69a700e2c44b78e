// traced_space.h: an address space: its stub, until it is disposed of.
#pragma once

#include <memory>
#include <stdexcept>
#include <utility>

#include "ptrace/tracer.h"

namespace hv {

// Contexts share one, so that none runs in a stub that belongs to another space by now.
class TracedSpace {
 public:
  // Empty. Throws std::system_error.
  explicit TracedSpace(std::shared_ptr<Tracer> tracer)
      : tracer_(std::move(tracer)), stub_(tracer_->Create()) {}
  // With the other's mappings. Throws std::system_error.
  explicit TracedSpace(const TracedSpace& other)
      : tracer_(other.tracer_), stub_(other.Get().Fork()) {}
  TracedSpace& operator=(const TracedSpace&) = delete;
  ~TracedSpace() { Close(); }

  void Close() {
    if (stub_ != nullptr) tracer_->Recycle(std::move(stub_));
  }
  // Throws std::invalid_argument when it is disposed of.
  Stub& Get() const {
    if (stub_ == nullptr) throw std::invalid_argument("the address space is disposed");
    return *stub_;
  }

 private:
  std::shared_ptr<Tracer> tracer_;
  std::unique_ptr<Stub> stub_;
};

}  // namespace hv
