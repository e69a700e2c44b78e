// eventfd.h: an eventfd(2): a counter that others add to, and that is readable while it is not 0.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "sys/fd.h"
#include "sys/ioctl.h"

namespace hv {

// A new one.
inline Fd MakeEventfd() { return Fd(Check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")); }

// Never waits: a counter that is full is signalled already. Async-signal-safe.
inline void SignalEventfd(int fd) {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t put = ::write(fd, &one, sizeof(one));
}

// What was added since the last time. Never waits.
inline uint64_t TakeEventfd(int fd) {
  uint64_t count = 0;
  return ::read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

class Eventfd {
 public:
  Eventfd() : fd_(MakeEventfd()) {}
  // An existing one, through a new descriptor. Reads of it no longer wait (O_NONBLOCK, which belongs to the file, not to the descriptor).
  explicit Eventfd(int other) : fd_(Check(::fcntl(other, F_DUPFD_CLOEXEC, 0), "fcntl")) {
    const int flags = Check(::fcntl(fd(), F_GETFL), "fcntl");
    Check(::fcntl(fd(), F_SETFL, flags | O_NONBLOCK), "fcntl");
  }

  int fd() const { return fd_.get(); }
  void Signal() const { SignalEventfd(fd()); }
  uint64_t Take() const { return TakeEventfd(fd()); }

 private:
  Fd fd_;
};

}  // namespace hv
