// region_buffer.h: guest memory as ArrayBuffers that are detached, not dangling, once the VM is disposed.
#pragma once

#include <napi.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "sys/shared_memory.h"

namespace hv {

class RegionBuffer {
 public:
  RegionBuffer() = default;
  explicit RegionBuffer(std::shared_ptr<SharedMemory> region) : region_(std::move(region)) {}

  // A buffer over the region's first `bytes`. Earlier buffers stay as they are. Throws std::out_of_range.
  Napi::Value Show(Napi::Env env, size_t bytes) {
    if (region_ == nullptr) throw std::invalid_argument("the VM is disposed");
    if (bytes > region_->mapping.size()) throw std::out_of_range("guest memory");
    auto* holder = new std::shared_ptr<SharedMemory>(region_);
    // SAFETY: the finalizer's reference keeps the mapping as long as JavaScript can reach the buffer.
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(
        env, region_->mapping.data(), bytes,
        [](Napi::Env, void*, std::shared_ptr<SharedMemory>* held) { delete held; }, holder);
    shown_.push_back({Napi::Persistent(buffer), holder});
    return buffer;
  }

  // JavaScript's views become empty; the memory is freed with its last C++ user.
  void Detach() {
    // The finalizers may run, and delete the holders, at any time once a buffer is detached.
    std::shared_ptr<SharedMemory> keep = std::move(region_);
    for (Shown& shown : shown_) {
      Napi::ArrayBuffer buffer = shown.buffer.Value();
      // JavaScript transferred it: the memory is the new buffer's now, and is freed with that.
      if (buffer.IsDetached()) continue;
      shown.holder->reset();
      buffer.Detach();
    }
    shown_.clear();
  }

 private:
  struct Shown {
    Napi::Reference<Napi::ArrayBuffer> buffer;
    std::shared_ptr<SharedMemory>* holder;
  };

  std::shared_ptr<SharedMemory> region_;
  std::vector<Shown> shown_;
};

}  // namespace hv
