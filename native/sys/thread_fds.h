// thread_fds.h: descriptors that JavaScript holds as numbers: closed with its thread, which may end at any point.
#pragma once

#include <unistd.h>

#include <vector>

#include "sys/fd.h"

namespace hv {

// The descriptors of the calling thread.
class ThreadFds {
 public:
  // From here on JavaScript has the number, and gives it to Close on the same thread. Negative: not a descriptor.
  static int Lend(Fd fd) {
    int number = fd.release();
    if (number >= 0) lent_.Mark(number, true);
    return number;
  }

  // close(2).
  static int Close(int fd) {
    lent_.Mark(fd, false);
    return ::close(fd);
  }

 private:
  struct Lent {
    std::vector<bool> numbers;

    void Mark(int fd, bool is_lent) {
      auto index = static_cast<size_t>(fd);
      if (index >= numbers.size()) {
        if (!is_lent) return;
        numbers.resize(index + 1);
      }
      numbers[index] = is_lent;
    }

    ~Lent() {
      for (size_t fd = 0; fd < numbers.size(); fd++) {
        if (numbers[fd]) ::close(static_cast<int>(fd));
      }
    }
  };

  static inline thread_local Lent lent_;
};

}  // namespace hv
