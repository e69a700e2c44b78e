// host_call.h: a hot host call: reads its arguments by their C++ types and answers a number: a result, or a negative errno. Never throws.
#pragma once

#include <limits.h>
#include <node_api.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hv {

// SAFETY: of the raw calls of napi here: env, info and values are those of the current call, and each status that a wrong
// argument could cause is looked at; the arguments come from src/vfs alone.

// Where an argument comes from.
struct HostSource {
  napi_env env;
  napi_value value;
};

// -1, with errno: how a host call fails, as system calls do.
inline int Fail(int code) {
  errno = code;
  return -1;
}

// A byte string of JavaScript (latin1, one char per byte) as a C string. `error` is an errno, or 0.
class ByteString {
 public:
  ByteString(HostSource source) {
    size_t length = 0;
    if (napi_get_value_string_latin1(source.env, source.value, data_, sizeof data_, &length) !=
        napi_ok) {
      error_ = EINVAL;
      data_[0] = '\0';
    } else if (length >= sizeof data_ - 1) {
      error_ = ENAMETOOLONG;
    } else if (std::memchr(data_, '\0', length) != nullptr) {
      error_ = EINVAL;
    }
    length_ = length;
  }

  const char* c_str() const { return data_; }
  size_t length() const { return length_; }
  int error() const { return error_; }

 protected:
  int error_ = 0;

 private:
  // Not cleared: that would cost more than most calls.
  char data_[PATH_MAX + 1];
  size_t length_ = 0;
};

// A name in a directory: a single component, so that no call on (directory, name) leaves the directory.
class Name : public ByteString {
 public:
  Name(HostSource source) : ByteString(source) {
    if (error_ == 0 && (std::strchr(c_str(), '/') != nullptr || std::strcmp(c_str(), "..") == 0)) {
      error_ = EINVAL;
    }
  }
};

// SAFETY: the memory belongs to the typed array and is used only until the call returns.
class TypedArray {
 public:
  TypedArray(HostSource source, napi_typedarray_type wanted) {
    napi_typedarray_type type;
    size_t count = 0;
    void* bytes = nullptr;
    // napi_get_typedarray_info refuses anything else.
    if (napi_get_typedarray_info(source.env, source.value, &type, &count, &bytes, nullptr,
                                 nullptr) != napi_ok ||
        type != wanted) {
      return;
    }
    data = static_cast<uint8_t*>(bytes);
    length = count;
  }

  uint8_t* data = nullptr;
  size_t length = 0;
};

struct Bytes : TypedArray {
  Bytes(HostSource source) : TypedArray(source, napi_uint8_array) {}
  int error() const { return 0; }
};

// An array of Uint8Arrays: pieces of one message.
class ByteRanges {
 public:
  ByteRanges(HostSource source) {
    uint32_t count = 0;
    if (napi_get_array_length(source.env, source.value, &count) != napi_ok || count > IOV_MAX) {
      error_ = EINVAL;
      return;
    }
    for (; count_ < count; count_++) {
      napi_value element = nullptr;
      napi_get_element(source.env, source.value, static_cast<uint32_t>(count_), &element);
      const Bytes piece({source.env, element});
      ranges_[count_] = {piece.data, piece.length};
    }
  }

  // iovec's pointers are not const, whichever way the bytes go.
  iovec* ranges() const { return ranges_; }
  size_t count() const { return count_; }
  int error() const { return error_; }

 private:
  // Not cleared, as above.
  mutable iovec ranges_[IOV_MAX];
  size_t count_ = 0;
  int error_ = 0;
};

// A Float64Array of at least `least` elements.
template <size_t least>
struct Doubles : TypedArray {
  Doubles(HostSource source) : TypedArray(source, napi_float64_array) {}
  int error() const { return length < least ? EINVAL : 0; }
  // SAFETY: a Float64Array's memory is aligned for doubles.
  double* get() const { return reinterpret_cast<double*>(data); }

  template <typename... Number>
  void Store(Number... numbers) const {
    static_assert(sizeof...(numbers) <= least);
    double* at = get();
    ((*at++ = static_cast<double>(numbers)), ...);
  }
};

// A number: 0 for what is none, but -1 for a descriptor (int).
template <typename T>
struct HostNumber {
  HostNumber(HostSource source) {
    if constexpr (std::is_same_v<T, int>)
      napi_get_value_int32(source.env, source.value, &value);
    else if constexpr (std::is_same_v<T, int64_t>)
      napi_get_value_int64(source.env, source.value, &value);
    else
      napi_get_value_double(source.env, source.value, &value);
  }
  operator T() const { return value; }
  int error() const { return 0; }
  T value = std::is_same_v<T, int> ? -1 : 0;
};

template <typename T>
using HostArgument =
    std::conditional_t<std::is_arithmetic_v<T>, HostNumber<T>, std::remove_cvref_t<T>>;

// Calls `function`, which answers -1 and sets errno when it fails.
template <typename Function, typename Result, typename... Parameters>
int64_t CallHost(napi_env env, napi_callback_info info, Function function,
                 Result (*)(Parameters...)) {
  napi_value values[sizeof...(Parameters) + 1] = {};
  size_t count = sizeof...(Parameters);
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  return [&]<size_t... at>(std::index_sequence<at...>) -> int64_t {
    std::tuple<HostArgument<Parameters>...> arguments{HostSource{env, values[at]}...};
    int error = 0;
    ((error = error != 0 ? error : std::get<at>(arguments).error()), ...);
    if (error != 0) return -error;
    const int64_t result = function(std::get<at>(arguments)...);
    return result < 0 ? -errno : result;
  }(std::index_sequence_for<Parameters...>());
}

template <auto function>
void ExportHostCall(napi_env env, napi_value exports, const char* name) {
  auto call = [](napi_env call_env, napi_callback_info info) -> napi_value {
    napi_value result = nullptr;
    napi_create_int64(call_env, CallHost(call_env, info, function, +function), &result);
    return result;
  };
  napi_value value = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, call, nullptr, &value) != napi_ok) return;
  napi_set_named_property(env, exports, name, value);
}

// host_locks.cc: record locks and flock(2).
void ExportHostLocks(napi_env env, napi_value exports);
// host_names.cc: makes, moves and removes names, and changes attributes.
void ExportHostNames(napi_env env, napi_value exports);
// host_socket.cc: a socket that the broker has connected.
void ExportHostSocket(napi_env env, napi_value exports);
// host_stat.cc
void ExportHostStat(napi_env env, napi_value exports);
// host_terminal.cc: what a descriptor that hv inherited needs, and the terminal that hv was started in.
void ExportHostTerminal(napi_env env, napi_value exports);

}  // namespace hv
