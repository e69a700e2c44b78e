// region_buffer.h: guest memory as an ArrayBuffer that is detached, not dangling, once the VM is disposed.
#ifndef HV_NAPI_REGION_BUFFER_H_
#define HV_NAPI_REGION_BUFFER_H_

#include <napi.h>

#include <memory>

#include "sys/shared_memory.h"

namespace hv {

class RegionBuffer {
 public:
  RegionBuffer() = default;
  RegionBuffer(Napi::Env env, std::shared_ptr<SharedMemory> region)
      : holder_(new std::shared_ptr<SharedMemory>(std::move(region))) {
    Mapping& mapping = (*holder_)->mapping;
    // SAFETY: the finalizer's reference keeps the mapping as long as JavaScript can reach the buffer.
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(
        env, mapping.data(), mapping.size(),
        [](Napi::Env, void*, std::shared_ptr<SharedMemory>* holder) { delete holder; }, holder_);
    buffer_ = Napi::Persistent(buffer);
  }

  Napi::Value Value(Napi::Env env) const {
    return buffer_.IsEmpty() ? env.Undefined() : buffer_.Value();
  }

  // JavaScript's views become empty; the memory goes with its last C++ user.
  void Detach() {
    if (buffer_.IsEmpty()) return;
    // Somebody transferred it: the memory is the new buffer's now, and goes with that.
    if (buffer_.Value().IsDetached()) return buffer_.Reset();
    // The finalizer may run, and delete the holder, at any time once the buffer is detached.
    std::shared_ptr<SharedMemory> keep = std::move(*holder_);
    Napi::ArrayBuffer buffer = buffer_.Value();
    buffer_.Reset();
    buffer.Detach();
  }

 private:
  Napi::Reference<Napi::ArrayBuffer> buffer_;
  std::shared_ptr<SharedMemory>* holder_ = nullptr;
};

}  // namespace hv

#endif  // HV_NAPI_REGION_BUFFER_H_
