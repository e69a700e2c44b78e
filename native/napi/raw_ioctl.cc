// raw_ioctl.cc: ioctls that the VM API has no name for. src/vm/addon.ts has the types.

#include "kvm/raw_ioctl.h"

#include "napi/bind.h"
#include "napi/exports.h"

namespace hv {
namespace {

// `argument`: a number, or a Uint8Array, which gets what the kernel wrote. `pointed`: Uint8Arrays, as many as `offsets`.
int32_t JsRawIoctl(int32_t fd, double request, Napi::Value argument, Napi::Array offsets,
                   Napi::Array pointed) {
  const auto number = static_cast<unsigned long>(ToSize(request));
  if (argument.IsNumber()) return RawIoctl(fd, number, ToSize(argument));
  std::vector<Pointed> all;
  for (uint32_t at = 0; at < offsets.Length(); at++) {
    auto bytes = pointed.Get(at).As<Napi::Uint8Array>();
    all.push_back({ToSize(offsets.Get(at)), bytes.Data(), bytes.ByteLength()});
  }
  auto bytes = argument.As<Napi::Uint8Array>();
  return RawIoctl(fd, number, bytes.Data(), bytes.ByteLength(), all);
}

}  // namespace

void ExportRawIoctl(Napi::Env, Napi::Object exports) { Export<JsRawIoctl>(exports, "rawIoctl"); }

}  // namespace hv
