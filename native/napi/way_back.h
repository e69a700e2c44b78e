// way_back.h: a way from any thread to JavaScript's, which ends with its owner or the environment, whichever ends first.
#pragma once

#include <napi.h>

namespace hv {

// Made and destroyed on JavaScript's thread. It keeps the process alive only between Ref and Unref.
class WayBack {
 public:
  // `call` runs on JavaScript's thread for each Call; its first argument is null while the environment ends.
  // `function`: its second argument, or null.
  WayBack(Napi::Env env, const char* name, napi_threadsafe_function_call_js call,
          napi_value function = nullptr)
      : env_(env) {
    napi_value label = Napi::String::New(env, name);
    // SAFETY: made on JavaScript's thread; released by the destructor, or ended by the environment, which Forget hears of first.
    napi_status status = napi_create_threadsafe_function(env, function, nullptr, label, 0, 1,
                                                         nullptr, nullptr, nullptr, call, &way_);
    if (status != napi_ok) throw Napi::Error::New(env, "no way back from a thread");
    // SAFETY: it was just made.
    napi_unref_threadsafe_function(env, way_);
    // SAFETY: the destructor removes it. Hooks run last in, first out: the way still exists when this one runs.
    napi_add_env_cleanup_hook(env, Forget, this);
  }
  WayBack(const WayBack&) = delete;
  WayBack& operator=(const WayBack&) = delete;
  ~WayBack() {
    if (way_ == nullptr) return;
    napi_remove_env_cleanup_hook(env_, Forget, this);
    napi_release_threadsafe_function(way_, napi_tsfn_release);
  }

  void Ref() {
    if (way_ != nullptr) napi_ref_threadsafe_function(env_, way_);
  }
  void Unref() {
    if (way_ != nullptr) napi_unref_threadsafe_function(env_, way_);
  }
  // From any thread that is stopped before the environment ends. False: `data` will not arrive.
  bool Call(void* data) {
    return way_ != nullptr &&
           napi_call_threadsafe_function(way_, data, napi_tsfn_nonblocking) == napi_ok;
  }

 private:
  static void Forget(void* self) { static_cast<WayBack*>(self)->way_ = nullptr; }

  napi_env env_;
  napi_threadsafe_function way_ = nullptr;
};

}  // namespace hv
