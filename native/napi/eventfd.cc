// eventfd.cc: an eventfd for JavaScript: KVM signals one for a guest, others signal one to interrupt a guest. Type: src/vm/addon.ts.

#include <napi.h>
#include <poll.h>

#include <memory>
#include <vector>

#include "napi/exports.h"
#include "napi/loop_poll.h"
#include "napi/objects.h"

namespace hv {
namespace {

// A property of the object itself: a reference from the addon would keep everything that the listener knows alive for ever.
inline constexpr const char* kListener = "listener";

// Called outside of JavaScript, on its thread, in a handle scope. Afterwards nothing of the object's owner may be touched: the listener
// may have disposed of it. What the listener throws is an uncaught exception, as with an event's listener.
inline void CallListener(Napi::Env env, const Napi::Object& self, napi_value argument) {
  if (self.IsEmpty()) return;
  napi_value listener, error;
  // SAFETY: as above. Each call fails once JavaScript no longer runs.
  if (napi_get_named_property(env, self, kListener, &listener) != napi_ok) return;
  // SAFETY: as above.
  if (napi_make_callback(env, nullptr, self, listener, 1, &argument, nullptr) !=
      napi_pending_exception)
    return;
  // SAFETY: as above.
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

class EventfdObject : public OwnerObject<EventfdObject, Eventfd> {
 public:
  static constexpr const char* kName = "the eventfd";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Eventfd",
                       {Getter<&Eventfd::fd>("fd"), Method<&Eventfd::Signal>("signal"),
                        Method<&Eventfd::Take>("take"), Method<&EventfdObject::Listen>("listen"),
                        Method<&EventfdObject::Dispose>("dispose")});
  }

  // new Eventfd(fd): an existing one; -1: a new one.
  explicit EventfdObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      const int other = info[0].ToNumber().Int32Value();
      owned_ = other < 0 ? std::make_shared<Eventfd>() : std::make_shared<Eventfd>(other);
    });
  }

 private:
  // `listener` is called with what `take` would give, when that is not 0.
  void Listen(Napi::Value listener) {
    Value().Set(kListener, listener);
    poll_ = std::make_unique<LoopPoll>(Env(), Get()->fd(), Hear, this);
  }

  static void Hear(void* self) { static_cast<EventfdObject*>(self)->Tell(); }

  void Tell() {
    const uint64_t count = Get()->Take();
    if (count == 0) return;
    Napi::HandleScope scope(Env());
    CallListener(Env(), Value(), Napi::Number::New(Env(), static_cast<double>(count)));
  }

  void Dispose() {
    poll_.reset();
    owned_.reset();
  }

  // It ends before the eventfd.
  std::unique_ptr<LoopPoll> poll_;
};

// Tells JavaScript, through its own event loop, that a descriptor is readable.
class ReadableWatch : public BoundObject<ReadableWatch> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "ReadableWatch", {Method<&ReadableWatch::Dispose>("dispose")});
  }

  // new ReadableWatch(fd, listener): the descriptor does not block, and stays open until this is disposed of.
  explicit ReadableWatch(const Napi::CallbackInfo& info) : BoundObject(info) {
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

  void Dispose() { poll_.reset(); }

  std::unique_ptr<LoopPoll> poll_;
};

// Never waits.
bool AnyReadable(const std::vector<int32_t>& fds) {
  std::vector<pollfd> polled;
  for (int fd : fds) polled.push_back({fd, POLLIN, 0});
  // A failure counts as readable: then each is looked at.
  return ::poll(polled.data(), polled.size(), 0) != 0;
}

}  // namespace

template <>
Eventfd& FromJs(const Napi::Value& value) {
  return EventfdObject::Unwrap(value.As<Napi::Object>())->Callee();
}

void ExportEventfd(Napi::Env env, Napi::Object exports) {
  exports.Set("Eventfd", EventfdObject::Define(env));
  exports.Set("ReadableWatch", ReadableWatch::Define(env));
  Export<AnyReadable>(exports, "anyReadable");
}

}  // namespace hv
