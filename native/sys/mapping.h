// mapping.h: a memory mapping that unmaps itself.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace hv {

class Mapping {
 public:
  Mapping() = default;

  // fd -1: anonymous. Throws std::system_error.
  Mapping(size_t size, int protection, int flags, int fd, off_t offset, const char* what)
      : size_(size) {
    // SAFETY: the kernel chooses the address; no existing mapping is replaced.
    void* address = ::mmap(nullptr, size, protection, flags, fd, offset);
    if (address == MAP_FAILED) throw std::system_error(errno, std::generic_category(), what);
    data_ = static_cast<uint8_t*>(address);
  }

  // Anonymous memory of whole pages whose address is a multiple of `alignment`, a power of two. Throws std::system_error.
  static Mapping Aligned(size_t size, size_t alignment, int protection, int flags,
                         const char* what) {
    size_t spare = alignment - 1;
    Mapping room(size + spare, protection, flags | MAP_ANONYMOUS, -1, 0, what);
    size_t before = -reinterpret_cast<uintptr_t>(room.data_) & spare;
    Mapping aligned;
    aligned.data_ = std::exchange(room.data_, nullptr) + before;
    aligned.size_ = size;
    // The kernel rounds lengths up to whole pages.
    if (before > 0) ::munmap(aligned.data_ - before, before);
    if (before < spare) ::munmap(aligned.data_ + size, spare - before);
    return aligned;
  }

  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace hv
