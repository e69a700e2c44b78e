// userfault.h: userfaultfd(2): who touches a missing page waits until somebody fills it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sys/fd.h"
#include "sys/mapping.h"

namespace hv {

// Makes a mapping's pages missing: registered with a userfaultfd.
class MissingPages {
 public:
  // Precondition: `mapping` is anonymous, and outlives this. Throws std::system_error EPERM, EACCES where this user may not handle faults
  // that happen in the kernel, as KVM's do.
  explicit MissingPages(const Mapping& mapping);
  MissingPages(const MissingPages&) = delete;
  MissingPages& operator=(const MissingPages&) = delete;
  // Who waits goes on: what is still missing is zero from now on.
  ~MissingPages();

  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
  uint64_t address_;
  uint64_t size_;
};

// Fills the missing pages of this process's memory, on any thread. The kernel lets it write nowhere but to such pages.
class PageServer {
 public:
  // `fd`: MissingPages's; it is duplicated. Throws std::system_error: ENOTTY for another descriptor.
  PageServer(int fd, uint64_t address, uint64_t size);

  int fd() const { return fd_.get(); }
  // Offsets of pages that somebody waits for. Never waits. Throws std::system_error.
  std::vector<uint64_t> Take() const;
  // Whole pages from `offset` on; those that are there already stay. Without effect once the memory is gone.
  // Throws std::out_of_range, std::system_error.
  void Fill(uint64_t offset, const uint8_t* bytes, size_t length) const;
  void FillZeros(uint64_t offset, uint64_t length) const;

 private:
  void CheckRange(uint64_t offset, uint64_t length) const;

  Fd fd_;
  uint64_t address_;
  uint64_t size_;
};

}  // namespace hv
