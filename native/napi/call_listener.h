// call_listener.h: calls what JavaScript has asked to be told, from its event loop.
#ifndef HV_NAPI_CALL_LISTENER_H_
#define HV_NAPI_CALL_LISTENER_H_

#include <napi.h>

namespace hv {

// The object's own property: a reference from the addon would keep all that the listener knows for ever.
inline constexpr const char* kListener = "listener";

// Outside of JavaScript, on its thread, in a scope of handles. Behind it nothing of the object's owner is touched: the listener may have
// disposed of it. What the listener throws is an uncaught exception, as that of an event's listener is.
inline void CallListener(Napi::Env env, const Napi::Object& self, napi_value argument) {
  if (self.IsEmpty()) return;
  napi_value listener, error;
  // SAFETY: as above. Each fails where JavaScript runs no more.
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
