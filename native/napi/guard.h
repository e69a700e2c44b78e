// guard.h: turns a C++ exception into a JavaScript Error once, with `errno` (a number) for a failed host call.
#pragma once

#include <napi.h>

#include <stdexcept>
#include <system_error>

namespace hv {

inline Napi::Error ToJsError(Napi::Env env, const std::system_error& error) {
  Napi::Error js = Napi::Error::New(env, error.what());
  int number = error.code().value();
  if (error.code().category() == std::generic_category()) {
    js.Set("errno", Napi::Number::New(env, number));
  }
  return js;
}

// Runs `body` and rethrows what it throws as a Napi::Error, which node-addon-api hands to JavaScript.
// It must not call back into JavaScript: C++ returns records.
template <typename Body>
auto Guard(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::system_error& error) {
    throw ToJsError(env, error);
  } catch (const std::invalid_argument& error) {
    throw Napi::TypeError::New(env, error.what());
  } catch (const std::out_of_range& error) {
    throw Napi::RangeError::New(env, error.what());
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

// The same for a function that Node-API calls itself: the exception is JavaScript's when it returns.
template <typename Body>
napi_value CallRaw(Napi::Env env, Body body) {
  try {
    return Guard(env, body);
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
    return nullptr;
  }
}

}  // namespace hv
