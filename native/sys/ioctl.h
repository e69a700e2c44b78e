// ioctl.h: ioctl(2) that throws. The one place an ioctl's errno becomes an exception.
// Not for KVM_RUN, whose EINTR is an exit reason: see kvm/vcpu.cc.
#pragma once

#include <sys/ioctl.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace hv {

// A pointer in the form that requests hold it.
// SAFETY: the kernel follows it during the call that the request is for, and what it points to outlives that call.
inline uint64_t AddressOf(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

template <typename... Arg>
int Ioctl(int fd, unsigned long request, const char* what, Arg... arg) {
  int result;
  do {
    result = ::ioctl(fd, request, arg...);
  } while (result < 0 && errno == EINTR);
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

// For any other call that returns -1 and sets errno.
template <typename Result>
Result Check(Result result, const char* what) {
  if (result == static_cast<Result>(-1)) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return result;
}

}  // namespace hv
