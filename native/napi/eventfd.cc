// eventfd.cc: an eventfd for JavaScript: KVM signals one for a guest, others signal one to interrupt a guest. Type: src/vm/addon.ts.

#include <poll.h>

#include <memory>
#include <vector>

#include "napi/call_listener.h"
#include "napi/exports.h"
#include "napi/guard.h"
#include "napi/loop_poll.h"
#include "napi/vm_object.h"

namespace hv {
namespace {

class EventfdObject : public Napi::ObjectWrap<EventfdObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Eventfd",
                       {InstanceAccessor<&EventfdObject::Number>("fd"),
                        InstanceMethod<&EventfdObject::Signal>("signal"),
                        InstanceMethod<&EventfdObject::Take>("take"),
                        InstanceMethod<&EventfdObject::Listen>("listen"),
                        InstanceMethod<&EventfdObject::Dispose>("dispose")});
  }

  // new Eventfd(fd): an existing one; -1: a new one.
  explicit EventfdObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EventfdObject>(info) {
    Guard(info.Env(), [&] {
      const int other = info[0].ToNumber().Int32Value();
      eventfd_ = other < 0 ? std::make_unique<Eventfd>() : std::make_unique<Eventfd>(other);
    });
  }

  const Eventfd& Get() const {
    if (eventfd_ == nullptr) throw std::invalid_argument("the eventfd is disposed");
    return *eventfd_;
  }

 private:
  Napi::Value Number(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), Get().fd()); });
  }

  void Signal(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().Signal(); });
  }

  // take(): how often it was signalled since the last time.
  Napi::Value Take(const Napi::CallbackInfo& info) {
    return Guard(info.Env(),
                 [&] { return Napi::Number::New(info.Env(), static_cast<double>(Get().Take())); });
  }

  // listen(listener): called with what `take` would give, when that is not 0.
  void Listen(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Value().Set(kListener, info[0]);
      poll_ = std::make_unique<LoopPoll>(info.Env(), Get().fd(), Hear, this);
    });
  }

  static void Hear(void* self) { static_cast<EventfdObject*>(self)->Tell(); }

  void Tell() {
    const uint64_t count = Get().Take();
    if (count == 0) return;
    Napi::HandleScope scope(Env());
    CallListener(Env(), Value(), Napi::Number::New(Env(), static_cast<double>(count)));
  }

  void Dispose(const Napi::CallbackInfo&) {
    poll_.reset();
    eventfd_.reset();
  }

  // The poll ends first.
  std::unique_ptr<Eventfd> eventfd_;
  std::unique_ptr<LoopPoll> poll_;
};

// anyReadable(fds: Int32Array): never waits.
Napi::Value AnyReadable(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    Napi::Int32Array fds = info[0].As<Napi::Int32Array>();
    std::vector<pollfd> polled(fds.ElementLength());
    for (size_t i = 0; i < polled.size(); i++) polled[i] = {fds[i], POLLIN, 0};
    // A failure counts as readable: then each is looked at.
    bool any = ::poll(polled.data(), polled.size(), 0) != 0;
    return Napi::Boolean::New(info.Env(), any);
  });
}

}  // namespace

const Eventfd& UnwrapEventfd(const Napi::Value& value) {
  return EventfdObject::Unwrap(value.As<Napi::Object>())->Get();
}

void ExportEventfd(Napi::Env env, Napi::Object exports) {
  exports.Set("Eventfd", EventfdObject::Define(env));
  exports.Set("anyReadable", Napi::Function::New(env, AnyReadable, "anyReadable"));
}

}  // namespace hv
