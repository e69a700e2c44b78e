// shared_memory.h: memory of this process that a guest sees too, and that JavaScript may have an ArrayBuffer over.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>

#include "sys/fd.h"
#include "sys/ioctl.h"
#include "sys/mapping.h"
#include "sys/userfault.h"

namespace hv {

// Of x86_64, and of arm64 where pages have 4 KiB.
constexpr size_t kHugePageBytes = 2 << 20;

// memfd_create(2) for a file that is to be executed; before Linux 6.3 every memfd may be. Throws std::system_error.
inline Fd ExecutableFile(const char* name, unsigned flags) {
  constexpr unsigned kExecutable = 0x10;  // linux/memfd.h's MFD_EXEC, which older headers lack
  const int fd = ::memfd_create(name, flags | kExecutable);
  if (fd >= 0 || errno != EINVAL) return Fd(Check(fd, "memfd_create"));
  return Fd(Check(::memfd_create(name, flags), "memfd_create"));
}

struct SharedMemory {
  Mapping mapping;
  Fd file;  // the memfd behind it; none: anonymous memory
  // Of lazy memory: it ends before the mapping.
  std::unique_ptr<MissingPages> missing = nullptr;

  // Lazily backed by a memfd. Throws std::system_error.
  static SharedMemory OfFile(const char* name, size_t size) {
    return OfFile(Fd(Check(::memfd_create(name, MFD_CLOEXEC), "memfd_create")), size);
  }

  // The same with an empty memfd.
  static SharedMemory OfFile(Fd file, size_t size) {
    Check(::ftruncate(file.get(), static_cast<off_t>(size)), "ftruncate");
    Mapping mapping(size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file.get(), 0,
                    "mmap guest memory");
    // A hint, for hosts that give huge pages: /sys/kernel/mm/transparent_hugepage/shmem_enabled.
    ::madvise(mapping.data(), size, MADV_HUGEPAGE);
    return {std::move(mapping), std::move(file)};
  }

  // Of huge pages of that size, which the host sets aside now, or fails with ENOMEM (man 2 memfd_create). Throws std::system_error.
  static SharedMemory OfHugePages(const char* name, size_t size, size_t page_bytes) {
    constexpr unsigned kSizeShift = 26;  // linux/memfd.h's MFD_HUGE_SHIFT
    const auto exponent = static_cast<unsigned>(__builtin_ctzll(page_bytes));
    Fd file(Check(::memfd_create(name, MFD_CLOEXEC | MFD_HUGETLB | exponent << kSizeShift),
                  "memfd_create of huge pages"));
    Check(::ftruncate(file.get(), static_cast<off_t>(size)), "ftruncate");
    Mapping mapping(size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0, "mmap huge pages");
    return {std::move(mapping), std::move(file)};
  }

  // Aligned if huge pages may back it: KVM maps one as such where its addresses in the guest and here are aligned.
  static SharedMemory Anonymous(size_t size) {
    size_t alignment = size < kHugePageBytes ? 1 : kHugePageBytes;
    return {Mapping::Aligned(size, alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE,
                             "mmap guest memory"),
            Fd()};
  }

  // Gives the host back the memory of a range of the file, which reads as zero afterwards. Throws std::out_of_range.
  void Release(uint64_t offset, uint64_t length) {
    if (offset > mapping.size() || length > mapping.size() - offset)
      throw std::out_of_range("MemoryFile range");
    Check(::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(offset), static_cast<off_t>(length)),
          "fallocate");
  }
};

}  // namespace hv
