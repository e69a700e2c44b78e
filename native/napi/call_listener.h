// call_listener.h: calls a JavaScript listener from the event loop.
#ifndef HV_NAPI_CALL_LISTENER_H_
#define HV_NAPI_CALL_LISTENER_H_

#include <napi.h>

namespace hv {

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

}  // namespace hv

#endif  // HV_NAPI_CALL_LISTENER_H_
