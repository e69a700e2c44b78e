// raw_ioctl.h: any ioctl(2), with arguments in memory that the kernel cannot write past.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hv {

// What the argument points to: its address is stored in the argument, 8 bytes from `offset` on.
struct Pointed {
  size_t offset;
  uint8_t* data;
  size_t size;
};

// Each piece of memory is a copy that ends at a page without access, and that is copied back: a kernel that reads or writes more than was
// given gets EFAULT. Returns the ioctl's result, or a negative errno. Throws std::out_of_range for an offset outside of the argument,
// std::system_error.
int RawIoctl(int fd, unsigned long request, uint8_t* argument, size_t size,
             const std::vector<Pointed>& pointed);
// The same with a number for an argument.
int RawIoctl(int fd, unsigned long request, unsigned long argument);

}  // namespace hv
