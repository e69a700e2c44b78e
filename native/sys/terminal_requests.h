// terminal_requests.h: the ioctls of a terminal that headers leave out: man 2 ioctl_tty.
#pragma once

#include <sys/ioctl.h>

#include <cstddef>

namespace hv {

// sizeof(struct termios) of the kernel (asm-generic/termbits.h), which is not libc's.
constexpr size_t kKernelTermiosSize = 36;
// … of struct termios2, whose header conflicts with libc's.
constexpr size_t kTermios2Size = 44;
constexpr unsigned long kTcgets2 = _IOR('T', 0x2a, char[kTermios2Size]);
constexpr unsigned long kTcsets2 = _IOW('T', 0x2b, char[kTermios2Size]);
constexpr unsigned long kTcsetsw2 = _IOW('T', 0x2c, char[kTermios2Size]);
constexpr unsigned long kTcsetsf2 = _IOW('T', 0x2d, char[kTermios2Size]);

}  // namespace hv
