// watcher.cc: Watcher for JavaScript. src/platform/addon.ts has its type.

#include "napi/watcher.h"

#include <sys/eventfd.h>

#include "napi/exports.h"
#include "napi/guard.h"
#include "sys/ioctl.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

constexpr int kMaxEvents = 64;

class WatcherObject : public Napi::ObjectWrap<WatcherObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Watcher",
                       {InstanceAccessor<&WatcherObject::Attention>("attention"),
                        InstanceMethod<&WatcherObject::Watch>("watch"),
                        InstanceMethod<&WatcherObject::SetDeadline>("setDeadline"),
                        InstanceMethod<&WatcherObject::Poll>("poll"),
                        InstanceMethod<&WatcherObject::Dispose>("dispose")});
  }

  explicit WatcherObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<WatcherObject>(info) {
    Guard(info.Env(), [&] {
      Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(info.Env(), sizeof(uint32_t));
      attention_ = Napi::Persistent(buffer);
      // SAFETY: the persistent reference keeps the buffer, and it does not move.
      auto* word = new (buffer.Data()) std::atomic<uint32_t>(0);
      watcher_ = std::make_shared<Watcher>(*word);
    });
  }

  std::shared_ptr<Watcher> Get() const {
    if (watcher_ == nullptr) throw std::invalid_argument("the watcher is disposed");
    return watcher_;
  }

 private:
  Napi::Value Attention(const Napi::CallbackInfo&) { return attention_.Value(); }

  void Watch(const Napi::CallbackInfo& info) {
    Guard(info.Env(),
          [&] { Get()->Watch(info[0].ToNumber().Int32Value(), info[1].ToNumber().Uint32Value()); });
  }

  void SetDeadline(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get()->SetDeadline(info[0].ToNumber().DoubleValue()); });
  }

  // poll(out: Int32Array, wait: boolean, unless?: Int32Array): pairs of descriptor and events.
  Napi::Value Poll(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      Napi::Int32Array out = info[0].As<Napi::Int32Array>();
      const std::atomic<uint32_t>* unless = nullptr;
      if (info[2].IsTypedArray()) {
        // SAFETY: a word of the array's memory, which outlives the call.
        unless = reinterpret_cast<std::atomic<uint32_t>*>(info[2].As<Napi::Int32Array>().Data());
      }
      epoll_event events[kMaxEvents];
      int size = std::min<int>(kMaxEvents, static_cast<int>(out.ElementLength() / 2));
      int count = Get()->Poll(events, size, info[1].ToBoolean(), unless);
      for (int i = 0; i < count; i++) {
        out[2 * i] = events[i].data.fd;
        out[2 * i + 1] = static_cast<int32_t>(events[i].events);
      }
      return Napi::Number::New(info.Env(), count);
    });
  }

  void Dispose(const Napi::CallbackInfo&) { watcher_.reset(); }

  Napi::Reference<Napi::ArrayBuffer> attention_;
  std::shared_ptr<Watcher> watcher_;
};

// A bell is an eventfd that another thread rings to be heard by a watcher.
Napi::Value CreateBell(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    Fd bell(Check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
    return Napi::Number::New(info.Env(), ThreadFds::Lend(std::move(bell)));
  });
}

void RingBell(const Napi::CallbackInfo& info) {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t put = ::write(info[0].ToNumber().Int32Value(), &one, sizeof(one));
}

void SilenceBell(const Napi::CallbackInfo& info) {
  uint64_t rings;
  [[maybe_unused]] ssize_t got = ::read(info[0].ToNumber().Int32Value(), &rings, sizeof(rings));
}

void CloseBell(const Napi::CallbackInfo& info) {
  ThreadFds::Close(info[0].ToNumber().Int32Value());
}

}  // namespace

std::shared_ptr<Watcher> UnwrapWatcher(const Napi::Value& value) {
  return WatcherObject::Unwrap(value.As<Napi::Object>())->Get();
}

void ExportWatcher(Napi::Env env, Napi::Object exports) {
  exports.Set("Watcher", WatcherObject::Define(env));
  exports.Set("createBell", Napi::Function::New(env, CreateBell));
  exports.Set("ringBell", Napi::Function::New(env, RingBell));
  exports.Set("silenceBell", Napi::Function::New(env, SilenceBell));
  exports.Set("closeBell", Napi::Function::New(env, CloseBell));
}

}  // namespace hv
