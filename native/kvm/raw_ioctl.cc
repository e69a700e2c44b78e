// raw_ioctl.cc: copies that end at a page without access, so that the kernel writes past nobody's memory.

#include "kvm/raw_ioctl.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "sys/ioctl.h"
#include "sys/mapping.h"

namespace hv {
namespace {

class GuardedCopy {
 public:
  GuardedCopy(uint8_t* data, size_t size) : original_(data), size_(size) {
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    const size_t room = (size + page - 1) / page * page;
    mapping_ = Mapping(room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0,
                       "mmap an ioctl's argument");
    Check(::mprotect(mapping_.data() + room, page, PROT_NONE), "mprotect");
    data_ = mapping_.data() + room - size;
    std::memcpy(data_, data, size);
  }

  void CopyBack() const { std::memcpy(original_, data_, size_); }
  uint8_t* data() const { return data_; }

 private:
  uint8_t* original_;
  size_t size_;
  Mapping mapping_;
  uint8_t* data_;
};

}  // namespace

int RawIoctl(int fd, unsigned long request, uint8_t* argument, size_t size,
             const std::vector<Pointed>& pointed) {
  GuardedCopy copy(argument, size);
  std::vector<GuardedCopy> others;
  for (const Pointed& each : pointed) {
    if (size < sizeof(uint64_t) || each.offset > size - sizeof(uint64_t))
      throw std::out_of_range("a pointer outside of the argument");
    const uint64_t address = AddressOf(others.emplace_back(each.data, each.size).data());
    std::memcpy(copy.data() + each.offset, &address, sizeof(address));
  }
  const int result = ::ioctl(fd, request, copy.data());
  const int failure = errno;
  copy.CopyBack();
  for (const GuardedCopy& each : others) each.CopyBack();
  return result < 0 ? -failure : result;
}

int RawIoctl(int fd, unsigned long request, unsigned long argument) {
  const int result = ::ioctl(fd, request, argument);
  return result < 0 ? -errno : result;
}

}  // namespace hv
