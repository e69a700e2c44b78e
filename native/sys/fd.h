// fd.h: a file descriptor that closes itself.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace hv {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ < 0) return;
    // A function that fails leaves its errno to its caller.
    const int error = errno;
    ::close(fd_);
    errno = error;
  }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset() { *this = Fd(); }

 private:
  int fd_ = -1;
};

}  // namespace hv
