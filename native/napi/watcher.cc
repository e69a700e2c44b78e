// watcher.cc: Watcher for JavaScript. src/platform/addon.ts has its type.

#include "sys/watcher.h"

#include "napi/exports.h"
#include "napi/objects.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

constexpr int kMaxEvents = 64;

class WatcherObject : public OwnerObject<WatcherObject, Watcher> {
 public:
  static constexpr const char* kName = "the watcher";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Watcher",
        {Getter<&WatcherObject::Attention>("attention"), Method<&Watcher::Watch>("watch"),
         Method<&Watcher::SetDeadline>("setDeadline"), Method<&WatcherObject::Poll>("poll"),
         Method<&WatcherObject::Dispose>("dispose")});
  }

  explicit WatcherObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(info.Env(), sizeof(uint32_t));
      attention_ = Napi::Persistent(buffer);
      // SAFETY: the persistent reference keeps the buffer, and it does not move.
      auto* word = new (buffer.Data()) std::atomic<uint32_t>(0);
      owned_ = std::make_shared<Watcher>(*word);
    });
  }
  // Its thread writes to `attention_`.
  ~WatcherObject() override { owned_.reset(); }

 private:
  Napi::Value Attention() { return attention_.Value(); }

  // Stores pairs of descriptor and events. `unless`: an Int32Array, or undefined.
  int Poll(Napi::Int32Array out, bool wait, Napi::Value unless) {
    const std::atomic<uint32_t>* word = nullptr;
    if (unless.IsTypedArray()) {
      // SAFETY: a word of the array's memory, which outlives the call.
      word = reinterpret_cast<std::atomic<uint32_t>*>(unless.As<Napi::Int32Array>().Data());
    }
    epoll_event events[kMaxEvents];
    int size = std::min<int>(kMaxEvents, static_cast<int>(out.ElementLength() / 2));
    int count = Get()->Poll(events, size, wait, word);
    for (int i = 0; i < count; i++) {
      out[2 * i] = events[i].data.fd;
      out[2 * i + 1] = static_cast<int32_t>(events[i].events);
    }
    return count;
  }

  Napi::Reference<Napi::ArrayBuffer> attention_;
};

}  // namespace

template <>
std::shared_ptr<Watcher> FromJs(const Napi::Value& value) {
  return WatcherObject::Unwrap(value.As<Napi::Object>())->Get();
}

void ExportWatcher(Napi::Env env, Napi::Object exports) {
  exports.Set("Watcher", WatcherObject::Define(env));
  // A bell is an eventfd that another thread rings, and a watcher watches.
  Export<[] { return ThreadFds::Lend(MakeEventfd()); }>(exports, "createBell");
  Export<SignalEventfd>(exports, "ringBell");
  Export<[](int bell) { TakeEventfd(bell); }>(exports, "silenceBell");
  Export<ThreadFds::Close>(exports, "closeBell");
}

}  // namespace hv
