// loop_poll.h: hears from JavaScript's event loop that a descriptor is readable, until its owner or the environment ends,
// whichever comes first. No thread stands between: making the descriptor readable wakes the loop.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <system_error>

namespace hv {

// Everything happens on JavaScript's thread. It keeps no process alive.
class LoopPoll {
 public:
  // Called outside of JavaScript; it may destroy the LoopPoll.
  using OnReadable = void (*)(void* data);

  // `fd` does not block, and stays open as long as this object lives. Throws std::system_error, Napi::Error.
  // Precondition: the loop is libuv's. Bun ends a process that calls libuv.
  LoopPoll(Napi::Env env, int fd, OnReadable on_readable, void* data)
      : on_readable_(on_readable), data_(data) {
    uv_loop_s* loop;
    // SAFETY: on JavaScript's thread, whose loop outlives what is closed before the environment ends.
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env, "no event loop");
    auto handle = std::make_unique<Handle>();
    Require(uv_poll_init(loop, &handle->poll, fd), "uv_poll_init");
    // libuv uses part of it until it is closed.
    handle_ = handle.release();
    handle_->owner = this;
    handle_->poll.data = handle_;
    uv_unref(Base(handle_));
    // SAFETY: removed when the handle has been closed, whichever closes it.
    napi_add_async_cleanup_hook(env, EnvironmentEnds, handle_, &handle_->hook);
    int error = uv_poll_start(&handle_->poll, UV_READABLE, Hear);
    if (error == 0) return;
    Close(handle_);
    Require(error, "uv_poll_start");
  }
  LoopPoll(const LoopPoll&) = delete;
  LoopPoll& operator=(const LoopPoll&) = delete;
  // The descriptor may be closed as soon as it returns.
  ~LoopPoll() {
    if (handle_ != nullptr) Close(handle_);
  }

 private:
  struct Handle {
    uv_poll_t poll;
    // Null: it is being closed.
    LoopPoll* owner = nullptr;
    napi_async_cleanup_hook_handle hook = nullptr;
  };

  static void Require(int error, const char* what) {
    if (error < 0) throw std::system_error(-error, std::generic_category(), what);
  }

  // SAFETY: each of libuv's handles begins as uv_handle_t does.
  static uv_handle_t* Base(Handle* handle) { return reinterpret_cast<uv_handle_t*>(&handle->poll); }

  static void Hear(uv_poll_t* poll, int, int) {
    LoopPoll* owner = static_cast<Handle*>(poll->data)->owner;
    if (owner != nullptr) owner->on_readable_(owner->data_);
  }

  // The environment waits until the hook is removed.
  static void EnvironmentEnds(napi_async_cleanup_hook_handle, void* handle) {
    Close(static_cast<Handle*>(handle));
  }

  static void Close(Handle* handle) {
    if (handle->owner == nullptr) return;
    handle->owner->handle_ = nullptr;
    handle->owner = nullptr;
    uv_close(Base(handle), [](uv_handle_t* closed) {
      std::unique_ptr<Handle> gone(static_cast<Handle*>(closed->data));
      // SAFETY: added with this handle, and taken away once.
      if (gone->hook != nullptr) napi_remove_async_cleanup_hook(gone->hook);
    });
  }

  OnReadable on_readable_;
  void* data_;
  Handle* handle_ = nullptr;
};

}  // namespace hv
