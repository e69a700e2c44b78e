// readable_watch.cc: tells JavaScript, through its own event loop, that a descriptor is readable. src/vm/addon.ts has its type.

#include <memory>

#include "napi/call_listener.h"
#include "napi/exports.h"
#include "napi/guard.h"
#include "napi/loop_poll.h"

namespace hv {
namespace {

class ReadableWatch : public Napi::ObjectWrap<ReadableWatch> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "ReadableWatch", {InstanceMethod<&ReadableWatch::Dispose>("dispose")});
  }

  // new ReadableWatch(fd, listener): the descriptor does not block, and stays open until this is disposed of.
  explicit ReadableWatch(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ReadableWatch>(info) {
    Guard(info.Env(), [&] {
      Value().Set(kListener, info[1]);
      poll_ = std::make_unique<LoopPoll>(info.Env(), info[0].ToNumber().Int32Value(), Hear, this);
    });
  }

 private:
  static void Hear(void* self) { static_cast<ReadableWatch*>(self)->Tell(); }

  void Tell() {
    Napi::HandleScope scope(Env());
    CallListener(Env(), Value(), Env().Undefined());
  }

  void Dispose(const Napi::CallbackInfo&) { poll_.reset(); }

  std::unique_ptr<LoopPoll> poll_;
};

}  // namespace

void ExportReadableWatch(Napi::Env env, Napi::Object exports) {
  exports.Set("ReadableWatch", ReadableWatch::Define(env));
}

}  // namespace hv
