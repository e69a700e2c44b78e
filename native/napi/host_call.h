// host_call.h: reads the arguments of a hot host call and answers a number: a result, or a negative errno. Never throws.
#ifndef HV_NAPI_HOST_CALL_H_
#define HV_NAPI_HOST_CALL_H_

#include <fcntl.h>
#include <limits.h>
#include <node_api.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace hv {

// SAFETY: of the raw calls of napi here: env, info and values are those of the current call, and each status that a wrong
// argument could cause is looked at; the arguments come from src/vfs alone.

// A byte string of JavaScript (latin1, one char per byte) as a C string. `error` is 0 or a negative errno.
class ByteString {
 public:
  ByteString(napi_env env, napi_value value) {
    size_t length = 0;
    if (napi_get_value_string_latin1(env, value, data_, sizeof data_, &length) != napi_ok) {
      error_ = -EINVAL;
      data_[0] = '\0';
    } else if (length >= sizeof data_ - 1) {
      error_ = -ENAMETOOLONG;
    } else if (std::memchr(data_, '\0', length) != nullptr) {
      error_ = -EINVAL;
    }
    length_ = length;
  }

  const char* c_str() const { return data_; }
  size_t length() const { return length_; }
  int error() const { return error_; }

 private:
  // Not cleared: that would cost more than most calls.
  char data_[PATH_MAX + 1];
  size_t length_ = 0;
  int error_ = 0;
};

// A name in a directory: a single component, so that no call on (directory, name) leaves the directory.
class Name : public ByteString {
 public:
  Name(napi_env env, napi_value value) : ByteString(env, value) {
    name_error_ = ByteString::error();
    if (name_error_ == 0 &&
        (std::strchr(c_str(), '/') != nullptr || std::strcmp(c_str(), "..") == 0)) {
      name_error_ = -EINVAL;
    }
  }
  int error() const { return name_error_; }

 private:
  int name_error_ = 0;
};

struct Bytes {
  uint8_t* data = nullptr;
  size_t length = 0;
};

// Mode and attributes of a name in a directory, or of the descriptor itself for ''. Uses statx(2), because the symbols fstat and
// fstatat are newer than the glibc that hv requires.
inline int StatusOf(int directory, const char* name, struct statx* status) {
  int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name == '\0' ? AT_EMPTY_PATH : 0);
  return ::statx(directory, name, flags, STATX_TYPE | STATX_MODE, status);
}

// st_mode, or a negative errno.
inline int64_t ModeOf(int directory, const char* name) {
  struct statx status;
  return StatusOf(directory, name, &status) < 0 ? -errno : status.stx_mode;
}

inline bool IsFileOrDirectory(int64_t mode) { return S_ISREG(mode) || S_ISDIR(mode); }

// The arguments of one call.
class HostCall {
 public:
  static constexpr size_t kMaxArguments = 6;

  HostCall(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kMaxArguments;
    napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
  }

  napi_env env() const { return env_; }
  napi_value value(size_t index) const { return values_[index]; }

  // 0 for what is not a number: fd arguments use Fd().
  int64_t Int(size_t index) const {
    int64_t value = 0;
    if (napi_get_value_int64(env_, values_[index], &value) != napi_ok) return 0;
    return value;
  }

  double Double(size_t index) const {
    double value = 0;
    if (napi_get_value_double(env_, values_[index], &value) != napi_ok) return 0;
    return value;
  }

  int Fd(size_t index) const {
    int32_t value = -1;
    if (napi_get_value_int32(env_, values_[index], &value) != napi_ok) return -1;
    return value;
  }

  // SAFETY: the memory belongs to the typed array and is used only until the call returns.
  Bytes Buffer(size_t index) const { return Array(index, napi_uint8_array); }

  // A Float64Array of at least `length` elements, or null.
  double* Doubles(size_t index, size_t length) const {
    Bytes bytes = Array(index, napi_float64_array);
    // SAFETY: a Float64Array's memory is aligned for doubles.
    return bytes.length < length ? nullptr : reinterpret_cast<double*>(bytes.data);
  }

  napi_value Return(int64_t result) const {
    napi_value value = nullptr;
    napi_create_int64(env_, result, &value);
    return value;
  }

  // For a call that answered -1 and set errno.
  napi_value ReturnCall(int64_t result) const { return Return(result < 0 ? -errno : result); }

 private:
  Bytes Array(size_t index, napi_typedarray_type wanted) const {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    // napi_get_typedarray_info refuses anything else.
    if (napi_get_typedarray_info(env_, values_[index], &type, &length, &data, nullptr, nullptr) !=
            napi_ok ||
        type != wanted) {
      return {};
    }
    return {static_cast<uint8_t*>(data), length};
  }

  napi_env env_;
  napi_value values_[kMaxArguments] = {};
};

inline void ExportHostCall(napi_env env, napi_value exports, const char* name,
                           napi_callback function) {
  napi_value value = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value) != napi_ok)
    return;
  napi_set_named_property(env, exports, name, value);
}

// host_locks.cc: record locks and flock(2).
void ExportHostLocks(napi_env env, napi_value exports);
// host_names.cc: makes, moves and removes names, and changes attributes.
void ExportHostNames(napi_env env, napi_value exports);
// host_stat.cc
void ExportHostStat(napi_env env, napi_value exports);
// host_stream.cc: what a descriptor that hv inherited needs.
void ExportHostStream(napi_env env, napi_value exports);
// host_terminal.cc: the terminal that hv was started in.
void ExportHostTerminal(napi_env env, napi_value exports);

}  // namespace hv

#endif  // HV_NAPI_HOST_CALL_H_
