// bind.h: makes JavaScript functions and objects of C++ ones; converts arguments and results by their C++ types.
#pragma once

#include <napi.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "napi/guard.h"

namespace hv {

// A size, an address or an offset. Throws std::out_of_range for what is not a size of 53 bits.
inline uint64_t ToSize(double number) {
  if (!(number >= 0 && number <= 9007199254740991.0)) throw std::out_of_range("not a size");
  return static_cast<uint64_t>(number);
}
inline uint64_t ToSize(const Napi::Value& value) { return ToSize(value.ToNumber().DoubleValue()); }

// Objects of other files specialise it (napi/objects.h). Bytes are copied: JavaScript's memory may change while they are read.
// A function that makes JavaScript's objects takes the environment after its other parameters.
template <typename T>
T FromJs(const Napi::Value& value) {
  if constexpr (std::is_same_v<T, Napi::Env>) {
    return value.Env();
  } else if constexpr (std::is_base_of_v<Napi::Value, T>) {
    return value.As<T>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return value.ToBoolean();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.ToString();
  } else if constexpr (std::is_same_v<T, double>) {
    return value.ToNumber().DoubleValue();
  } else if constexpr (std::is_same_v<T, uint64_t>) {
    return ToSize(value);
  } else if constexpr (std::is_same_v<T, uint32_t>) {
    return value.ToNumber().Uint32Value();
  } else if constexpr (std::is_same_v<T, int32_t>) {
    return value.ToNumber().Int32Value();
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(value.ToNumber().Int64Value());
  } else {
    using Item = typename T::value_type;
    if constexpr (std::is_arithmetic_v<Item>) {
      if (!value.IsArray()) {
        auto array = value.As<Napi::TypedArrayOf<Item>>();
        return {array.Data(), array.Data() + array.ElementLength()};
      }
    }
    auto array = value.As<Napi::Array>();
    T list;
    for (uint32_t at = 0; at < array.Length(); at++) list.push_back(FromJs<Item>(array.Get(at)));
    return list;
  }
}

// An array of what `to_js` makes of each value.
template <typename List, typename ToItem>
Napi::Array ToArray(Napi::Env env, const List& values, ToItem to_js) {
  Napi::Array array = Napi::Array::New(env, values.size());
  uint32_t at = 0;
  for (const auto& value : values) array.Set(at++, to_js(value));
  return array;
}

template <typename T>
Napi::Value ToJs(Napi::Env env, const T& value) {
  if constexpr (std::is_base_of_v<Napi::Value, T>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return Napi::Boolean::New(env, value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return Napi::Number::New(env, static_cast<double>(value));
  } else if constexpr (std::is_same_v<T, std::string>) {
    return Napi::String::New(env, value);
  } else if constexpr (std::is_same_v<T, std::optional<double>>) {
    return value ? Napi::Number::New(env, *value) : env.Undefined();
  } else if constexpr (std::is_same_v<T, std::array<int, 2>> ||
                       std::is_same_v<T, std::vector<std::string>>) {
    return ToArray(env, value, [&](const auto& item) { return ToJs(env, item); });
  } else {
    auto out = Napi::TypedArrayOf<typename T::value_type>::New(env, value.size());
    std::copy(value.begin(), value.end(), out.Data());
    return out;
  }
}

// The conversions for parameters of these types.
template <typename... Parameters>
struct Conversions {
  template <typename Parameter>
  using Read = std::conditional_t<std::is_lvalue_reference_v<Parameter> &&
                                      !std::is_const_v<std::remove_reference_t<Parameter>>,
                                  Parameter, std::remove_cvref_t<Parameter>>;

  // Calls `function` with `first` and the arguments of a call of JavaScript.
  template <typename Function, typename... First>
  static Napi::Value Call(const Napi::CallbackInfo& info, Function function, First&... first) {
    return [&]<size_t... at>(std::index_sequence<at...>) -> Napi::Value {
      auto call = [&] {
        return std::invoke(function, first..., FromJs<Read<Parameters>>(info[at])...);
      };
      if constexpr (std::is_void_v<decltype(call())>) {
        call();
        return {};
      } else {
        return ToJs(info.Env(), call());
      }
    }(std::index_sequence_for<Parameters...>());
  }
};

template <typename First, typename... Parameters>
struct MethodConversions : Conversions<Parameters...> {
  using Callee = First;
};

template <typename Result, typename... Parameters>
Conversions<Parameters...> OfFunction(Result (*)(Parameters...));
template <typename Result, typename Callee, typename... Parameters>
MethodConversions<Callee, Parameters...> OfMethod(Result (*)(Callee&, Parameters...));
template <typename Result, typename Callee, typename... Parameters>
MethodConversions<Callee, Parameters...> OfMethod(Result (Callee::*)(Parameters...));
template <typename Result, typename Callee, typename... Parameters>
MethodConversions<Callee, Parameters...> OfMethod(Result (Callee::*)(Parameters...) const);

// A member function as it is; a function, or a lambda without captures, as a pointer.
template <typename Function>
constexpr auto ToPointer(Function function) {
  if constexpr (std::is_member_function_pointer_v<Function>)
    return function;
  else
    return +function;
}

template <auto function>
Napi::Value CallFunction(const Napi::CallbackInfo& info) {
  return Guard(info.Env(),
               [&] { return decltype(OfFunction(ToPointer(function)))::Call(info, function); });
}

template <auto function>
void Export(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<CallFunction<function>>(exports.Env(), name));
}

// `method`: of the object itself or of what Object::Callee() returns, or a function that takes a reference to that first. Also on the
// trap path.
template <typename Object, auto method>
napi_value CallMethod(napi_env env, napi_callback_info call) {
  return CallRaw(env, [&] {
    const Napi::CallbackInfo info(env, call);
    Object* object = Object::Unwrap(info.This().As<Napi::Object>());
    using Convert = decltype(OfMethod(ToPointer(method)));
    if constexpr (std::is_base_of_v<typename Convert::Callee, Object>) {
      return Convert::Call(info, method, *object);
    } else {
      // An argument's conversion may run JavaScript, which may dispose of the object.
      [[maybe_unused]] const auto kept = object->Kept();
      auto& callee = object->Callee();
      return Convert::Call(info, method, callee);
    }
  });
}

template <typename Object>
class BoundObject : public Napi::ObjectWrap<Object> {
 public:
  using Napi::ObjectWrap<Object>::ObjectWrap;

  // Keeps what Callee() returns. Here that is the object itself.
  std::nullptr_t Kept() const { return nullptr; }

 protected:
  using Property = Napi::ClassPropertyDescriptor<Object>;

  template <auto method>
  static Property Method(const char* name) {
    napi_property_descriptor property = {};
    property.utf8name = name;
    property.method = CallMethod<Object, method>;
    return property;
  }
  template <auto method>
  static Property Getter(const char* name) {
    napi_property_descriptor property = {};
    property.utf8name = name;
    property.getter = CallMethod<Object, method>;
    return property;
  }
};

// An object that owns a C++ one until it is disposed of. `Object` has its name for errors: kName.
template <typename Object, typename Owned>
class OwnerObject : public BoundObject<Object> {
 public:
  using BoundObject<Object>::BoundObject;

  // Throws std::invalid_argument when it was disposed of.
  const std::shared_ptr<Owned>& Get() const {
    if (owned_ == nullptr) throw std::invalid_argument(std::string(Object::kName) + " is disposed");
    return owned_;
  }
  Owned& Callee() const { return *Get(); }
  std::shared_ptr<Owned> Kept() const { return owned_; }
  void Dispose() { owned_.reset(); }

 protected:
  std::shared_ptr<Owned> owned_;
};

}  // namespace hv
